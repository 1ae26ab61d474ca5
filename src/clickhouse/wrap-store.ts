import type { ClickHouseSettings } from '@clickhouse/client';
import type { CallOptions, ReadAnswer, Store, WriteOptions } from './store.ts';
import { selectBy } from './store-reads.ts';

/**
 * What stands between a store and its callers. `next` makes the call, with the options that it is given. Without a function
 * calls of that sort pass as they are.
 */
export interface StoreLayer {
  /** Around `read`, `select` and `stream`. */
  read?<Answer extends ReadAnswer>(
    options: CallOptions,
    next: (options: CallOptions) => Promise<Answer>,
  ): Promise<Answer>;
  /** Around `insert` and `command`. */
  write?<Options extends WriteOptions>(
    options: Options,
    next: (options: Options) => Promise<void>,
  ): Promise<void>;
}

/** The same store behind a layer. */
export function wrapStore(store: Store, layer: StoreLayer): Store {
  const { read: aroundRead = pass, write: aroundWrite = pass } = layer;
  const read: Store['read'] = (statement, options = {}) =>
    aroundRead(options, (changed) => store.read(statement, changed));
  return {
    ...store,
    read,
    select: selectBy(read),
    stream: (statement, options, receive) =>
      aroundRead(options, (changed) => store.stream(statement, { ...options, ...changed }, receive)),
    command: (statement, options) => aroundWrite(options, (changed) => store.command(statement, changed)),
    insert: (table, columns, format, body, options) =>
      aroundWrite(options, (changed) => store.insert(table, columns, format, body, changed)),
  };
}

const pass = <Options, Result>(options: Options, next: (options: Options) => Promise<Result>) =>
  next(options);

/** A layer whose calls have other options. */
const changing = (change: <Options extends CallOptions>(options: Options) => Options): StoreLayer => ({
  read: (options, next) => next(change(options)),
  write: (options, next) => next(change(options)),
});

/** The same store, whose calls end when `signal` aborts, unless they have a signal of their own. */
export const withAbortSignal = (store: Store, signal: AbortSignal | undefined): Store =>
  signal === undefined
    ? store
    : wrapStore(
        store,
        changing((options) => ({ ...options, signal: options.signal ?? signal })),
      );

/**
 * The nice value of the threads that execute a statement: the kernel gives them what others leave. Without CAP_SYS_NICE
 * the server ignores it. (ClickHouse's own `priority` would be no substitute: it stops such statements while any other
 * query goes on, so that two busy dashboards starve them.)
 */
const lowPriority: ClickHouseSettings = { os_thread_priority: '19' };

/** The same store for work that nobody waits for on a page: its statements leave the processors to callers' queries. */
export const withLowPriority = (store: Store): Store =>
  wrapStore(
    store,
    changing((options) => ({ ...options, settings: { ...lowPriority, ...options.settings } })),
  );
