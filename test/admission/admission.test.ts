import { expect, it, vi } from 'vitest';
import { createAdmission } from '../../src/admission/admission.ts';
import type { FairQueueSettings } from '../../src/admission/fair-queue.ts';
import { createMemoryShares } from '../../src/admission/memory-shares.ts';
import { UtmqlError } from '../../src/errors.ts';
import { systemClock } from '../../src/time.ts';

const owner = { account: 'a', workspace: 'w' };
const nothing = async (): Promise<void> => undefined;

type Options = Parameters<typeof createAdmission>[0];

const open = ({
  settings = {},
  ...changes
}: Omit<Partial<Options>, 'settings'> & { settings?: Partial<FairQueueSettings> } = {}) =>
  createAdmission({
    settings: { slots: 1, cores: 8, mostWaiting: 10, mostWaitingOfAll: 100, ...settings },
    timeoutMs: () => 10_000,
    threads: 8,
    querySettings: {},
    memory: undefined,
    clock: systemClock,
    ended: nothing,
    onRateLimited: () => undefined,
    onOverloaded: () => undefined,
    ...changes,
  });

/** Work that ends when it is told to. */
function holding() {
  let finish = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { work: () => ended, finish: () => finish() };
}

it('one waits for the other and gets what is left of the time; too many are refused; a long wait ends as OVERLOADED', async () => {
  vi.useFakeTimers();
  try {
    const [onRateLimited, onOverloaded] = [vi.fn(), vi.fn()];
    const admission = open({
      settings: { mostWaiting: 1 },
      timeoutMs: () => 1_000,
      onRateLimited,
      onOverloaded,
    });
    const queries = admission.open(owner, 'r');
    const [one, other] = [holding(), holding()];
    const first = queries.run(one.work);
    const second = queries.run(async ({ settings }) => settings?.max_execution_time);
    await expect(queries.run(nothing)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 1 });
    expect(onRateLimited).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(400);
    one.finish();
    await first;
    expect(await second).toBe(0.6);
    expect(admission.isBusy).toBe(false);

    const held = queries.run(other.work);
    // The first took 400 ms, the second nothing: 350 on average, and so much of its time must be left.
    const late = expect(queries.run(nothing)).rejects.toMatchObject({
      code: 'OVERLOADED',
      retryable: true,
      retryAfterSeconds: 1,
    });
    await vi.advanceTimersByTimeAsync(649);
    expect(onOverloaded).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(onOverloaded).toHaveBeenCalledExactlyOnceWith('wait');
    await late;
    other.finish();
    await held;
  } finally {
    vi.useRealTimers();
  }
});

it.each([
  [0, 1],
  [5_000, 15],
  [20_000, 30],
])('where too many of all accounts wait, refuses one of the account with the most: each takes %i ms, so come again in %i s', async (tookMs, retryAfterSeconds) => {
  let now = 0;
  const onOverloaded = vi.fn();
  const admission = open({
    settings: { mostWaitingOfAll: 3 },
    timeoutMs: () => 60_000,
    clock: { now: () => now },
    onOverloaded,
  });
  const [a, b] = ['a', 'b'].map((account) => admission.open({ account, workspace: 'w' }, 'r'));
  const [one, other] = [holding(), holding()];
  const first = a?.run(one.work);
  await new Promise(setImmediate);
  now = tookMs;
  one.finish();
  await first;
  const held = a?.run(other.work);
  const waiting = [1, 2, 3].map(() => a?.run(nothing));
  admission.checkRoom('b');
  const overloaded = { code: 'OVERLOADED', retryable: true, retryAfterSeconds };
  expect(() => admission.checkRoom('a')).toThrow(expect.objectContaining(overloaded));
  const newcomer = b?.run(nothing);
  await expect(waiting[2]).rejects.toMatchObject(overloaded);
  expect(onOverloaded.mock.calls).toEqual([['queue'], ['queue']]);
  other.finish();
  await Promise.all([held, waiting[0], waiting[1], newcomer]);
});

