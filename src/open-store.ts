import { fileURLToPath } from 'node:url';
import { openCluster } from './clickhouse/cluster/open-cluster.ts';
import { createStore, type StoreOptions } from './clickhouse/create-store.ts';
import { type Layout, singleServer } from './clickhouse/layout.ts';
import { createDatabase, migrate } from './clickhouse/migrations/migrate.ts';
import { type OwnServer, startOwnServer } from './clickhouse/own-server/server.ts';
import { applyRetention, type ColdTier } from './clickhouse/retention.ts';
import type { Store, StoreLimits } from './clickhouse/store.ts';
import { type Table, tables } from './clickhouse/tables.ts';
import { withAbortSignal } from './clickhouse/wrap-store.ts';
import type { Config } from './config/config.ts';
import { UtmqlError } from './errors.ts';
import { createLogger, type Logger } from './logger.ts';
import { ownServerConfig } from './sql-users/own-server-users.ts';
import type { Telemetry } from './telemetry.ts';

const migrationsFolder = fileURLToPath(new URL('../clickhouse', import.meta.url));

/** Starts the program's own ClickHouse server, with the users of BI tools that `utmql sql-user` has made. */
export const startServer = async (
  config: Config,
  logger: Logger,
  onLost: (error: UtmqlError) => void,
  signal?: AbortSignal,
): Promise<OwnServer> =>
  startOwnServer({
    dataDir: config.DATA_DIR,
    port: config.CLICKHOUSE_PORT === 0 ? undefined : config.CLICKHOUSE_PORT,
    configFile: await ownServerConfig(config),
    memoryLimitBytes: config.CLICKHOUSE_MEMORY_MB * 1_048_576,
    logger,
    onLost,
    signal,
  });

/** What queries may use, by the configuration that is in force when they begin. */
export const queryLimits = (current: { readonly config: Config }): StoreLimits => ({
  get timeoutMs() {
    return current.config.QUERY_TIMEOUT_MS;
  },
  get maxMemoryBytes() {
    return current.config.QUERY_MEMORY_MB * 1_048_576;
  },
  get maxRowsToRead() {
    return current.config.QUERY_MAX_ROWS;
  },
});

/** @param server the program's own; undefined: the one at CLICKHOUSE_URL */
export const loginOf = (config: Config, server: OwnServer | undefined) => ({
  url: server?.url ?? config.CLICKHOUSE_URL ?? '',
  username: server?.username ?? config.CLICKHOUSE_USER,
  password: server?.password ?? config.CLICKHOUSE_PASSWORD,
});

/**
 * Opens the database: made when missing, migrated, with the retention that is configured.
 *
 * @param server the program's own; undefined: the one at CLICKHOUSE_URL
 * @param signal ends it between two statements, or in the middle of one: what is done stays, and the next start goes on
 */
export async function openStore(
  config: Config,
  server: OwnServer | undefined,
  limits: StoreLimits,
  telemetry: Telemetry,
  logger: Logger,
  signal: AbortSignal | undefined,
): Promise<Store> {
  const options: StoreOptions = {
    ...loginOf(config, server),
    database: config.CLICKHOUSE_DATABASE,
    maxConcurrency: config.CLICKHOUSE_MAX_CONCURRENCY,
    limits,
    onQuery: telemetry.onClickHouse,
    tracer: telemetry.tracer,
  };
  const before = { ...options, database: 'default' };
  const layout = await withStore(before, (store) => layoutOf(config, withAbortSignal(store, signal)));
  await withStore({ ...before, layout }, (store) =>
    createDatabase(withAbortSignal(store, signal), config.CLICKHOUSE_DATABASE),
  );
  const store = createStore({ ...options, layout });
  const abortable = withAbortSignal(store, signal);
  try {
    await migrate({ store: abortable, folder: migrationsFolder, logger });
    await applyRetention({ store: abortable, days: retentionDays(config), cold: coldTier(config), logger });
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** How long each table keeps a day, which is one partition of it. */
export function retentionDays(config: Config): Readonly<Record<string, number>> {
  // With RAW_RETENTION_DAYS at 0 nothing is landed; a TTL of no days would be none.
  return Object.fromEntries(
    Object.entries<Table>(tables).flatMap(([name, { keptFor }]) =>
      keptFor === undefined ? [] : [[name, Math.max(1, config[keptFor])]],
    ),
  );
}

function coldTier(config: Config): ColdTier | undefined {
  const { STORAGE_POLICY: policy, COLD_VOLUME: volume, COLD_AFTER_DAYS: afterDays } = config;
  return policy === undefined || volume === undefined ? undefined : { policy, volume, afterDays };
}

async function layoutOf(config: Config, store: Store): Promise<Layout> {
  const { CLICKHOUSE_CLUSTER: cluster, CLICKHOUSE_DATABASE: database } = config;
  if (cluster === undefined) return singleServer;
  return openCluster(store, { cluster, database, urls: config.CLICKHOUSE_SHARD_URLS ?? [] });
}

/**
 * Calls `work` with the login of the server at CLICKHOUSE_URL, which utmql may be using, or of utmql's own server, which must
 * not be running.
 */
export async function withServer<T>(
  config: Config,
  work: (login: ReturnType<typeof loginOf>) => Promise<T>,
): Promise<T> {
  const server =
    config.CLICKHOUSE_URL === undefined
      ? await startServer(config, createLogger({ level: 'warn' }), (error) => {
          throw error;
        }).catch((error: unknown) => {
          throw ofCommand(error);
        })
      : undefined;
  try {
    return await work(loginOf(config, server));
  } finally {
    await server?.stop();
  }
}

const ofCommand = (error: unknown): unknown =>
  error instanceof UtmqlError && error.code === 'CONFIGURATION'
    ? new UtmqlError(
        'CONFIGURATION',
        `${error.message} Without CLICKHOUSE_URL this command starts utmql's own server itself, so utmql must not be running.`,
        { cause: error },
      )
    : error;

/** Opens the database for one piece of work, as it is. */
export async function withDatabase<T>(
  config: Config,
  options: Omit<StoreOptions, 'database' | 'layout'>,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const layout = await withStore({ ...options, database: 'default' }, (store) => layoutOf(config, store));
  return withStore({ ...options, database: config.CLICKHOUSE_DATABASE, layout }, work);
}

/** Opens a store for one piece of work. */
export async function withStore<T>(options: StoreOptions, work: (store: Store) => Promise<T>): Promise<T> {
  const store = createStore(options);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
