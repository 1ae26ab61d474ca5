import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Leases } from '../clickhouse/leases/leases.ts';
import { bind, Sql, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import type { Logger } from '../logger.ts';
import type { Model } from '../metrics/model.ts';
import { compileViews } from './compile-views.ts';
import { baseTables, type ViewName, viewNames } from './view-names.ts';

/** The views of the database, kept as the model has them. */
export interface SqlViews {
  /**
   * Makes the views where they are missing, or others than they should be. Never throws: utmql does without them, and the log says
   * what keeps it from making them.
   */
  follow(model: Model | undefined): Promise<void>;
  /** Resolves once nothing is being made. */
  stop(): Promise<void>;
}

const viewRow = z.object({ name: z.string(), comment: z.string(), create_table_query: z.string() });

/** A look-up of a model is part of the statement. */
const longestStatement = String(64 * 1_024 ** 2);

/** @param options.definer the user as whom the views read the tables */
export function createSqlViews(options: {
  store: Store;
  definer: string;
  leases: Leases;
  logger: Logger;
}): SqlViews {
  const { store, definer, leases, logger } = options;
  let working = Promise.resolve();

  /** Statements of the views that are missing or differ from what they should be. */
  const outdated = async (model: Model | undefined): Promise<readonly [ViewName, string][]> => {
    const stored = await store.select(
      viewRow,
      sql`SELECT name, comment, create_table_query FROM system.tables WHERE database = ${bind('String', store.database)} AND engine = 'View'`,
    );
    const views = compileViews(store.database, model);
    return viewNames.flatMap((name): [ViewName, string][] => {
      const select = views[name].withLiterals();
      const comment = `${descriptions[name]} (${digestOf(definer, select)})`;
      const known = stored.find((view) => view.name === name);
      // A database that was restored under another name and renamed has views of tables that are gone.
      const isCurrent =
        known?.comment === comment &&
        baseTables.some((table) => known.create_table_query.includes(` ${store.database}.${table} FINAL`));
      if (isCurrent) return [];
      return [
        [
          name,
          `CREATE OR REPLACE VIEW ${name} DEFINER = ${definer} SQL SECURITY DEFINER AS ${select} COMMENT '${comment}'`,
        ],
      ];
    });
  };

  const make = async (model: Model | undefined): Promise<void> => {
    try {
      if ((await outdated(model)).length === 0) return;
      // Of several processes one makes them; the others find them made.
      await leases.runExclusive('sql_views', async () => {
        for (const [name, statement] of await outdated(model)) {
          for (const text of store.layout.translate(statement))
            await store.command(new Sql([text], []), {
              everywhere: true,
              changesAnswersOf: [],
              settings: { max_query_size: longestStatement },
            });
          logger.info({ view: name }, 'a view for SQL is made');
        }
      });
    } catch (error) {
      logger.warn(
        { err: error, reason: adviceFor(store.database, definer) },
        'the views for SQL are not made',
      );
    }
  };

  return {
    follow(model) {
      working = working.then(() => make(model));
      return working;
    },
    stop: () => working,
  };
}

const descriptions: Readonly<Record<ViewName, string>> = {
  metrics_daily: 'Figures by day and dimension',
  opportunities_current: 'CRM records as they are now',
};

/** What a view is made of, in short: ClickHouse writes a statement down in its own way, so that texts cannot be compared. */
const digestOf = (definer: string, select: string): string =>
  createHash('sha256').update(definer).update('\0').update(select).digest('base64url').slice(0, 22);

const adviceFor = (database: string, definer: string): string =>
  `BI tools find no views, or old ones; all else works. The views need a user ${definer} in ClickHouse who may SELECT from ${baseTables
    .map((table) => `${database}.${table}`)
    .join(
      ' and ',
    )}, and CLICKHOUSE_USER needs: GRANT CREATE VIEW, DROP VIEW ON ${database}.*; GRANT DROP TABLE ON ${database}._tmp_replace_*; GRANT SET DEFINER ON ${definer}. ` +
  'clickhouse/users.d/utmql.xml has both; docs/sql.md says more. SQL_VIEWS=off makes none.';
