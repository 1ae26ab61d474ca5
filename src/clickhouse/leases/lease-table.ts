import { z } from 'zod';
import { define } from '../define.ts';
import { bind, empty, type Sql, sql } from '../sql.ts';
import type { Store } from '../store.ts';

/** A claim of a lease that counts: held or asked for, or expired and not yet declared so. */
interface Claim {
  readonly name: string;
  readonly token: string;
  readonly owner: string;
  /** Before it expires. A broken one counts for so long, too: its holder need not know yet. */
  readonly isLive: boolean;
  /** Somebody has found it expired: it cannot be renewed any more. */
  readonly isBroken: boolean;
}

type ClaimState = 'held' | 'broken' | 'released';

/** The rows of leases: each is a word about one claim, and none is ever changed. */
export interface LeaseTable {
  /** How long a claim holds without being renewed, by the store's clock. */
  readonly seconds: number;
  /** Claims or renews; `names` and `tokens` belong together. */
  hold(names: readonly string[], tokens: readonly string[], owner: string): Promise<void>;
  /** Says of these claims that they are over. */
  end(
    claims: readonly Pick<Claim, 'name' | 'token' | 'owner'>[],
    state: 'broken' | 'released',
  ): Promise<void>;
  /** The claims of these leases that count, earliest first. */
  claims(names: readonly string[]): Promise<Claim[]>;
  /** All of one owner's. */
  claimsOf(owner: string): Promise<Claim[]>;
  /** Owners of live leases whose names begin with `prefix`. */
  owners(prefix: string): Promise<ReadonlySet<string>>;
}

const claimRow = z
  .object({
    name: z.string(),
    token: z.string(),
    owner: z.string(),
    is_live: z.number(),
    is_broken: z.number(),
  })
  .transform(
    (row): Claim => ({
      name: row.name,
      token: row.token,
      owner: row.owner,
      isLive: row.is_live === 1,
      isBroken: row.is_broken === 1,
    }),
  );

/** Heartbeats would fill the log of queries. */
const quiet = { log_queries: 0 } as const;

/**
 * Makes the table, if it is missing: not a migration, because migrations are applied under a lease. Rows of an hour ago say
 * nothing any more: nobody renews a claim that has been expired for so long.
 */
export async function openLeaseTable(store: Store, seconds = 15): Promise<LeaseTable> {
  await define(
    store,
    `CREATE TABLE IF NOT EXISTS leases
        (name String, token UUID, owner String, state Enum8('held' = 0, 'released' = 1, 'broken' = 2),
         expires_at DateTime64(3, 'UTC'), written_at DateTime64(6, 'UTC') DEFAULT now64(6))
        ENGINE = MergeTree ORDER BY (name, token) TTL toDateTime(written_at) + INTERVAL 1 HOUR`,
  );
  return createLeaseTable(store, seconds);
}

/** The table where it is there already. */
export function createLeaseTable(store: Store, seconds: number): LeaseTable {
  // A store that has fallen silent must not keep claims from being renewed through other connections.
  const patience = (): AbortSignal => AbortSignal.timeout(Math.max(2_000, seconds * 600));
  const write = (
    names: readonly string[],
    tokens: readonly string[],
    owners: readonly string[],
    state: ClaimState,
  ) =>
    store.command(
      sql`INSERT INTO leases (name, token, owner, state, expires_at)
          SELECT claim.1, toUUID(claim.2), claim.3, ${bind('String', state)}, now64(3) + toIntervalSecond(${bind('UInt64', state === 'held' ? seconds : 0)})
          FROM (SELECT arrayJoin(arrayZip(${bind('Array(String)', names)}, ${bind('Array(String)', tokens)}, ${bind('Array(String)', owners)})) AS claim)`,
      { settings: { ...quiet, max_execution_time: 5 }, signal: patience(), changesAnswersOf: [] },
    );
  const select = (condition: Sql, having: Sql): Promise<Claim[]> =>
    store.select(
      claimRow,
      sql`SELECT name, toString(token) AS token, owner, max(expires_at) > now64(3) AS is_live, max(state = 'broken') AS is_broken
          FROM leases WHERE ${condition} GROUP BY name, token, owner
          HAVING max(state = 'released') = 0 AND (is_live OR NOT is_broken) ${having}
          ORDER BY min(written_at), token`,
      { settings: quiet, signal: patience() },
    );

  return {
    seconds,
    hold: (names, tokens, owner) =>
      write(
        names,
        tokens,
        names.map(() => owner),
        'held',
      ),
    async end(claims, state) {
      if (claims.length === 0) return;
      await write(
        claims.map(({ name }) => name),
        claims.map(({ token }) => token),
        claims.map(({ owner }) => owner),
        state,
      );
    },
    claims: (names) => select(sql`name IN (${bind('Array(String)', names)})`, empty),
    claimsOf: (owner) => select(sql`owner = ${bind('String', owner)}`, empty),
    async owners(prefix) {
      const claims = await select(sql`startsWith(name, ${bind('String', prefix)})`, sql`AND is_live`);
      return new Set(claims.map(({ owner }) => owner));
    },
  };
}
