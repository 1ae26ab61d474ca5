import type { Authenticator } from './access/authenticator.ts';
import type { Admission } from './admission/admission.ts';
import type { AuditLog } from './audit/audit-log.ts';
import type { Store } from './clickhouse/store.ts';
import type { Config } from './config/config.ts';
import type { Reloader } from './config/reload.ts';
import type { DataVersion } from './data-version.ts';
import { usualConnectionLimits } from './http/connections.ts';
import { createCors } from './http/cors.ts';
import { createDashboardRoutes, readDashboardPage } from './http/dashboard.ts';
import { createDocuments } from './http/documents.ts';
import { createExportRoute } from './http/export-route.ts';
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
import type { StoreProbe } from './http/store-probe.ts';
import type { Ingestion } from './ingest/ingestion.ts';
import { createLimits } from './limits/limits.ts';
import { createLoginGuard } from './limits/login-guard.ts';
import { createRemoteAddress } from './limits/remote-address.ts';
import { limitSettings } from './limits/settings.ts';
import type { Logger } from './logger.ts';
import { createOwnQuestions } from './mcp/own-questions.ts';
import { createMcpRoute } from './mcp/route.ts';
import { createExchangeRates } from './metrics/currency/exchange-rates.ts';
import type { Model } from './metrics/model.ts';
import { createOpenapiRoute } from './openapi/route.ts';
import { createRetention } from './retention/retention.ts';
import type { Telemetry } from './telemetry.ts';
import type { Clock } from './time.ts';
import type { Views } from './views/open-views.ts';

/** Wires what answers over HTTP, and starts listening. */
export async function openHttp(options: {
  config: Config;
  reloader: Reloader;
  store: Store;
  storeState: StoreProbe;
  dataVersion: DataVersion;
  authenticator: Authenticator;
  admission: Admission;
  ingestion: Ingestion;
  views: Views;
  /** What is in force; undefined: there is none. */
  model: () => Model | undefined;
  audit: AuditLog;
  telemetry: Telemetry;
  isStopping: () => boolean;
  clock: Clock;
  logger: Logger;
}): Promise<HttpServer> {
  const { config, reloader, store, dataVersion, authenticator, admission, ingestion, views, model } = options;
  const { storeState, audit, telemetry, isStopping, clock, logger } = options;
  const { ingest, push } = ingestion;
  const documents = createDocuments(documentLimits(config));
  reloader.add((next) => () => documents.change(documentLimits(next.config)));
  reloader.add(ingestion.alerts.prepareReload);
  const persisted = await openPersistedDocuments({
    trustedOnly: config.TRUSTED_DOCUMENTS === 'only',
    automatic: config.AUTOMATIC_PERSISTED_QUERIES,
    manifestFile: config.PERSISTED_MANIFEST,
  });
  const sharedQuestions = createSharedQuestions({ persisted, documents });
  const graphql = createGraphql({
    store,
    ingest,
    push,
    retention: createRetention(store),
    orphanedRows: ingestion.orphanedRows,
    exports: ingestion.exports,
    alerts: ingestion.alerts,
    rollups: ingestion.rollups,
    views: views.saved,
    shareLinks: views.links,
    persisted,
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
    model,
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
  return listen({
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
        homes: views.saved,
        hasLogin: !authenticator.isOpen,
        hasGraphiql: config.TRUSTED_DOCUMENTS === 'off',
        canEmbed: config.EMBED_ORIGINS.length > 0,
      })),
      ...createShareRoutes({
        links: views.links,
        tokens: views.tokens,
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
      createMcpRoute({
        questions: createOwnQuestions({
          graphql: graphqlRoute,
          documents,
          audit,
          introspectionRoles: config.INTROSPECTION_ROLES,
        }),
        model,
        maxBodyBytes: config.MAX_BODY_BYTES,
        corsOrigins: config.CORS_ORIGINS,
      }),
      ...graphiql.routes,
      createExportRoute({
        graphql,
        model,
        documents,
        persisted,
        limits,
        admission,
        bounds: () => ({
          maxRows: reloader.config.EXPORT_MAX_ROWS,
          longestMs: reloader.config.EXPORT_TIMEOUT_MS,
        }),
        introspectionRoles: config.INTROSPECTION_ROLES,
      }),
      createSchemaRoute(config.INTROSPECTION_ROLES, model),
      createOpenapiRoute(),
      ...(authenticator.isOpen ? [] : createLoginRoutes({ guard })),
      ...createPushRoutes({ push, limits }),
      ...healthRoutes({
        storeState,
        ingest,
        telemetry,
        isStopping,
        areMetricsPublic: config.METRICS_PUBLIC,
      }),
    ],
  });
}

const documentLimits = (config: Config): DocumentLimits => ({
  depth: config.QUERY_MAX_DEPTH,
  rootFields: config.QUERY_MAX_ROOT_FIELDS,
  aliases: config.QUERY_MAX_ALIASES,
});
