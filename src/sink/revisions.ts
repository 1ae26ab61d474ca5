import { z } from 'zod';
import { jsonRow } from '../clickhouse/json-row.ts';
import { bind, sql } from '../clickhouse/sql.ts';
import { insertColumns, type Store } from '../clickhouse/store.ts';
import type { Clock } from '../time.ts';

const newestRow = z.object({ revision: z.number(), digest: z.string() });

/** The revisions of exported questions. Of one workspace, one run at a time asks. */
export interface Revisions {
  /** Returns the newest revision of a question if it has these pages, else a new one, which is stored. */
  revisionOf(export_: {
    readonly workspace: string;
    readonly exportId: string;
    readonly digest: string;
    readonly runId: string;
    readonly requestId: string;
  }): Promise<number>;
}

export function createRevisions(options: {
  store: Pick<Store, 'select' | 'insert'>;
  clock: Clock;
}): Revisions {
  const { store, clock } = options;
  return {
    async revisionOf({ workspace, exportId, digest, runId, requestId }) {
      const [newest] = await store.select(
        newestRow,
        sql`SELECT revision, digest FROM sink_exports FINAL
            WHERE workspace = ${bind('String', workspace)} AND export_id = ${bind('String', exportId)}`,
        { requestId },
      );
      if (newest?.digest === digest) return newest.revision;
      // Time, so that it grows even where the row before is lost.
      const revision = Math.max(clock.now(), (newest?.revision ?? 0) + 1);
      const row = {
        workspace,
        export_id: exportId,
        revision,
        digest,
        run_id: runId,
        created_at: new Date(clock.now()).toISOString(),
      };
      await store.insert('sink_exports', insertColumns(row), 'JSONEachRow', [jsonRow(row)], {
        requestId,
        deduplicate: false,
        changesAnswersOf: [],
      });
      return revision;
    },
  };
}
