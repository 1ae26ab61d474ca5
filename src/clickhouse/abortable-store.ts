import type { CallOptions, Store } from './store.ts';

/** The same store, whose calls end when `signal` aborts, unless they have a signal of their own. */
export function createAbortableStore(store: Store, signal: AbortSignal | undefined): Store {
  if (signal === undefined) return store;
  const abortable = <T extends CallOptions>(call: T | undefined) => ({ signal, ...call });
  return {
    ...store,
    read: (statement, call) => store.read(statement, abortable(call)),
    select: (row, statement, call) => store.select(row, statement, abortable(call)),
    command: (statement, call) => store.command(statement, abortable(call)),
    insert: (table, columns, format, body, call) =>
      store.insert(table, columns, format, body, abortable(call)),
  };
}
