import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSlots } from '../../src/limits/slots.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('others wait for their turn, 5 s at most; other accounts do not', async () => {
  const slots = createSlots({ most: 1, mostWaiting: 2 });
  const end = await slots.take('a');
  expect(end).toBeTypeOf('function');
  const second = slots.take('a');
  const third = slots.take('a');
  expect(await slots.take('a')).toBeUndefined();
  expect(await slots.take('b')).toBeTypeOf('function');
  end?.();
  expect(await second).toBeTypeOf('function');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await third).toBeUndefined();
  (await second)?.();
  expect(await slots.take('a')).toBeTypeOf('function');
});
