import { UtmqlError } from '../errors.ts';

/** So much waiting for a caller is looked at together. */
const windowMs = 30_000;

/** What the slowest line still manages. Less is somebody who means to hold the connection. */
const leastBytesPerSecond = 100;

/** Notes how fast a body comes. The time that we take between two chunks does not count. */
export interface BodyPace {
  /** @throws UtmqlError TIMEOUT when it comes too slowly */
  note(waitedMs: number, bytes: number): void;
}

export function createBodyPace(): BodyPace {
  let waited = 0;
  let received = 0;
  return {
    note(waitedMs, bytes) {
      waited += waitedMs;
      received += bytes;
      if (waited < windowMs) return;
      if (received < (leastBytesPerSecond * waited) / 1_000)
        throw new UtmqlError('TIMEOUT', `The body comes more slowly than ${leastBytesPerSecond} bytes/s.`);
      waited = 0;
      received = 0;
    },
  };
}
