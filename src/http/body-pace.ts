import { UtmqlError } from '../errors.ts';

/** So much waiting for a caller is looked at together. */
const windowMs = 30_000;

/** What the slowest line still manages. Less is somebody who means to hold the connection. */
const leastBytesPerSecond = 100;

/** While a body holds what others wait for, its sender may not take as long. */
const hurriedBytesPerSecond = 10_000;

/** Notes how fast a body comes. The time that we take between two chunks does not count. */
export interface BodyPace {
  /** @throws UtmqlError TIMEOUT when it comes too slowly */
  note(waitedMs: number, bytes: number): void;
  /** From now on others wait for this body. */
  hurry(): void;
}

export function createBodyPace(): BodyPace {
  let least = leastBytesPerSecond;
  let waited = 0;
  let received = 0;
  return {
    hurry() {
      least = hurriedBytesPerSecond;
      waited = 0;
      received = 0;
    },
    note(waitedMs, bytes) {
      waited += waitedMs;
      received += bytes;
      if (waited < windowMs) return;
      if (received < (least * waited) / 1_000)
        throw new UtmqlError('TIMEOUT', `The body comes more slowly than ${least} bytes/s.`);
      waited = 0;
      received = 0;
    },
  };
}
