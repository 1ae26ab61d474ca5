import { createHash } from 'node:crypto';
import type { Lock } from '../clickhouse/leases/store-lock.ts';
import type { Store } from '../clickhouse/store.ts';
import { withLowPriority } from '../clickhouse/wrap-store.ts';
import type { Logger } from '../logger.ts';
import { columnOfSide, labelNames, type Side, sumNames, sums } from '../metrics/registry.ts';
import type { Rollups } from '../metrics/rollups/current.ts';
import type { RollupSet } from '../metrics/rollups/sets.ts';
import type { Day } from '../records/day.ts';
import type { Clock } from '../time.ts';
import { startRollupBuilder } from './builder.ts';
import { createRollupState } from './current.ts';

/** Raised when rollups move to another table or are built in another way: older builds then no longer count. */
const formatVersion = 2;

/** Hash of all that says what builds hold, as a UInt64: the sets, their dimensions and the sums. */
const definitionOf = (sets: readonly RollupSet[]): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        formatVersion,
        sets,
        sides.map((side) => labelNames.map((name) => columnOfSide(side)(name).compile().sql)),
        sumNames.map((name) => [name, sums[name].from, sums[name].aggregate.compile().sql]),
      ]),
    )
    .digest()
    .readBigUInt64BE()
    .toString();

const sides: readonly Side[] = ['ads', 'crm'];

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
