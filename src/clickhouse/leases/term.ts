/** So much before a claim expires its holder stops believing in it. */
export const marginMs = 1_000;

const nsPerMs = 1_000_000n;

/** Nanoseconds of the monotonic clock, which all threads of a process share: `performance.now()` begins anew in each. */
export const monotonicNow = (): bigint => process.hrtime.bigint();

/** Until when a claim that was sent at `sentAt` and holds for so long is believed in. */
export const termOf = (sentAt: bigint, seconds: number): bigint =>
  sentAt + BigInt(Math.round(seconds * 1_000 - marginMs)) * nsPerMs;

/**
 * An instant of the monotonic clock that one thread moves ahead and another looks at, whatever either of them is busy with.
 * Once anybody has found it to be over it stays so.
 */
export interface Term {
  /** What the other thread makes the same term of. */
  readonly buffer: SharedArrayBuffer;
  isOver(): boolean;
  /** Moves it to `until`; false, and over it stays, when it is. */
  extend(until: bigint): boolean;
  end(): void;
  /** Begins another, over or not. */
  restart(until: bigint): void;
}

const over = 0n;

export function createTerm(
  options: { readonly until: bigint } | { readonly buffer: SharedArrayBuffer },
): Term {
  const buffer = 'buffer' in options ? options.buffer : new SharedArrayBuffer(8);
  const cell = new BigInt64Array(buffer);
  if ('until' in options) Atomics.store(cell, 0, options.until);
  const isOver = (): boolean => {
    for (;;) {
      const until = Atomics.load(cell, 0);
      if (monotonicNow() < until) return false;
      // Another thread may have moved it meanwhile.
      if (Atomics.compareExchange(cell, 0, until, over) === until) return true;
    }
  };
  return {
    buffer,
    isOver,
    extend(until) {
      for (;;) {
        if (isOver()) return false;
        const was = Atomics.load(cell, 0);
        if (was !== over && Atomics.compareExchange(cell, 0, was, until) === was) return true;
      }
    },
    end: () => void Atomics.store(cell, 0, over),
    restart: (until) => void Atomics.store(cell, 0, until),
  };
}
