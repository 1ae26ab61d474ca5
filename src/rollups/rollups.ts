import { createHash } from 'node:crypto';
import type { Lock } from '../clickhouse/leases/store-lock.ts';
import type { Store } from '../clickhouse/store.ts';
import { withLowPriority } from '../clickhouse/wrap-store.ts';
import type { Logger } from '../logger.ts';
import type { Rollups } from '../metrics/rollups/current.ts';
import type { RollupSet } from '../metrics/rollups/sets.ts';
import type { Day } from '../records/day.ts';
import type { Clock } from '../time.ts';
import { startRollupBuilder } from './builder.ts';
import { createRollupState } from './current.ts';

/** Raised when what builds write changes its meaning: older builds then no longer count. */
const formatVersion = 2;

/** Hash of the sets, as a UInt64. */
const definitionOf = (sets: readonly RollupSet[]): string =>
  createHash('sha256')
    .update(JSON.stringify([formatVersion, sets]))
    .digest()
    .readBigUInt64BE()
    .toString();

/** Opens rollups and keeps them up to date. */
export function startRollups(options: {
  store: Store;
  sets: readonly RollupSet[];
  leastRows: number;
  lock: Lock;
  today: () => Day;
  clock: Clock;
  logger: Logger;
}): Rollups & { stop(): Promise<void> } {
  const { store, sets, leastRows } = options;
  const definition = definitionOf(sets);
  const state = createRollupState({ store, sets, definition });
  const builder = startRollupBuilder({ ...options, store: withLowPriority(store), state, sets, definition });
  return { ...state, sets, leastRows, stop: builder.stop };
}