it('a query that had less than half of its time because it had to wait is not too slow', async () => {
  let now = 0;
  const timeout = new UtmqlError('TIMEOUT', 'It took too long.');
  const admission = open({ clock: { now: () => now } });
  const queries = admission.open(owner, 'r');
  const codeAfter = async (waitedMs: number): Promise<unknown> => {
    const { work, finish } = holding();
    const held = queries.run(work);
    const late = queries.run(() => Promise.reject(timeout));
    now += waitedMs;
    finish();
    await held;
    return late.then(undefined, ({ code }) => code);
  };
  expect([await codeAfter(4_000), await codeAfter(6_000)]).toEqual(['TIMEOUT', 'OVERLOADED']);
});

it('counts what ClickHouse refuses, and passes on why', async () => {
  const onOverloaded = vi.fn();
  const error = new UtmqlError('OVERLOADED', 'Too much.', { retryAfterSeconds: 5 });
  const queries = open({ onOverloaded }).open(owner, 'r');
  await expect(queries.run(() => Promise.reject(error))).rejects.toBe(error);
  expect(onOverloaded).toHaveBeenCalledExactlyOnceWith('clickhouse');
});

it('the end takes waiters out of the queue, and holds the slot until the store has let go', async () => {
  let letGo = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const admission = open({ ended: () => gone });
  const queries = admission.open(owner, 'r');
  const atWork = queries.run(
    ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('left')))),
  );
  const both = Promise.allSettled([atWork, queries.run(nothing)]);
  await new Promise(setImmediate);
  const ended = queries.end();
  expect(await both).toMatchObject([{ reason: { message: 'left' } }, { reason: { code: 'CANCELLED' } }]);
  const other = vi.fn(nothing);
  const next = admission.open({ account: 'b', workspace: 'w' }, 'r').run(other);
  await new Promise(setImmediate);
  expect(other).not.toHaveBeenCalled();
  letGo();
  await Promise.all([ended, next]);
  await expect(queries.run(nothing)).rejects.toMatchObject({ code: 'CANCELLED' });
});

it('asks ClickHouse to let the queries of a busy account give way to those of others', async () => {
  let now = 1_000_000;
  const admission = open({ settings: { slots: 8 }, clock: { now: () => now } });
  const priorityAfter = (account: string, ms: number) =>
    admission.open({ account, workspace: 'w' }, 'r').run(async ({ settings }) => {
      now += ms;
      return settings?.os_thread_priority;
    });
  expect(await priorityAfter('b', 10)).toBeUndefined();
  expect(await priorityAfter('a', 5_000)).toBeUndefined();
  expect([await priorityAfter('a', 10), await priorityAfter('b', 10)]).toEqual(['18', undefined]);
  now += 30_000;
  expect(await priorityAfter('a', 10)).toBeUndefined();
});

it('heavy queries share threads and memory, and give way to light ones', async () => {
  const gigabyte = 1_024 ** 3;
  const admission = open({
    settings: { slots: 8 },
    memory: createMemoryShares(4 * gigabyte, 8, () => 8 * gigabyte),
  });
  let finishLast = (): void => undefined;
  const begin = (weight: 'light' | 'heavy') => {
    const queries = admission.open({ account: weight, workspace: 'w' }, 'r');
    const { work, finish } = holding();
    finishLast = finish;
    return new Promise<unknown>((resolve) => {
      void queries.run((call) => {
        const { max_threads, os_thread_priority } = call.settings ?? {};
        resolve([
          max_threads,
          os_thread_priority,
          Math.floor((Number(call.maxMemoryBytes) / gigabyte) * 1_000) / 1_000,
        ]);
        return work();
      }, weight);
    });
  };
  expect(await begin('heavy')).toEqual([8, '12', 1.458]);
  expect(await begin('heavy')).toEqual([4, '12', 0.569]);
  expect(await begin('light')).toEqual([undefined, undefined, 0.125]);
  expect(await begin('heavy')).toEqual([2, '12', 0.273]);
  // The last one ends, and what it had is there again.
  finishLast();
  await new Promise(setImmediate);
  expect(await begin('heavy')).toEqual([2, '12', 0.273]);
});
