import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Semaphore } from 'async-mutex';
import { applyRetention, createDatabase, migrate } from './clickhouse/migrate.ts';
import { type OwnServer, startOwnServer } from './clickhouse/own-server.ts';
import { createStore, type Store, type StoreOptions } from './clickhouse/store.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { UtmqlError } from './errors.ts';
import { createDocuments } from './http/documents.ts';
import { createGraphql } from './http/graphql.ts';
import { createGraphqlRoute } from './http/graphql-route.ts';
import { healthRoutes } from './http/health.ts';
import { openPersistedDocuments } from './http/persisted-documents.ts';
import { createResponseCache } from './http/response-cache.ts';
import { listen } from './http/server.ts';
import { createDataVersion } from './ingest/data-version.ts';
import { createHttpSource } from './ingest/http-source.ts';
import { createIngest, type Ingest } from './ingest/ingest.ts';
import type { Source, SourceKind } from './ingest/pull.ts';
import type { Logger } from './logger.ts';
import type { OpportunityRules } from './records/opportunity.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';

const migrationsFolder = fileURLToPath(new URL('../clickhouse', import.meta.url));

/** The running program. */
export interface App {
  readonly url: string;
  readonly store: Store;
  readonly ingest: Ingest;
  /** Not ready at once; requests and runs at work end; then everything is closed. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Wires and starts everything, in the order in which data flows back: store, ingestion, HTTP.
 *
 * @param options.onLost is called when the store is gone for good and the program should end
 * @throws UtmqlError CONFIGURATION with a sentence for the operator
 */
export async function startApp(options: {
  config: Config;
  logger: Logger;
  clock: Clock;
  onLost: (error: UtmqlError) => void;
}): Promise<App> {
  const { config, logger, clock } = options;
  const closers: (() => Promise<void>)[] = [];
  const stopAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const telemetry = createTelemetry();
    const server =
      config.CLICKHOUSE_URL === undefined ? await startServer(config, logger, options.onLost) : undefined;
    if (server) closers.push(() => server.stop());
    const store = await openStore(config, server, telemetry, logger);
    closers.push(() => store.close());

    const dataVersion = createDataVersion();
    const ingest = createIngest({
      store,
      sources: await configuredSources(config, telemetry),
      clock,
      logger,
      attributionWindowDays: config.ATTRIBUTION_WINDOW_DAYS,
      retentionDays: config.DATA_RETENTION_DAYS,
      batchBytes: config.INGEST_BATCH_MB * 1_048_576,
      dataVersion,
      onFinished: (run) => {
        dataVersion.bump(run.workspace);
        telemetry.onRun(run);
      },
    });
    closers.push(() => ingest.stop());

    let stopping = false;
    const slots = new Semaphore(config.CLICKHOUSE_MAX_CONCURRENCY);
    const documents = createDocuments({
      depth: config.QUERY_MAX_DEPTH,
      rootFields: config.QUERY_MAX_ROOT_FIELDS,
      aliases: config.QUERY_MAX_ALIASES,
    });
    const graphql = createGraphql({
      store,
      ingest,
      clock,
      telemetry,
      timezone: config.REPORTING_TIMEZONE,
      slots,
      documents,
      maxComplexity: config.QUERY_MAX_COMPLEXITY,
    });
    const graphqlRoute = createGraphqlRoute({
      graphql,
      documents,
      persisted: await openPersistedDocuments({
        trustedOnly: config.TRUSTED_DOCUMENTS === 'only',
        automatic: config.AUTOMATIC_PERSISTED_QUERIES,
        manifestFile: config.PERSISTED_MANIFEST,
      }),
      cache: createResponseCache({
        ttlMs: config.RESPONSE_CACHE_TTL_MS,
        maxBytes: config.RESPONSE_CACHE_MB * 1_048_576,
        clock,
      }),
      dataVersion,
      telemetry,
      clock,
    });
    const http = await listen({
      host: config.HOST,
      port: config.PORT,
      logger,
      telemetry,
      routes: [
        {
          method: 'any',
          path: '/graphql',
          handle: graphqlRoute,
        },
        {
          method: 'GET',
          path: '/',
          handle: (_request, response) => void response.writeHead(302, { location: '/graphql' }).end(),
        },
        ...healthRoutes({ store, ingest, telemetry, isStopping: () => stopping }),
      ],
    });
    closers.push(() => http.close());
    logger.info(
      { url: `${http.url}/graphql`, sources: ingest.sources.map(({ name }) => name) },
      'utmql is ready',
    );
    return {
      url: http.url,
      store,
      ingest,
      stop: () => {
        stopping = true;
        return stopAll();
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

function startServer(
  config: Config,
  logger: Logger,
  onLost: (error: UtmqlError) => void,
): Promise<OwnServer> {
  return startOwnServer({
    dataDir: config.DATA_DIR,
    memoryLimitBytes: config.CLICKHOUSE_MEMORY_MB * 1_048_576,
    logger,
    onLost,
  });
}

/** Opens the database: made when missing, migrated, with the retention that is configured. */
async function openStore(
  config: Config,
  server: OwnServer | undefined,
  telemetry: Telemetry,
  logger: Logger,
): Promise<Store> {
  const options: StoreOptions = {
    url: server?.url ?? config.CLICKHOUSE_URL ?? '',
    username: server?.username ?? config.CLICKHOUSE_USER,
    password: server?.password ?? config.CLICKHOUSE_PASSWORD,
    database: config.CLICKHOUSE_DATABASE,
    maxConcurrency: config.CLICKHOUSE_MAX_CONCURRENCY,
    limits: {
      timeoutMs: config.QUERY_TIMEOUT_MS,
      maxMemoryBytes: config.QUERY_MEMORY_MB * 1_048_576,
      maxRowsToRead: config.QUERY_MAX_ROWS,
    },
    onQuery: telemetry.onClickHouse,
  };
  const bootstrap = createStore({ ...options, database: 'default' });
  try {
    await createDatabase(bootstrap, config.CLICKHOUSE_DATABASE);
  } finally {
    await bootstrap.close();
  }
  const store = createStore(options);
  await migrate({ store, folder: migrationsFolder, logger });
  const { DATA_RETENTION_DAYS: days, EVENT_RETENTION_DAYS: eventDays } = config;
  const retention = {
    ad_performance: days,
    opportunities: days,
    ingest_runs: days,
    rejected_records: days,
    events: eventDays,
  };
  await applyRetention({ store, days: retention, logger });
  return store;
}

async function configuredSources(config: Config, telemetry: Telemetry): Promise<Source[]> {
  const rules: OpportunityRules = {
    timezone: config.REPORTING_TIMEZONE,
    currency: config.REPORTING_CURRENCY,
    stages: config.STAGE_MAP,
    contactHashKey: config.CONTACT_HASH_KEY ?? (await keptKey(config.DATA_DIR)),
  };
  const source = (name: string, kind: SourceKind, url: string): Source => ({
    name,
    kind,
    workspace: 'default',
    rules,
    http: createHttpSource({
      name,
      url,
      timeoutMs: config.SOURCE_TIMEOUT_MS,
      attempts: config.SOURCE_ATTEMPTS,
      metrics: { onRequest: (outcome, seconds) => telemetry.onSource(name, outcome, seconds) },
    }),
  });
  return [
    ...(config.ADS_API_URL === undefined ? [] : [source('ads', 'ad_performance', config.ADS_API_URL)]),
    ...(config.CRM_API_URL === undefined ? [] : [source('crm', 'opportunity', config.CRM_API_URL)]),
  ];
}

/** The key of contact hashes: made once and kept, so that one address has one hash for as long as the data lives. */
async function keptKey(folder: string): Promise<string> {
  const file = join(folder, 'contact-hash.key');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    // 'wx' fails where the file exists: of two programs that start at once, both read the one that was written.
    await writeFile(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}
