import { z } from 'zod';
import { UtmqlError } from '../errors.ts';
import { sql } from './sql.ts';
import type { Store } from './store.ts';

/** What all queries share. */
export interface Capacity {
  readonly cores: number;
  /** Threads of one query: as many as cores, unless the user's profile says otherwise. */
  readonly threads: number;
  /** The most memory that the server uses. Undefined: the user may not know. */
  readonly memoryBytes: number | undefined;
}

const threadsRow = z.tuple([z.number(), z.number()]);
const memoryRow = z.tuple([z.number()]);

/**
 * Asks the server at CLICKHOUSE_URL; of a cluster, which is made of equal servers.
 *
 * @throws UtmqlError STORE_UNAVAILABLE or TIMEOUT
 */
export async function readCapacity(store: Pick<Store, 'read'>): Promise<Capacity> {
  // As `auto(8)`, or a number.
  const { rows } = await store.read(
    sql`SELECT toUInt32OrZero(extract(default, '\\d+')), toUInt32OrZero(extract(value, '\\d+')) FROM system.settings WHERE name = 'max_threads'`,
  );
  const [cores, threads] = threadsRow.parse(rows[0]);
  return { cores: Math.max(cores, 1), threads: Math.max(threads, 1), memoryBytes: await readMemory(store) };
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
