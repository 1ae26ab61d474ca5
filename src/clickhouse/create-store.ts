import {
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client';
import { z } from 'zod';
import { noTracer, type Tracer } from '../tracer.ts';
import { classifyStoreError } from './errors.ts';
import { createStoreWrites } from './inserts.ts';
import { type Layout, singleServer } from './layout.ts';
import { sql } from './sql.ts';
import type { CallOptions, PreparedCall, Store, StoreLimits } from './store.ts';
import { createStoreReads, selectBy } from './store-reads.ts';
import { createStoreStream } from './store-stream.ts';

export interface StoreOptions {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  readonly maxConcurrency: number;
  /** Looked at for each query: they may change. */
  readonly limits: StoreLimits;
  /** Default: none. */
  readonly tracer?: Tracer;
  /** Default: all on one server. */
  readonly layout?: Layout;
  readonly onQuery?: (kind: 'read' | 'command' | 'insert', outcome: 'ok' | 'error', seconds: number) => void;
}

// Not `async_insert`: an answer must mean stored. The JSON settings make numbers what GraphQL sends on.
const alwaysSettings: ClickHouseSettings = {
  async_insert: 0,
  wait_end_of_query: 1,
  // Without it each answer goes through a file on ClickHouse's disk, which may be full.
  http_response_buffer_size: '1048576',
  date_time_output_format: 'iso',
  date_time_input_format: 'best_effort',
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_decimals: 0,
  output_format_json_quote_denormals: 0,
};

/** For commands, which have no limit of their own: those that move many rows take minutes. */
const longestSilenceMs = 605_000;

/** A probe that gets no answer in this time is given up, so that the next one has a socket. */
const probeSilenceMs = 5_000;

const uptimeRow = z.object({ seconds: z.number() });

const roomRow = z.tuple([z.number()]);

/** Opens a pool of connections to ClickHouse's HTTP interface. Connects on first use. */
export function createStore(options: StoreOptions): Store {
  const layout = options.layout ?? singleServer;
  const connection: ClickHouseClientConfigOptions = {
    username: options.username,
    password: options.password,
    database: options.database,
    application: 'utmql',
    max_open_connections: options.maxConcurrency + 4,
    request_timeout: longestSilenceMs,
    use_multipart_params_auto: true,
    // Below every common server's keep_alive_timeout (ClickHouse's default is 10 s), or reuse races with its close.
    keep_alive: { enabled: true, idle_socket_ttl: 2_500 },
    log: { level: ClickHouseLogLevel.OFF },
  };
  const client: ClickHouseClient = createClient({ ...connection, url: options.url });
  // A socket of its own: probes neither wait for queries nor take a place from them.
  const prober = createClient({
    ...connection,
    url: options.url,
    max_open_connections: 1,
    request_timeout: probeSilenceMs,
  });
  const servers = layout.urls.map((url) => createClient({ ...connection, url }));
  const readSettings = (maxMemoryBytes: number): ClickHouseSettings => ({
    ...alwaysSettings,
    readonly: '2',
    cancel_http_readonly_queries_on_client_close: 1,
    max_execution_time: options.limits.timeoutMs / 1_000,
    max_memory_usage: String(maxMemoryBytes),
    max_rows_to_read: String(options.limits.maxRowsToRead),
    max_result_rows: '100000',
    exact_rows_before_limit: 1,
    totals_mode: 'after_having_exclusive',
  });

  const { tracer = noTracer } = options;
  const timed = async <T>(
    kind: 'read' | 'command' | 'insert',
    requestId: string | undefined,
    work: () => Promise<T>,
  ): Promise<T> => {
    const attributes = {
      'db.system.name': 'clickhouse',
      'db.operation.name': kind,
      ...(requestId ? { 'utmql.request_id': requestId } : {}),
    };
    return tracer.span({ name: `clickhouse ${kind}`, kind: 'client', attributes }, () =>
      measured(kind, work),
    );
  };
  const measured = async <T>(kind: 'read' | 'command' | 'insert', work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    try {
      const result = await work();
      options.onQuery?.(kind, 'ok', (performance.now() - started) / 1_000);
      return result;
    } catch (error) {
      options.onQuery?.(kind, 'error', (performance.now() - started) / 1_000);
      throw classifyStoreError(error);
    }
  };
  const prepare = (call: CallOptions, settings: ClickHouseSettings): PreparedCall => ({
    clickhouse_settings: {
      ...settings,
      ...layout.settings,
      ...(call.requestId ? { log_comment: call.requestId } : {}),
      ...call.settings,
    },
    // The server takes the trace up where it is configured to (`opentelemetry_span_log`).
    http_headers: { ...tracer.headers() },
  });
  const prepareRead = (call: CallOptions): PreparedCall => {
    const { maxMemoryBytes: most } = options.limits;
    const { maxMemoryBytes: share = most } = call;
    return prepare(call, readSettings(Math.min(share, most)));
  };
  const ask = createStoreReads({ client, prepare: prepareRead });
  const probe = createStoreReads({ client: prober, prepare: prepareRead });
  const read: Store['read'] = (statement, call = {}) =>
    timed('read', call.requestId, () => ask(statement, call));

  const select = selectBy(read);
  const streamed = createStoreStream({ client, prepare: prepareRead });

  const writes = createStoreWrites({
    client,
    everyServer: servers.length === 0 ? [client] : servers,
    prepare: (call, settings) => prepare(call, { ...alwaysSettings, ...settings }),
    async uptimeSeconds() {
      const [server] = await select(uptimeRow, layout.uptime);
      return server?.seconds ?? 0;
    },
  });

  return {
    database: options.database,
    layout,
    read,
    select,
    stream: (statement, call, receive) =>
      timed('read', call.requestId, () => streamed(statement, call, receive)),
    command: (statement, call) => timed('command', call.requestId, () => writes.command(statement, call)),
    insert: (table, columns, format, body, call) =>
      timed('insert', call.requestId, () => writes.insert(table, columns, format, body, call)),
    async ping() {
      try {
        const { rows } = await probe(sql`SELECT min(filesystemAvailable()) FROM ${layout.system('one')}`);
        return { freeBytes: roomRow.parse(rows[0])[0] };
      } catch (error) {
        throw classifyStoreError(error);
      }
    },
    async close() {
      await Promise.all([client, prober, ...servers].map((each) => each.close()));
    },
  };
}
