import { z } from 'zod';
import type { Sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { Day } from '../../records/day.ts';
import { groupDays } from '../storage/day-groups.ts';
import { readSettings, writeSettings } from '../storage/staged-rows.ts';
import type { Move } from './moves.ts';
import {
  moveOpportunitiesStatement,
  moveRowsStatement,
  type Owned,
  type OwnedTable,
  ownedDaysStatement,
  removeRivalsStatement,
  removeStatement,
  rivalDaysStatement,
} from './statements.ts';

const dayRow = z.object({ day: z.number(), rows: z.number() });
type OwnedDay = z.infer<typeof dayRow>;

/** Rewrites stored rows under other owners. Each call can be broken off anywhere; the same again completes it. */
export interface RowMover {
  daysOf(table: OwnedTable, owned: Owned): Promise<readonly OwnedDay[]>;
  /** Returns the days whose rows may have changed. Of opportunities, under their lock. */
  move(table: OwnedTable, move: Move): Promise<readonly Day[]>;
  remove(table: OwnedTable, owned: Owned, days: readonly OwnedDay[]): Promise<void>;
}

/** @param options.workspace whose rows are rewritten */
export function createRowMover(options: {
  store: Store;
  workspace: string;
  requestId: string;
  signal: AbortSignal;
}): RowMover {
  const { store, workspace, requestId, signal } = options;
  const select = (statement: Sql): Promise<OwnedDay[]> =>
    store.select(dayRow, statement, { requestId, signal, settings: readSettings });
  const write = async (
    found: readonly OwnedDay[],
    statementOf: (days: readonly Day[]) => Sql,
  ): Promise<void> => {
    const rows = new Map(found.map((row) => [row.day, row.rows]));
    for (const days of groupDays(rows.keys(), (day) => rows.get(day) ?? 0)) {
      signal.throwIfAborted();
      await store.command(statementOf(days), {
        requestId,
        // What goes from A to B, back and forth again gives the first block again; it must not be taken for a repeat.
        settings: { ...writeSettings, insert_deduplicate: 0 },
        repeatable: true,
        changesAnswersOf: [workspace],
      });
    }
  };
  const daysOf: RowMover['daysOf'] = (table, owned) => select(ownedDaysStatement(table, owned));

  return {
    daysOf,
    async move(table, move) {
      const found = await daysOf(table, move);
      if (table !== 'opportunities') {
        await write(found, (days) => moveRowsStatement(table, move, days));
        return found.map(({ day }) => day);
      }
      const rivals = move.from.namespace === move.to.namespace ? [] : await select(rivalDaysStatement(move));
      await write(rivals, (days) => removeRivalsStatement(move, days));
      await write(found, (days) => moveOpportunitiesStatement(move, days));
      return [...new Set([...rivals, ...found].map(({ day }) => day))];
    },
    remove: (table, owned, days) => write(days, (part) => removeStatement(table, owned, part)),
  };
}
