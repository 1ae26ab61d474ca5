import { z } from 'zod';
import { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { bind, Sql, sql } from './sql.ts';
import type { Store } from './store.ts';

/** Where days go that are seldom asked for. The names are the server's own, plain ones. */
export interface ColdTier {
  readonly policy: string;
  readonly volume: string;
  readonly afterDays: number;
}

const tableRow = z.object({ create_table_query: z.string() });
const volumeRow = z.object({ policy: z.string(), volume: z.string() });

/**
 * Sets how long each table keeps its days, and from which age on the cold volume has them. Changed by a restart with other
 * settings; costs nothing when it already holds. ClickHouse drops and moves whole days in the background.
 *
 * @throws UtmqlError CONFIGURATION when the server has no such policy or volume
 */
export async function applyRetention(options: {
  store: Store;
  days: Readonly<Record<string, number>>;
  cold?: ColdTier | undefined;
  logger: Logger;
}): Promise<void> {
  const { store, cold, logger } = options;
  const { layout } = store;
  if (cold !== undefined) await checkTier(store, cold);
  for (const [table, days] of Object.entries(options.days)) {
    const [row] = await store.select(
      tableRow,
      sql`SELECT create_table_query FROM system.tables WHERE database = ${bind('String', store.database)} AND name = ${bind('String', layout.heldName(table))}`,
    );
    if (row === undefined) continue;
    const alter = (change: string): Promise<void> =>
      store.command(sql`ALTER TABLE ${layout.held(table)} MODIFY ${new Sql([change], [])}`, {
        everywhere: true,
        // What is older than its retention goes at the start, before anything is answered, or by merges at any time.
        changesAnswersOf: [],
        settings: { materialize_ttl_after_modify: 0 },
      });
    const policy = cold && `storage_policy = '${cold.policy}'`;
    if (policy !== undefined && !row.create_table_query.includes(policy)) await alter(`SETTING ${policy}`);
    const ttl = ttlOf(days, cold);
    if (ttlIn(row.create_table_query) === ttl) continue;
    await alter(`TTL ${ttl}`);
    logger.info({ table, days }, 'retention set');
  }
}

/** As ClickHouse writes it. */
function ttlOf(days: number, cold: ColdTier | undefined): string {
  const end = `date + toIntervalDay(${Math.trunc(days)})`;
  if (cold === undefined || cold.afterDays >= days) return end;
  return `date + toIntervalDay(${cold.afterDays}) TO VOLUME '${cold.volume}', ${end}`;
}

const ttlIn = (createTable: string): string | undefined => / TTL (.*?) SETTINGS /s.exec(createTable)?.[1];

async function checkTier(store: Store, { policy, volume }: ColdTier): Promise<void> {
  const known = await store.select(
    volumeRow,
    sql`SELECT policy_name AS policy, volume_name AS volume FROM system.storage_policies`,
  );
  if (known.some((row) => row.policy === policy && row.volume === volume)) return;
  const all = [...new Set(known.map((row) => `${row.policy}: ${row.volume}`))].join('; ');
  throw new UtmqlError(
    'CONFIGURATION',
    `ClickHouse has no volume ${volume} in a storage policy ${policy} (STORAGE_POLICY, COLD_VOLUME). It knows, as policy and volume: ${all}.`,
  );
}
