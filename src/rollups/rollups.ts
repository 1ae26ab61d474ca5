import { createHash } from 'node:crypto';
import type { Lock } from '../clickhouse/leases/store-lock.ts';
import type { Store } from '../clickhouse/store.ts';
import { withLowPriority } from '../clickhouse/wrap-store.ts';
import type { Logger } from '../logger.ts';
import type { Rollups } from '../metrics/rollups/current.ts';
import { detailedRollupSet, type RollupSet } from '../metrics/rollups/sets.ts';
import type { Day } from '../records/day.ts';
import type { Clock } from '../time.ts';
import { buildFromSet, buildFromTables, buildMonth } from './build-statements.ts';
import { startRollupBuilder } from './builder.ts';
import { createRollupState } from './current.ts';

/**
 * Hash of the statements that build the sets, as a UInt64: of all that says what builds hold, from the sums and columns to the
 * table that they are written to. So builds that an earlier version has made in another way count no more.
 */
export const definitionOf = (sets: readonly RollupSet[]): string =>
  createHash('sha256')
    .update(
      JSON.stringify(
        sets
          .flatMap((set) => [
            buildFromTables(set, [], 0n),
            buildFromSet(set, detailedRollupSet, [], 0n),
            buildMonth(set, 0, [], 0n),
          ])
          .map((statement) => statement.compile()),
      ),
    )
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
