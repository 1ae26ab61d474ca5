import type { Semaphore } from 'async-mutex';
import { type DocumentNode, GraphQLError, getVariableValues, Kind } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Store } from '../clickhouse/store.ts';
import type { Clock } from '../clock.ts';
import type { Context } from '../graphql/context.ts';
import { schema } from '../graphql/schema.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Logger } from '../logger.ts';
import { createMetricsLoader } from '../metrics/loader.ts';
import { createDayOfInstant } from '../records/day.ts';
import type { Telemetry } from '../telemetry.ts';
import { exampleQuery } from './example-query.ts';
import { explain, publicError } from './graphql-errors.ts';

/** What the HTTP server hands over with each request. */
export interface RequestInfo {
  readonly requestId: string;
  readonly logger: Logger;
}

/** The GraphQL endpoint, with GraphiQL for browsers. */
export function createGraphql(options: {
  store: Store;
  ingest: Ingest;
  clock: Clock;
  telemetry: Telemetry;
  timezone: string;
  /** Bounds the ClickHouse queries at a time, over all requests. */
  slots: Semaphore;
}) {
  const { store, ingest, clock, slots } = options;
  const dayOf = createDayOfInstant(options.timezone);
  return createYoga<RequestInfo, Context>({
    schema,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    batching: false,
    cors: false,
    logging: false,
    graphiql: { title: 'utmql', defaultQuery: exampleQuery },
    // Its scripts are part of the page: GraphiQL works without the internet. They are 46 MB in memory, so only on demand.
    renderGraphiQL: async (page) => (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(page),
    maskedErrors: {
      // What resolvers throw stays as it is until `answerErrors`, which knows the request's logger.
      maskError: (error) =>
        error instanceof GraphQLError
          ? error
          : new GraphQLError('The server could not answer this request.', {
              extensions: { code: 'INTERNAL' },
            }),
    },
    context: ({ requestId, logger, request }) => ({
      caller: { workspace: 'default', requestId, name: 'anonymous' },
      logger,
      metrics: createMetricsLoader({ store, requestId, signal: request.signal, slots }),
      ingest,
      today: () => dayOf(clock.now()),
    }),
    plugins: [answerErrors(), measureOperations(options.telemetry)],
  });
}

/** Gives every error a code, wherever it comes from: parsing, validation, arguments or resolvers. All pass here. */
function answerErrors(): Plugin<RequestInfo & Context> {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      // Yoga's executor forgets which variable was wrong; graphql-js says it.
      const { document, variableValues } = args as {
        document: DocumentNode;
        variableValues?: Record<string, unknown>;
      };
      const operation = document.definitions.find(
        (definition) => definition.kind === Kind.OPERATION_DEFINITION,
      );
      const { errors } = getVariableValues(
        schema,
        operation?.variableDefinitions ?? [],
        variableValues ?? {},
      );
      if (errors) setResultAndStopExecution({ errors });
    },
    onResultProcess({ result, setResult, serverContext }) {
      const logger = (serverContext as Partial<RequestInfo>).logger;
      if (Symbol.asyncIterator in result || Array.isArray(result) || !result.errors || !logger) return;
      setResult({
        ...result,
        errors: result.errors.map((error) => explain(publicError(error, logger), schema)),
      });
    },
  };
}

function measureOperations(telemetry: Telemetry): Plugin<RequestInfo & Context> {
  return {
    onExecute({ args }) {
      const started = performance.now();
      const { document } = args as { document: DocumentNode };
      const operation = document.definitions.find(
        (definition) => definition.kind === Kind.OPERATION_DEFINITION,
      );
      const kind = operation?.operation ?? 'query';
      return {
        onExecuteDone({ result }) {
          const failed = !(Symbol.asyncIterator in result) && result.errors !== undefined;
          telemetry.onGraphql(kind, failed ? 'error' : 'ok', (performance.now() - started) / 1_000);
        },
      };
    },
  };
}
