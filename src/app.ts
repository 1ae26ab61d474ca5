import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { openAuthenticator } from './access/authenticator.ts';
import { createAdmission } from './admission/admission.ts';
import { createEndedQueries } from './admission/ended-queries.ts';
import { createMemoryShares } from './admission/memory-shares.ts';
import { attributionAliases } from './aliases/aliases.ts';
import { createAuditLog } from './audit/audit-log.ts';
import { noteKeyChange } from './audit/key-changes.ts';
import { readCapacity } from './clickhouse/capacity.ts';
import { createStoreLock } from './clickhouse/leases/store-lock.ts';
import type { Store } from './clickhouse/store.ts';
import { createClosers } from './closers.ts';
import type { Config, Environment } from './config/config.ts';
import { createReloader, type Settings } from './config/reload.ts';
import { createSharedDataVersion } from './data-version.ts';
import type { UtmqlError } from './errors.ts';
import { readOrCreateSecretFile } from './files/secret-file.ts';
import { usualConnectionLimits } from './http/connections.ts';
import { createCors } from './http/cors.ts';
import { createDashboardRoutes, readDashboardPage } from './http/dashboard.ts';
import { createDocuments } from './http/documents.ts';
import { createGraphiql } from './http/graphiql-page.ts';
import { createGraphql } from './http/graphql.ts';
import { createGraphqlRoute } from './http/graphql-route.ts';
import { healthRoutes } from './http/health.ts';
import { anyHost, createKnownHost } from './http/known-host.ts';
import { answerGraphqlErrorOrLogin, createLoginRoutes } from './http/login.ts';
import { openPersistedDocuments } from './http/persisted-documents.ts';
import { createPushRoutes } from './http/push-routes.ts';
import type { DocumentLimits } from './http/query-limits.ts';
import { createResponseCache } from './http/response-cache.ts';
import { createSchemaRoute } from './http/schema-route.ts';
import { type HttpServer, listen } from './http/server.ts';
import { createShareRoutes } from './http/share-routes.ts';
import { createSharedQuestions } from './http/shared-questions.ts';
import { createStoreProbe } from './http/store-probe.ts';
import { type Ingestion, openIngestion } from './ingest/ingestion.ts';
import type { Ingest } from './ingest/pull/pulls.ts';
import { createLimits } from './limits/limits.ts';
import { createLoginGuard } from './limits/login-guard.ts';
import { createRemoteAddress } from './limits/remote-address.ts';
import { limitSettings } from './limits/settings.ts';
import type { Logger } from './logger.ts';
import { createExchangeRates } from './metrics/currency/exchange-rates.ts';
import type { Model } from './metrics/model.ts';
import { readModelFile } from './model/model-file.ts';
import { loginOf, openStore, queryLimits, retentionDays, startServer } from './open-store.ts';
import { createDayOfInstant } from './records/day.ts';
import { createRetention } from './retention/retention.ts';
import { createRefreshTokens } from './sources/refresh-tokens.ts';
import { contextDefaults, defaultRecordRules } from './sources/source-defaults.ts';
import { type Feeds, type OpenSourcesOptions, openSources } from './sources/sources.ts';
import { checkStart } from './start-checks/start-checks.ts';
import { openTracer } from './telemetry/open-tracer.ts';
import { createCensus } from './telemetry/store-census.ts';
import { createTelemetry } from './telemetry.ts';
import type { Clock } from './time.ts';
import { createSavedViews } from './views/saved-views.ts';
import { createShareLinks } from './views/share-links.ts';
import { createShareTokens } from './views/share-token.ts';

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
      aliases: () => attributionAliases(model?.aliases),
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
    const documents = createDocuments(documentLimits(config));
    reloader.add((next) => () => documents.change(documentLimits(next.config)));
    const persisted = await openPersistedDocuments({
      trustedOnly: config.TRUSTED_DOCUMENTS === 'only',
      automatic: config.AUTOMATIC_PERSISTED_QUERIES,
      manifestFile: config.PERSISTED_MANIFEST,
    });
    const shareTokens = createShareTokens(
      config.SHARE_SECRET ??
        (await readOrCreateSecretFile(join(config.DATA_DIR, 'share.key'), {
          make: () => randomBytes(32).toString('hex'),
          shape: /^.{32,}$/,
        })),
    );
    const viewLock = createStoreLock(ingestion.leases, 'saved_views');
    closers.add('saved views', 250, () => viewLock.stop());
    const shareLinks = createShareLinks({ store, lock: viewLock, tokens: shareTokens, authenticator, clock });
    const views = createSavedViews({ store, lock: viewLock, links: shareLinks, clock });
    const sharedQuestions = createSharedQuestions({ persisted, documents });
    const graphql = createGraphql({
      store,
      ingest,
      push,
      retention: createRetention(store),
      orphanedRows: ingestion.orphanedRows,
      rollups: ingestion.rollups,
      views,
      shareLinks,
      sharedQuestions,
      audit,
      clock,
      telemetry,
      timezone: config.REPORTING_TIMEZONE,
      exchangeRates: createExchangeRates({ store, dataVersion, clock }),
      reportingCurrency: config.REPORTING_CURRENCY,
      retentionDays: { records: config.DATA_RETENTION_DAYS, events: config.EVENT_RETENTION_DAYS },
      maxComplexity: () => reloader.config.QUERY_MAX_COMPLEXITY,
      authenticator,
      introspectionRoles: config.INTROSPECTION_ROLES,
    });
    const limits = createLimits(limitSettings(config, authenticator.isOpen), telemetry.onRateLimited);
    reloader.add((next) => () => limits.change(limitSettings(next.config, authenticator.isOpen)));
    const addressOf = createRemoteAddress(config.TRUST_PROXY);
    const guard = createLoginGuard({
      authenticator,
      addressOf,
      failuresPerMinute: config.LOGIN_FAILURES_PER_MINUTE,
      onRefused: () => telemetry.onRateLimited('logins'),
    });
    const graphiql = createGraphiql({ hasLogin: !authenticator.isOpen });
    const graphqlRoute = createGraphqlRoute({
      sendGraphiql: graphiql.sendPage,
      graphql,
      model: () => model,
      documents,
      limits,
      admission,
      maxBodyBytes: config.MAX_BODY_BYTES,
      persisted,
      cache: createResponseCache({
        ttlMs: config.RESPONSE_CACHE_TTL_MS,
        maxBytes: config.RESPONSE_CACHE_MB * 1_048_576,
        clock,
      }),
      dataVersion,
      telemetry,
      clock,
    });
    const dashboardPage = await readDashboardPage();
    const http = await listen({
      host: config.HOST,
      port: config.PORT,
      logger,
      telemetry,
      audit,
      gate: {
        guard,
        limits,
        accountOf: ({ id }, request) => (authenticator.isOpen ? addressOf(request) : id),
        isKnownHost: authenticator.isOpen ? createKnownHost(config.HOST) : anyHost,
      },
      cors: createCors(config.CORS_ORIGINS),
      connections: { ...usualConnectionLimits, most: config.MAX_CONNECTIONS },
      routes: [
        {
          method: 'any',
          path: '/graphql',
          access: 'follow',
          isCrossOrigin: true,
          handle: graphqlRoute.handle,
          answerError: answerGraphqlErrorOrLogin,
        },
        ...(await createDashboardRoutes({
          page: dashboardPage,
          homes: views,
          hasLogin: !authenticator.isOpen,
          hasGraphiql: config.TRUSTED_DOCUMENTS === 'off',
          canEmbed: config.EMBED_ORIGINS.length > 0,
        })),
        ...createShareRoutes({
          links: shareLinks,
          tokens: shareTokens,
          questions: sharedQuestions,
          graphql: graphqlRoute,
          page: dashboardPage,
          limits,
          addressOf,
          failuresPerMinute: config.LOGIN_FAILURES_PER_MINUTE,
          onRefused: () => telemetry.onRateLimited('logins'),
          audit,
          embedOrigins: config.EMBED_ORIGINS,
          clock,
        }),
        ...graphiql.routes,
        createSchemaRoute(config.INTROSPECTION_ROLES, () => model),
        ...(authenticator.isOpen ? [] : createLoginRoutes({ guard })),
        ...createPushRoutes({ push, limits }),
        ...healthRoutes({
          storeState,
          ingest,
          telemetry,
          isStopping: () => stopped !== undefined,
          areMetricsPublic: config.METRICS_PUBLIC,
        }),
      ],
    });
    // At once: requests that wait for runs or follow them, and pushes of any length, end when those do.
    closers.add('requests', 7_000, () =>
      Promise.all([http.close(requestsEndMs), ingest.stop(), push.stop()]),
    );
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

const documentLimits = (config: Config): DocumentLimits => ({
  depth: config.QUERY_MAX_DEPTH,
  rootFields: config.QUERY_MAX_ROOT_FIELDS,
  aliases: config.QUERY_MAX_ALIASES,
});
