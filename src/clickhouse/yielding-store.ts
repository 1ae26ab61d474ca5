import type { ClickHouseSettings } from '@clickhouse/client';
import type { Store } from './store.ts';

/**
 * The nice value of the threads that execute a statement: the kernel gives them what others leave. Without CAP_SYS_NICE
 * the server ignores it. (ClickHouse's own `priority` would be no substitute: it stops such statements while any other
 * query goes on, so that two busy dashboards starve them.)
 */
const yielding: ClickHouseSettings = { os_thread_priority: '19' };

/** The same store for work that nobody waits for on a page: its statements leave the processors to callers' queries. */
export function createYieldingStore(store: Store): Store {
  const calm = <T extends { readonly settings?: ClickHouseSettings }>(call: T | undefined) => ({
    ...call,
    settings: { ...yielding, ...call?.settings },
  });
  return {
    ...store,
    read: (statement, call) => store.read(statement, calm(call)),
    select: (row, statement, call) => store.select(row, statement, calm(call)),
    command: (statement, call) => store.command(statement, calm(call)),
    insert: (table, columns, format, body, call) => store.insert(table, columns, format, body, calm(call)),
  };
}
