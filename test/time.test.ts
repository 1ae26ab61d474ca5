import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { bounded, fulfilsWithin, linkSignals, untilAborted } from '../src/time.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new Promise<never>(() => undefined);
const late = () => new Error('late');
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

it('bounded work settles as it does, and leaves no timer and no listener', async () => {
  const { signal } = new AbortController();
  const bounds = { timeout: { ms: 1_000, error: late }, signals: [signal, undefined] };
  expect(await bounded(bounds, async () => 7)).toBe(7);
  await expect(bounded(bounds, () => Promise.reject(new Error('its own')))).rejects.toThrow('its own');
  expect([vi.getTimerCount(), listeners(signal)]).toEqual([0, 0]);
});

it('bounded work that takes too long, or whose caller leaves, is not waited for and hears of it', async () => {
  const leaving = new AbortController();
  const heard: unknown[] = [];
  const work = (signal: AbortSignal): Promise<never> => {
    signal.addEventListener('abort', () => heard.push((signal.reason as Error).message));
    return never;
  };
  const slow = expect(bounded({ timeout: { ms: 1_000, error: late } }, work)).rejects.toThrow('late');
  await vi.advanceTimersByTimeAsync(1_000);
  await slow;
  const left = expect(
    bounded({ signals: [leaving.signal], left: (reason) => new Error(`left: ${reason}`) }, work),
  ).rejects.toThrow('left: gone');
  leaving.abort('gone');
  await left;
  await expect(untilAborted(never, leaving.signal)).rejects.toBe('gone');
  expect([heard, vi.getTimerCount(), listeners(leaving.signal)]).toEqual([['late', 'left: gone'], 0, 0]);
});

it('fulfilsWithin tells whether work fulfils in time, and rejects with it', async () => {
  expect(await fulfilsWithin(Promise.resolve(), 1_000)).toBe(true);
  await expect(fulfilsWithin(Promise.reject(late()), 1_000)).rejects.toThrow('late');
  const slow = fulfilsWithin(never, 1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([await slow, vi.getTimerCount()]).toEqual([false, 0]);
});

it('a linked signal aborts with the first of others until it is unlinked', () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const linked = linkSignals([one.signal, undefined, other.signal]);
  const unlinked = linkSignals([one.signal]);
  unlinked.unlink();
  one.abort('first');
  other.abort('second');
  expect([linked.signal.reason, unlinked.signal.aborted, linkSignals([other.signal]).signal.reason]).toEqual([
    'first',
    false,
    'second',
  ]);
});
