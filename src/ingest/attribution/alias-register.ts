import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Aliases, attributionAliases } from '../../aliases/aliases.ts';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import { bind, type Sql, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { attributedBy } from '../kinds/opportunity-table.ts';

/** Aliases that stored matches of a workspace may have been made by. */
export interface NotedAliases {
  readonly digest: string;
  readonly aliases: Aliases;
  /** Higher for those that were noted later. */
  readonly number: number;
}

/**
 * Which aliases the stored attribution was made by, for all processes on one store. The invariant: what any stored match was made by
 * is noted. So whoever attributes notes its aliases first, unless they are the last that were noted; and whoever has attributed anew
 * all that differs forgets only what was noted before it began, in the state in which it was noted then.
 */
export interface AliasRegister {
  /** Call it before attributing, under the lock of the rows that are written. */
  note(workspace: string, aliases: Aliases): Promise<void>;
  /** In the order in which they were noted. */
  noted(workspace: string): Promise<readonly NotedAliases[]>;
  notedByWorkspace(): Promise<ReadonlyMap<string, readonly NotedAliases[]>>;
  /** No stored match is made by these any more, but for what has been noted again since. */
  forget(workspace: string, noted: readonly NotedAliases[]): Promise<void>;
}

/** Equal for aliases by which attribution does the same. */
export const aliasDigest = (aliases: Aliases): string =>
  createHash('sha256').update(textOf(aliases)).digest('base64url');

const textOf = (aliases: Aliases): string =>
  JSON.stringify(
    Object.fromEntries(attributedBy.map((column) => [column, [...(aliases[column] ?? [])].sort()])),
  );

const storedAliases = z
  .record(z.enum(attributedBy), z.array(z.tuple([z.string(), z.string()])))
  .transform(
    (columns): Aliases =>
      Object.fromEntries(Object.entries(columns).map(([column, pairs]) => [column, new Map(pairs)])),
  );
const digestRow = z.object({ digest: z.string() });
const notedRow = z
  .object({ workspace: z.string(), digest: z.string(), aliases: z.string(), number: z.number() })
  .transform((row) => ({ ...row, aliases: storedAliases.parse(JSON.parse(row.aliases)) }));

/** @param options.lock of all who note aliases; it is taken inside the locks of those who attribute */
export function createAliasRegister({ store, lock }: { store: Store; lock: Lock }): AliasRegister {
  const usual = attributionAliases();
  const usualDigest = aliasDigest(usual);

  const lastOf = async (workspace: string): Promise<string | undefined> => {
    const [last] = await store.select(
      digestRow,
      sql`SELECT digest FROM attribution_aliases FINAL WHERE workspace = ${bind('String', workspace)} ORDER BY number DESC LIMIT 1`,
    );
    return last?.digest;
  };
  const select = (condition: Sql) =>
    store.select(
      notedRow,
      sql`SELECT workspace, digest, aliases, number FROM attribution_aliases FINAL WHERE ${condition} ORDER BY workspace, number`,
    );
  const add = (workspace: string, aliases: Aliases): Promise<void> =>
    store.command(
      sql`INSERT INTO attribution_aliases (workspace, digest, aliases, number, is_deleted)
          SELECT ${bind('String', workspace)}, ${bind('String', aliasDigest(aliases))}, ${bind('String', textOf(aliases))}, max(number) + 1, 0
          FROM attribution_aliases WHERE workspace = ${bind('String', workspace)}`,
      { changesAnswersOf: [] },
    );

  return {
    async note(workspace, aliases) {
      const digest = aliasDigest(aliases);
      const isLast = async (): Promise<boolean> => ((await lastOf(workspace)) ?? usualDigest) === digest;
      if (await isLast()) return;
      await lock.runExclusive(async () => {
        if (await isLast()) return;
        if ((await lastOf(workspace)) === undefined) await add(workspace, usual);
        await add(workspace, aliases);
      });
    },
    noted: (workspace) => select(sql`workspace = ${bind('String', workspace)}`),
    async notedByWorkspace() {
      const all = new Map<string, NotedAliases[]>();
      for (const { workspace, ...noted } of await select(sql`1`))
        all.set(workspace, [...(all.get(workspace) ?? []), noted]);
      return all;
    },
    async forget(workspace, noted) {
      for (const { digest, number } of noted) {
        await store.command(
          sql`INSERT INTO attribution_aliases (workspace, digest, aliases, number, is_deleted)
              VALUES (${bind('String', workspace)}, ${bind('String', digest)}, '{}', ${bind('UInt64', number)}, 1)`,
          { changesAnswersOf: [] },
        );
      }
    },
  };
}

/** Whether all stored matches were made by these aliases. */
export const madeByAlone = (noted: readonly NotedAliases[], aliases: Aliases): boolean => {
  const digest = aliasDigest(aliases);
  return noted.length === 0
    ? digest === aliasDigest(attributionAliases())
    : noted.every((other) => other.digest === digest);
};
