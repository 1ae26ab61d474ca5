import { z } from 'zod';
import { bind, identifier, type Sql, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import { type TableName, tablesThat } from '../clickhouse/tables.ts';
import { type Day, formatDay } from '../records/day.ts';

const retainedTables = tablesThat(({ isEmptied }) => isEmptied === true);

/** The rows of a table that are older than a day. */
export interface RetainedTable {
  readonly table: TableName;
  /** Stored rows, including older versions and deletions that are not merged yet. */
  readonly rows: number;
  readonly days: number;
}

/** Deletes rows of one workspace that are older than a day. */
export interface Retention {
  /** Returns what is older; without `dryRun`, deletes it. It can be repeated without harm. */
  apply(options: {
    workspace: string;
    before: Day;
    dryRun: boolean;
    requestId: string;
  }): Promise<readonly RetainedTable[]>;
}

const countRow = z.object({ rows: z.number(), days: z.number() });

export function createRetention(store: Store): Retention {
  return {
    async apply({ workspace, before, dryRun, requestId }) {
      const found: RetainedTable[] = [];
      for (const table of retainedTables) {
        const [count = { rows: 0, days: 0 }] = await store.select(
          countRow,
          sql`SELECT count() AS rows, uniqExact(date) AS days FROM ${identifier(table)} WHERE ${olderThan(workspace, before)}`,
          { requestId },
        );
        found.push({ table, ...count });
        if (dryRun || count.rows === 0) continue;
        // Not DROP PARTITION: all workspaces share a day, and another one's record may be written at this moment.
        await store.command(
          sql`ALTER TABLE ${store.layout.held(table)} DELETE WHERE ${olderThan(workspace, before)}`,
          {
            requestId,
            everywhere: true,
            settings: { mutations_sync: '2' },
            changesAnswersOf: [workspace],
          },
        );
      }
      return found;
    },
  };
}

const olderThan = (workspace: string, before: Day): Sql =>
  sql`workspace = ${bind('String', workspace)} AND date < ${bind('Date', formatDay(before))}`;
