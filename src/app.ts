import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { openAuthenticator } from './access/authenticator.ts';
import { createAdmission } from './admission/admission.ts';
import { createEndedQueries } from './admission/ended-queries.ts';
import { createMemoryShares } from './admission/memory-shares.ts';
import { createAuditLog } from './audit/audit-log.ts';
import { noteKeyChange } from './audit/key-changes.ts';
import { readCapacity } from './clickhouse/capacity.ts';
import type { Store } from './clickhouse/store.ts';
import { createClosers } from './closers.ts';
import type { Config, Environment } from './config/config.ts';
import { createReloader, type Settings } from './config/reload.ts';
import { createSharedDataVersion } from './data-version.ts';
import type { UtmqlError } from './errors.ts';
import { readOrCreateSecretFile } from './files/secret-file.ts';
import type { HttpServer } from './http/server.ts';
import { createStoreProbe } from './http/store-probe.ts';
import { type Ingestion, openIngestion } from './ingest/ingestion.ts';
import type { Ingest } from './ingest/pull/pulls.ts';
import { limitSettings } from './limits/settings.ts';
import type { Logger } from './logger.ts';
import type { Model } from './metrics/model.ts';
import { readModelFile } from './model/model-file.ts';
import { openHttp } from './open-http.ts';
import { loginOf, openStore, queryLimits, retentionDays, startServer } from './open-store.ts';
import { createDayOfInstant } from './records/day.ts';
import { createRefreshTokens } from './sources/refresh-tokens.ts';
import { contextDefaults, defaultRecordRules } from './sources/source-defaults.ts';
import { type Feeds, type OpenSourcesOptions, openSources } from './sources/sources.ts';
import { openSqlViews } from './sql-views/open-sql-views.ts';
import { checkStart } from './start-checks/start-checks.ts';
import { openTracer } from './telemetry/open-tracer.ts';
import { createCensus } from './telemetry/store-census.ts';
import { createTelemetry } from './telemetry.ts';
import type { Clock } from './time.ts';
import { openViews } from './views/open-views.ts';

/** How long requests at work may take to end once the program stops: the rest is cut off, its queries are cancelled. */
const requestsEndMs = 6_000;

/** For each operation that a caller may have at work, so many of their queries may wait: the tiles of a large document, and their subtotals. */
const waitingPerOperation = 100;

/** The running program. */
export interface App {
  readonly url: string;
  readonly store: Store;
  readonly ingest: Ingest;
  /**
   * Not ready at once; requests and runs at work end; then everything is closed, within 14 s after SHUTDOWN_DELAY_MS whatever
   * hangs. Idempotent.
   */
  stop(): Promise<void>;
  /** Puts into force what has changed in the environment and in the files that it names. See `Reloader`. */
  reload(): Promise<void>;
}

export interface AppOptions {
  readonly config: Config;
  /** Where `${VAR}` in the sources file is looked up. */
  readonly environment: Environment;
  /** Reads it anew for a reload. Default: it never changes. */
  readonly readEnvironment?: () => Promise<Environment>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Is called when the store is gone for good and the program should end. */
  readonly onLost: (error: UtmqlError) => void;
  /** Gives up the start; what has been opened is closed. Means nothing once the program runs. */
  readonly signal?: AbortSignal;
}

