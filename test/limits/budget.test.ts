import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createBudget } from '../../src/limits/budget.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('grants exactly the limit in a minute, and all of it again in the next', async () => {
  const budget = createBudget(3);
  const granted = async (): Promise<boolean> => (await budget.take('a')).isGranted;
  expect([await granted(), await granted(), await granted(), await granted()]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(await budget.take('b')).toEqual({ isGranted: true, remaining: 2, resetSeconds: 60 });
  vi.advanceTimersByTime(59_999);
  expect(await budget.take('a')).toEqual({ isGranted: false, remaining: 0, resetSeconds: 1 });
  vi.advanceTimersByTime(1);
  expect(await budget.take('a')).toEqual({ isGranted: true, remaining: 2, resetSeconds: 60 });
});

it('looking takes nothing; what is overdrawn ends with the minute', async () => {
  const budget = createBudget(10);
  expect(await budget.look('a')).toEqual({ isGranted: true, remaining: 10, resetSeconds: 0 });
  await budget.take('a', 9);
  expect(await budget.look('a')).toMatchObject({ isGranted: true, remaining: 1 });
  await budget.take('a', 500);
  expect(await budget.look('a')).toMatchObject({ isGranted: false, remaining: 0 });
  vi.advanceTimersByTime(60_000);
  expect(await budget.look('a')).toEqual({ isGranted: true, remaining: 10, resetSeconds: 0 });
});

it('a new limit counts at once', async () => {
  const budget = createBudget(1);
  await budget.take('a');
  budget.change(3);
  expect(await budget.take('a')).toMatchObject({ isGranted: true, remaining: 1 });
});
