import { expect, it, vi } from 'vitest';
import { createAdmission } from '../../src/admission/admission.ts';
import { systemClock } from '../../src/time.ts';

const owner = { account: 'a', workspace: 'w' };
const nothing = async (): Promise<void> => undefined;

it('one waits for the other and gets what is left of the time; too many are refused; a long wait ends as TIMEOUT', async () => {
  vi.useFakeTimers();
  try {
    const refused = vi.fn();
    const admission = createAdmission({
      settings: { slots: 1, mostWaiting: 1 },
      timeoutMs: () => 1_000,
      clock: systemClock,
      ended: nothing,
      onRefused: refused,
    });
    const queries = admission.open(owner, 'r');
    let finish = (): void => undefined;
    const first = queries.run(() => new Promise<void>((resolve) => (finish = resolve)));
    const second = queries.run(async ({ settings }) => settings?.max_execution_time);
    await expect(queries.run(nothing)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 1 });
    expect(refused).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(400);
    finish();
    await first;
    expect(await second).toBe(0.6);
    expect(admission.isBusy).toBe(false);

    const held = queries.run(() => new Promise<void>((resolve) => (finish = resolve)));
    const late = expect(queries.run(nothing)).rejects.toMatchObject({ code: 'TIMEOUT', retryable: true });
    await vi.advanceTimersByTimeAsync(1_000);
    await late;
    finish();
    await held;
  } finally {
    vi.useRealTimers();
  }
});

it('the end takes waiters out of the queue, and holds the slot until the store has let go', async () => {
  let letGo = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const admission = createAdmission({
    settings: { slots: 1, mostWaiting: 10 },
    timeoutMs: () => 10_000,
    clock: systemClock,
    ended: () => gone,
    onRefused: () => undefined,
  });
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
  const admission = createAdmission({
    settings: { slots: 8, mostWaiting: 10 },
    timeoutMs: () => 10_000,
    clock: { ...systemClock, now: () => now },
    ended: nothing,
    onRefused: () => undefined,
  });
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
