import type { ClickHouseSettings } from '@clickhouse/client';
import type { z } from 'zod';
import type { Layout } from './layout.ts';
import type { Parameter, Sql } from './sql.ts';

/** What one ClickHouse query may use at most. ClickHouse enforces it; see `classifyStoreError` for what callers hear. */
export interface StoreLimits {
  readonly timeoutMs: number;
  readonly maxMemoryBytes: number;
  readonly maxRowsToRead: number;
}

/** Whether a query is expected to be over in a moment, or to keep the processors busy. */
export type QueryWeight = 'light' | 'heavy';

export interface CallOptions {
  /** Goes to ClickHouse as `log_comment`, so `system.query_log` can be searched by the caller's `X-Request-Id`. */
  readonly requestId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly settings?: ClickHouseSettings;
  /** Begins the query's id, by which it can be found in `system.processes` while it goes on. Of reads and commands. */
  readonly queryIdPrefix?: string;
  /** Of reads: light ones do not wait for heavy ones (see `FairQueue`). Default: light. */
  readonly weight?: QueryWeight;
  /** Of reads: most memory, if that is less than `StoreLimits` allow. */
  readonly maxMemoryBytes?: number | undefined;
}

export interface WriteOptions extends CallOptions {
  /**
   * The workspaces whose answers differ after this write: none that the response cache has kept of them is given again. Empty
   * for what no kept answer is made of, such as leases, staged rows and the audit log.
   */
  readonly changesAnswersOf: readonly string[];
  /**
   * Is told how many rows were written where ClickHouse says so: of an `INSERT … SELECT`. On a cluster they may be fewer: those that
   * the shards write by themselves do not count.
   */
  readonly onWritten?: (rows: number) => void;
}

export interface CommandOptions extends WriteOptions {
  /**
   * The statement may be executed twice: it is, when the connection breaks. An execution that still goes on by then is
   * ended first, so that it cannot write after the second.
   */
  readonly repeatable?: boolean;
  /** The statement is about what each server holds (see `Layout`), and is executed on all of them. */
  readonly everywhere?: boolean;
}

interface InsertOptions extends WriteOptions {
  /** Columns that have one value in all rows of the body, which leaves them out. With RowBinary only. */
  readonly constants?: Readonly<Record<string, Parameter>>;
  /**
   * By default an insert of the same bytes into the same table, by this process, changes nothing while ClickHouse
   * remembers the first. Two inserts with different salts are never taken for each other: use what tells a figure that
   * goes from A to B and back to A from the first A.
   */
  readonly deduplicationSalt?: string;
  /** Rows of a RowBinary body; of JSONEachRow, each part of the body is one. */
  readonly rows?: number;
  /** False for tables that keep no tokens: saves hashing the body. */
  readonly deduplicate?: boolean;
}

/** How rows are written in a file, as ClickHouse calls it. */
export type StreamFormat = 'CSVWithNames' | 'JSONEachRow' | 'Parquet' | 'ArrowStream';

interface StreamOptions extends CallOptions {
  readonly format: StreamFormat;
  /** Longest from the first byte to the last, however slowly they are received. */
  readonly longestMs: number;
}

/** What is known of any read when it has ended. */
export interface ReadAnswer {
  /** Of the columns that were read, uncompressed. */
  readonly bytesRead: number;
}

/** A result as columns by name and rows by position, as ClickHouse's JSONCompact gives it. */
export interface StoreAnswer extends ReadAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly totals: readonly unknown[] | undefined;
  /** Rows before LIMIT; exact only with `exact_rows_before_limit`. */
  readonly rowsBeforeLimit: number;
  readonly rowsRead: number;
  readonly elapsedMs: number;
}

/** Names of columns, in the order of the body, with their types there. */
export type Columns = Readonly<
  Record<
    string,
    | 'String'
    | 'Date'
    | 'UInt8'
    | 'UInt64'
    | 'DateTime64(3)'
    | 'Decimal(18,6)'
    | 'Decimal(38,18)'
    | 'Map(String, String)'
    | 'Map(String, Decimal(18,6))'
  >
>;

/** The columns of a JSONEachRow body: their types there are JSON's. */
export const insertColumns = (row: Readonly<Record<string, unknown>>): Columns =>
  Object.fromEntries(Object.keys(row).map((name) => [name, 'String' as const]));

/** What a request is sent with beside its statement. */
export interface PreparedCall {
  readonly clickhouse_settings: ClickHouseSettings;
  readonly http_headers: Record<string, string>;
}

/** Every read and write of the program goes through here. All errors are `UtmqlError`s. */
export interface Store {
  readonly database: string;
  readonly layout: Layout;
  /** A bounded, read-only query; cancelled on the server when `signal` aborts. */
  read(statement: Sql, options?: CallOptions): Promise<StoreAnswer>;
  /** Like `read`, each row parsed into an object by `row`. */
  select<T>(row: z.ZodType<T>, statement: Sql, options?: CallOptions): Promise<T[]>;
  /**
   * A read whose answer is any number of rows, in a format of ClickHouse's own, passed on as it is made: ClickHouse waits while
   * `receive` does not take more. The limit of time of a read is that until the first byte.
   *
   * @param receive is called once with the bytes, which end with an error where the answer does not end well; what it throws is
   *   thrown
   */
  stream(
    statement: Sql,
    options: StreamOptions,
    receive: (bytes: AsyncIterable<Buffer>) => Promise<void>,
  ): Promise<ReadAnswer>;
  /** DDL and server-side inserts, which are not deduplicated; waits until done. */
  command(statement: Sql, options: CommandOptions): Promise<void>;
  /**
   * Sends bytes in `format` into `table`; resolves when ClickHouse has stored them. Retried when the connection breaks,
   * with the same token: what ClickHouse had stored by then is not stored again.
   */
  insert(
    table: string,
    columns: Columns,
    format: 'RowBinary' | 'JSONEachRow',
    body: readonly Buffer[],
    options: InsertOptions,
  ): Promise<void>;
  /** Resolves when every shard answers, with the room that the fullest one's disk has. */
  ping(): Promise<{ readonly freeBytes: number }>;
  close(): Promise<void>;
}