/**
 * Wires and starts everything, in the order in which data flows back: store, ingestion, HTTP.
 *
 * @throws UtmqlError CONFIGURATION with a sentence for the operator
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { config, logger, clock, signal } = options;
  const closers = createClosers(logger);
  const reloader = createReloader({
    config,
    readEnvironment: options.readEnvironment ?? (async () => options.environment),
    logger,
  });
  reloader.add((next) => () => {
    logger.level = next.config.LOG_LEVEL;
  });
  try {
    await checkStart(options);
    signal?.throwIfAborted();
    const tracer = await openTracer(config);
    closers.add('tracer', 500, () => tracer.close());
    const telemetry = createTelemetry(tracer);
    const rules = defaultRecordRules(
      config,
      config.CONTACT_HASH_KEY ??
        (await readOrCreateSecretFile(join(config.DATA_DIR, 'contact-hash.key'), {
          make: () => randomBytes(32).toString('hex'),
          shape: /^.{16,}$/,
        })),
    );
    const audit = createAuditLog({
      clock,
      logger,
      pseudonymKey: rules.contactHashKey,
      onDropped: telemetry.onAuditDropped,
    });
    const authenticator = await openAuthenticator({
      config,
      clock,
      logger,
      onKeyChange: (change) => noteKeyChange(audit, change),
    });
    closers.add('authenticator', 250, () => authenticator.close());
    reloader.add(authenticator.prepareReload);
    // Before the engine is started: a mistake in the sources file is told at once.
    const made: OpenSourcesOptions['made'] = [];
    const refreshTokens = createRefreshTokens(join(config.DATA_DIR, 'refresh-tokens'));
    const feedsOf = ({ config: now, environment }: Settings): Promise<Feeds> =>
      openSources({
        file: now.SOURCES_FILE,
        adsUrl: now.ADS_API_URL,
        crmUrl: now.CRM_API_URL,
        environment,
        defaults: contextDefaults(now, rules),
        metrics: { onRequest: telemetry.onSource },
        clock,
        refreshTokens,
        made,
      });
    let model = await modelOf(config);
    reloader.add(async (next) => {
      const read = await modelOf(next.config);
      return () => {
        model = read;
      };
    });
    const feeds = await feedsOf(options);
    const server =
      config.CLICKHOUSE_URL === undefined
        ? await startServer(config, logger, options.onLost, signal)
        : undefined;
    if (server) closers.add('own ClickHouse server', 3_700, () => server.stop());
    const opened = await openStore(config, server, queryLimits(reloader), telemetry, logger, signal);
    closers.add('store', 500, () => opened.close());
    const owner = await readOrCreateSecretFile(join(config.DATA_DIR, 'instance.id'), {
      make: uuidv7,
      shape: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    });
    const dataVersion = createSharedDataVersion({
      store: opened,
      owner,
      idleMs: config.RESPONSE_CACHE_TTL_MS,
      logger,
    });
    closers.add('data version', 250, () => dataVersion.stop());
    const store = dataVersion.watch(opened);
    audit.begin(store);
    closers.add('audit log', 200, () => audit.close());
    const capacity = await readCapacity(store);
    const { cores, threads, memoryBytes } = capacity;
    const slots = config.CLICKHOUSE_MAX_CONCURRENCY;
    const admission = createAdmission({
      settings: {
        slots,
        cores,
        mostWaiting: waitingPerOperation * limitSettings(config, authenticator.isOpen).concurrency,
        mostWaitingOfAll: config.CLICKHOUSE_MAX_WAITING,
      },
      timeoutMs: () => reloader.config.QUERY_TIMEOUT_MS,
      threads,
      querySettings: capacity.settings,
      memory:
        memoryBytes === undefined
          ? undefined
          : createMemoryShares(memoryBytes, slots, () => reloader.config.QUERY_MEMORY_MB * 1_048_576),
      clock,
      ended: createEndedQueries(store),
      onRateLimited: () => telemetry.onRateLimited('queries'),
      onOverloaded: telemetry.onOverloaded,
    });
    const ingestion: Ingestion = await openIngestion({
      config,
      store,
      login: { ...loginOf(config, server), database: config.CLICKHOUSE_DATABASE },
      feeds,
      model: () => model,
      rules,
      dataVersion,
      telemetry,
      owner,
      today: () => createDayOfInstant(config.REPORTING_TIMEZONE)(clock.now()),
      queriesAtWork: () => admission.isBusy,
      clock,
      logger,
    });
    closers.add('ingestion', 2_500, () => ingestion.close());
    signal?.throwIfAborted();
    const { ingest, push } = ingestion;
    reloader.add(async (next) => {
      const changed = await feedsOf(next);
      return () => {
        ingestion.change(changed, next.config.SCHEDULER === 'on');
        ingestion.followAliases();
      };
    });
    const sourceNames = (): string[] => ingest.sources.map(({ name }) => name);
    const storeState = createStoreProbe({ store, clock });
    telemetry.observeStore({
      isUp: async () => (await storeState()) !== 'unreachable',
      census: createCensus({
        store,
        sourceNames,
        retentionDays: retentionDays(config),
        maxFutureDays: config.MAX_FUTURE_DAYS,
        clock,
      }),
      failed: (error) => logger.warn({ err: error }, 'the figures of sources and rejects stay as they were'),
      now: () => clock.now(),
    });

    let stopped: Promise<void> | undefined;
    const stop = async (http: HttpServer): Promise<void> => {
      http.drain();
      await delay(config.SHUTDOWN_DELAY_MS);
      await closers.closeAll();
    };
    const views = await openViews({ config, store, leases: ingestion.leases, authenticator, clock });
    closers.add('saved views', 250, () => views.stop());
    const http = await openHttp({
      config,
      reloader,
      store,
      storeState,
      dataVersion,
      authenticator,
      admission,
      ingestion,
      views,
      model: () => model,
      audit,
      telemetry,
      isStopping: () => stopped !== undefined,
      clock,
      logger,
    });
    // At once: requests that wait for runs or follow them, and pushes of any length, end when those do.
    closers.add('requests', 7_000, () =>
      Promise.all([http.close(requestsEndMs), ingest.stop(), push.stop()]),
    );
    openSqlViews({ config, store, leases: ingestion.leases, reloader, closers, model: () => model, logger });
    await ingest.resume();
    ingestion.followAliases();
    signal?.throwIfAborted();
    logger.info({ url: `${http.url}/graphql`, sources: sourceNames() }, 'utmql is ready');
    return {
      url: http.url,
      store,
      ingest,
      stop: () => {
        stopped ??= stop(http);
        return stopped;
      },
      reload: reloader.reload,
    };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

const modelOf = async ({ MODEL_FILE }: Config): Promise<Model | undefined> =>
  MODEL_FILE === undefined ? undefined : readModelFile(MODEL_FILE);
