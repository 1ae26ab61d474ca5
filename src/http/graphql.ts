import { GraphQLError } from 'graphql';
import { createYoga } from 'graphql-yoga';
import type { Authenticator } from '../access/authenticator.ts';
import { dataScope } from '../access/caller.ts';
import { withTurns } from '../admission/admission.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Store } from '../clickhouse/store.ts';
import { badInput, unexpected } from '../errors.ts';
import { createExplore } from '../explore/explore.ts';
import type { Context } from '../graphql/context.ts';
import type { PersistedForm } from '../graphql/export-form.ts';
import { schemaOf } from '../graphql/model-schema.ts';
import type { OrphanedRows } from '../ingest/ownership/orphaned-rows.ts';
import type { Ingest } from '../ingest/pull/pulls.ts';
import type { Push } from '../ingest/push/push.ts';
import { countOpenRejects } from '../ingest/rejects/find-rejects.ts';
import { createRunReads } from '../ingest/runs/run-reads.ts';
import { createRunRepository } from '../ingest/runs/run-table.ts';
import { withReadCost } from '../limits/read-cost.ts';
import { createConversions } from '../metrics/currency/conversions.ts';
import type { ExchangeRates } from '../metrics/currency/exchange-rates.ts';
import { createDataPresence, withKnownComparisons } from '../metrics/data-presence.ts';
import type { KeptDays } from '../metrics/data-warnings.ts';
import { prepareExport } from '../metrics/export.ts';
import { createMetricsLoader } from '../metrics/loader.ts';
import type { Rollups } from '../metrics/rollups/current.ts';
import { createDayOfInstant, type Day } from '../records/day.ts';
import type { Retention } from '../retention/retention.ts';
import type { Role } from '../roles.ts';
import type { MetricsExports } from '../sink/exports.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Clock } from '../time.ts';
import type { SavedViews } from '../views/saved-views.ts';
import type { ShareLinks } from '../views/share-links.ts';
import { operationOf } from './documents.ts';
import type { GraphqlCall } from './graphql-call.ts';
import type { Question } from './graphql-params.ts';
import {
  answerErrors,
  checkAccess,
  checkVariables,
  endWithLogin,
  measureOperations,
  noteVolatileFields,
  planExports,
  readRequests,
} from './graphql-plugins.ts';
import type { PersistedDocuments } from './persisted-documents.ts';
import type { SharedQuestions } from './shared-questions.ts';

export type Graphql = ReturnType<typeof createGraphql>;

/** What answers GraphQL. */
export function createGraphql(options: {
  store: Store;
  ingest: Ingest;
  push: Push;
  retention: Retention;
  orphanedRows: OrphanedRows;
  exports: MetricsExports;
  alerts: Context['alerts'];
  rollups: Rollups | undefined;
  views: SavedViews;
  shareLinks: ShareLinks;
  persisted: Pick<PersistedDocuments, 'trustedOnly' | 'idOf'>;
  sharedQuestions: Pick<SharedQuestions, 'check'>;
  audit: AuditLog;
  clock: Clock;
  telemetry: Telemetry;
  timezone: string;
  exchangeRates: ExchangeRates;
  /** What money is turned into where a question names no currency. */
  reportingCurrency: string;
  retentionDays: KeptDays;
  /** Most values that an answer can have. Looked at for each operation. */
  maxComplexity: () => number;
  authenticator: Pick<Authenticator, 'isValid'>;
  /** Who may ask for the schema, and is told what they may have meant. */
  introspectionRoles: readonly Role[];
}) {
  const { store, ingest, push, retention, orphanedRows, views, shareLinks, audit, clock } = options;
  const dayOf = createDayOfInstant(options.timezone);
  return createYoga<GraphqlCall, Context>({
    schema: ({ model }) => schemaOf(model),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    batching: false,
    cors: false,
    logging: false,
    // The route has a page of its own.
    graphiql: false,
    maskedErrors: {
      // What resolvers throw stays as it is until `answerErrors`, which knows the request's logger.
      maskError: (error) =>
        error instanceof GraphQLError
          ? error
          : new GraphQLError(unexpected, { extensions: { code: 'INTERNAL' } }),
    },
    context: ({ caller, model, logger, queries, request, onRead, readQuestion }) => {
      const { signal } = request;
      // All that the request reads: it waits for its turns, is paid for, and ends with the request.
      const reads = withTurns(withReadCost(store, onRead), queries);
      const conversions = createConversions({
        rates: options.exchangeRates,
        requester: caller,
        reportingCurrency: options.reportingCurrency,
      });
      const loader = createMetricsLoader(reads, options.rollups, () => conversions.looked());
      const presence = createDataPresence(reads, loader);
      const runs = createRunReads({
        runs: createRunRepository(reads),
        workspace: caller.workspace,
        openRejects: (runIds) => countOpenRejects(reads, caller.workspace, runIds),
      });
      const metrics = withKnownComparisons(loader, presence);
      return {
        caller,
        model,
        logger,
        metrics,
        presence,
        exportRows: (query, columns, exported) =>
          prepareExport(reads, query, columns, exported, options.rollups),
        exportForm() {
          // A link answers its own questions.
          if (caller.isGuest) return undefined;
          return options.persisted.trustedOnly
            ? persistedForm(readQuestion(), options.persisted)
            : 'arguments';
        },
        conversions,
        explore: createExplore({
          store: reads,
          metrics,
          scope: dataScope({ caller, model }),
          runs,
          sources: ingest.sources.filter(({ workspace }) => workspace === caller.workspace),
          now: () => clock.now(),
        }),
        ingest,
        runs,
        push,
        retention,
        orphanedRows,
        exports: options.exports,
        alerts: options.alerts,
        views,
        shareLinks,
        checkShared: (questions) => options.sharedQuestions.check(questions, model),
        audit,
        signal,
        reportingTimezone: options.timezone,
        retentionDays: options.retentionDays,
        today: (timezone) => (timezone === undefined ? dayOf : dayIn(timezone))(clock.now()),
        now: () => clock.now(),
      };
    },
    // The route's questions bring their documents, kept where that is worth it.
    parserAndValidationCache: { documentCache: forgetful, errorCache: forgetful },
    maxRequestBodySize: false,
    multipart: false,
    plugins: [
      readRequests(),
      checkAccess(options.introspectionRoles),
      endWithLogin(options.authenticator),
      checkVariables(options.maxComplexity),
      noteVolatileFields(),
      answerErrors(options.introspectionRoles),
      planExports(),
      measureOperations(options.telemetry),
    ],
  });
}

/** A file's address names no operation: its document has only one. */
function persistedForm(
  { query, document, variables }: Question,
  { idOf }: Pick<PersistedDocuments, 'idOf'>,
): PersistedForm | undefined {
  const documentId = idOf(query);
  const isWhole = operationOf(document(), undefined) !== undefined;
  return documentId !== undefined && isWhole ? { documentId, variables: variables ?? {} } : undefined;
}

const forgetful = { get: () => undefined, set: () => undefined };

function dayIn(timezone: string): (epochMs: number) => Day {
  try {
    return createDayOfInstant(timezone);
  } catch {
    throw badInput(
      `timezone: ${JSON.stringify(timezone.slice(0, 60))} is no IANA time zone such as UTC or Europe/Berlin.`,
    );
  }
}
