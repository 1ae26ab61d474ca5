import type { ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import { UtmqlError } from '../errors.ts';
import { bind, sql } from './sql.ts';
import type { Store } from './store.ts';

/** What all queries share. */
export interface Capacity {
  readonly cores: number;
  /** Threads of one query: as many as cores, unless the user's profile says otherwise. */
  readonly threads: number;
  /** The most memory that the server uses. Undefined: the user may not know. */
  readonly memoryBytes: number | undefined;
  /** What every query over its tables is to be asked with. */
  readonly settings: ClickHouseSettings;
}

const threadsRow = z.tuple([z.number(), z.number(), z.number()]);

/**
 * Left to itself, FINAL reads each partition that is not merged apart, with a hash table of its own for the groups: a year of
 * such days by campaign takes 2.8 GB instead of 0.5, and twice the time. Older servers have no such setting.
 */
const partitionsApart = 'enable_automatic_decision_for_merging_across_partitions_for_final';
const memoryRow = z.tuple([z.number()]);

/**
 * Asks the server at CLICKHOUSE_URL; of a cluster, which is made of equal servers.
 *
 * @throws UtmqlError STORE_UNAVAILABLE or TIMEOUT
 */
export async function readCapacity(store: Pick<Store, 'read'>): Promise<Capacity> {
  // As `auto(8)`, or a number.
  const { rows } = await store.read(
    sql`SELECT toUInt32OrZero(extract(default, '\\d+')), toUInt32OrZero(extract(value, '\\d+')), (SELECT count() FROM system.settings WHERE name = ${bind('String', partitionsApart)}) FROM system.settings WHERE name = 'max_threads'`,
  );
  const [cores, threads, hasPartitionsApart] = threadsRow.parse(rows[0]);
  return {
    cores: Math.max(cores, 1),
    threads: Math.max(threads, 1),
    memoryBytes: await readMemory(store),
    settings: hasPartitionsApart === 0 ? {} : { [partitionsApart]: 0 },
  };
}

async function readMemory(store: Pick<Store, 'read'>): Promise<number | undefined> {
  try {
    const { rows } = await store.read(
      sql`SELECT toUInt64OrZero(value) FROM system.server_settings WHERE name = 'max_server_memory_usage'`,
    );
    const [bytes] = memoryRow.parse(rows[0]);
    return bytes === 0 ? undefined : bytes;
  } catch (error) {
    if (error instanceof UtmqlError && error.retryable) throw error;
    return undefined;
  }
}
