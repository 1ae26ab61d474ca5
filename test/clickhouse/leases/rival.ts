import { createStore } from '../../../src/clickhouse/create-store.ts';
import { openLeaseTable } from '../../../src/clickhouse/leases/lease-table.ts';
import { openLeases } from '../../../src/clickhouse/leases/leases.ts';
import type { StoreLogin } from '../../../src/clickhouse/leases/threaded-renewal.ts';
import { createLogger } from '../../../src/logger.ts';

/** What the process is asked to take. */
export interface Wanted {
  readonly login: StoreLogin;
  readonly seconds: number;
  readonly lease: string;
}

// Another process that wants a lease: says 'waiting' when it begins to, and 'acquired' once it has it.
const take = async ({ login, seconds, lease }: Wanted): Promise<void> => {
  const limits = { timeoutMs: 5_000, maxMemoryBytes: 1e9, maxRowsToRead: 1e9 };
  const store = createStore({ ...login, maxConcurrency: 1, limits });
  const table = await openLeaseTable(store, seconds);
  const leases = await openLeases({ table, owner: 'rival', logger: createLogger({ level: 'silent' }) });
  process.send?.('waiting');
  await leases.acquire(lease);
  process.send?.('acquired');
  await leases.stop();
  await store.close();
  process.disconnect();
};
process.once('message', (wanted: Wanted) => void take(wanted));
