import { z } from 'zod';
import { bind, Sql, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import type { Config } from '../config/config.ts';
import { queryLimits, withStore } from '../open-store.ts';
import { baseTables, viewNames } from '../sql-views/view-names.ts';
import { checkSight } from './check-sight.ts';
import { onClusterOf, placeOf } from './place.ts';
import { explainRefusal } from './refusal.ts';
import type { SqlUser } from './sql-user.ts';
import { nobodyOfThisName, type SqlUsers, takenName } from './sql-users.ts';
import { creationOf, removalOf } from './statements.ts';

const policyRow = z.object({ condition: z.string() });
const nameRow = z.object({ name: z.string() });

/**
 * Users of the ClickHouse at CLICKHOUSE_URL, made by SQL; of a cluster without Keeper, on each of its servers. Who they are is told by
 * the row policies on the first of the tables, which are made first and dropped last.
 */
export function createServerUsers(config: Config, url: string): SqlUsers {
  const place = placeOf(config);
  const { database } = place;
  const onCluster = onClusterOf(config);
  const { CLICKHOUSE_ADMIN_USER: named } = config;
  const admin =
    named === undefined
      ? { username: config.CLICKHOUSE_USER, password: config.CLICKHOUSE_PASSWORD }
      : { username: named, password: config.CLICKHOUSE_ADMIN_PASSWORD };
  const urls = config.CLICKHOUSE_SHARD_URLS ?? [url];

  /** One server after the other: what fails on the first is not begun on the next. */
  const onEvery = async <T>(work: (store: Store) => Promise<T>): Promise<T[]> => {
    const results: T[] = [];
    for (const each of urls) {
      const options = { ...admin, database: 'default', maxConcurrency: 1, limits: queryLimits({ config }) };
      const result = withStore({ url: each, ...options }, work);
      results.push(
        await result.catch((error: unknown) => {
          throw explainRefusal(error, admin.username, place);
        }),
      );
    }
    return results;
  };
  const execute = (statements: readonly string[]): Promise<unknown> =>
    onEvery(async (store) => {
      for (const statement of statements)
        await store.command(new Sql([statement], []), { changesAnswersOf: [], settings: { log_queries: 0 } });
    });
  const list: SqlUsers['list'] = async () => {
    const rows = await onEvery((store) =>
      store.select(
        policyRow,
        sql`SELECT ifNull(select_filter, '') AS condition FROM system.row_policies
            WHERE database = ${bind('String', database)} AND table = ${bind('String', baseTables[0])} ORDER BY short_name`,
      ),
    );
    const users = rows.flat().flatMap(({ condition }) => {
      const [, name, workspace] = /currentUser\(\) = '(\w+)'.*workspace = '([^']+)'/.exec(condition) ?? [];
      return name === undefined || workspace === undefined ? [] : [[name, { name, workspace }] as const];
    });
    return [...new Map(users).values()];
  };

  return {
    list,
    async create(user: SqlUser, password: string) {
      const found = await onEvery((store) =>
        store.select(nameRow, sql`SELECT name FROM system.users WHERE name = ${bind('String', user.name)}`),
      );
      if (found.flat().length > 0 || (await list()).some(({ name }) => name === user.name))
        throw takenName(user.name);
      try {
        await execute(creationOf(user, place, onCluster));
        for (const each of urls) await checkSight(each, user, password, place);
      } catch (error) {
        await execute(removalOf(user.name, place, onCluster)).catch(() => undefined);
        throw error;
      }
      const views = viewNames.map((view) => `${database}.${view}`).join(' and ');
      return `The user ${user.name} reads ${views} of the workspace ${user.workspace}, and nothing else.`;
    },
    async remove(name) {
      const known = await list();
      if (known.every((user) => user.name !== name)) throw nobodyOfThisName(name, known);
      await execute(removalOf(name, place, onCluster));
      return `The user ${name} is removed.`;
    },
  };
}
