import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
  locatedError,
  type OperationDefinitionNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Authenticator } from '../access/authenticator.ts';
import { statusOfCode } from '../error-codes.ts';
import { badInput, UtmqlError } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import { exportedField, fieldIn } from '../graphql/export-address.ts';
import { exportMetrics, type GivenArguments } from '../graphql/metrics.ts';
import { schemaOf } from '../graphql/model-schema.ts';
import { readSelection } from '../graphql/selection.ts';
import type { Role } from '../roles.ts';
import { otherOperation } from '../telemetry/graphql-metrics.ts';
import type { Telemetry } from '../telemetry.ts';
import { coerceVariables, withCoercedVariables } from './coerce-variables.ts';
import { complexityOf } from './complexity.ts';
import { operationOf } from './documents.ts';
import { graphqlErrorBody } from './error-answers.ts';
import { refusalOf, requirementsOf } from './graphql-access.ts';
import type { GraphqlCall } from './graphql-call.ts';
import { explainAll, mostErrors, outcomeOf, publicError, retryAfterOf } from './graphql-errors.ts';
import { whileValid } from './login-watch.ts';
import { checkQueryVariables, tooComplex } from './query-limits.ts';

type CallPlugin = Plugin<GraphqlCall & Context>;

interface ExecutionArguments {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null;
  readonly variableValues?: Record<string, unknown>;
}

const chosenOperation = (args: unknown): OperationDefinitionNode | undefined => {
  const { document, operationName } = args as ExecutionArguments;
  return operationOf(document, operationName);
};

// Yoga types only what the server adapter puts there.
const callOf = (serverContext: object): GraphqlCall => serverContext as GraphqlCall;

/** Takes what the route has read of the request. */
export function readRequests(): CallPlugin {
  return {
    onRequestParse({ setRequestParser, serverContext }) {
      setRequestParser(() => {
        const { query, operationName, variables } = callOf(serverContext).readQuestion();
        return {
          query,
          ...(typeof operationName === 'string' && { operationName }),
          ...(variables && { variables }),
        };
      });
    },
    onParse({ context, setParseFn }) {
      setParseFn(() => callOf(context).readQuestion().document());
    },
  };
}

/** Refuses what its caller may not ask for, before any of it is done. */
export function checkAccess(introspectionRoles: readonly Role[]): CallPlugin {
  const check = (args: unknown): void => {
    const { contextValue, document, schema } = args as ExecutionArguments & {
      readonly contextValue: GraphqlCall;
    };
    const operation = chosenOperation(args);
    if (!operation) return;
    const requirements = requirementsOf(schema, document, operation);
    const refusal = refusalOf(requirements, contextValue.caller, introspectionRoles);
    if (!refusal) return;
    contextValue.attempt.action = refusal.field;
    throw refusal.error;
  };
  return { onExecute: ({ args }) => check(args), onSubscribe: ({ args }) => check(args) };
}

/** Ends a subscription when its caller's key is revoked or their token has expired. */
export function endWithLogin(authenticator: Pick<Authenticator, 'isValid'>): CallPlugin {
  return {
    onSubscribe({ args }) {
      const { contextValue } = args as { readonly contextValue: GraphqlCall };
      return {
        onSubscribeResult({ result, setResult }) {
          if (!(Symbol.asyncIterator in result)) return;
          setResult(whileValid(result, contextValue.caller, authenticator));
        },
      };
    },
  };
}

/** Refuses variables that do not fit, or hold too much, and queries whose answers would be too large. Says what the others cost. */
export function checkVariables(maxComplexity: () => number): CallPlugin {
  return {
    async onExecute({ args, setResultAndStopExecution }) {
      const {
        schema,
        document,
        variableValues = {},
        contextValue,
      } = args as ExecutionArguments & {
        readonly contextValue: GraphqlCall;
      };
      const operation = chosenOperation(args);
      if (!operation) return;
      if (operation.operation === 'query') checkQueryVariables(variableValues);
      // Yoga's executor forgets which variable was wrong, and takes long to say it.
      const read = await coerceVariables(schema, operation, variableValues, mostErrors);
      if (read.errors) {
        setResultAndStopExecution({ errors: read.errors });
        return;
      }
      const { values, texts } = complexityOf(schema, document, operation, read.coerced);
      const most = maxComplexity();
      if (values > most) {
        throw tooComplex(
          `The answer could have ${values} values; at most ${most} are allowed. Ask for fewer rows with first, fewer fields, or in several requests.`,
        );
      }
      if (values + texts > most) {
        throw tooComplex(
          `The query costs ${values} for the values that its answer could have and ${texts} for the texts in its arguments, each time that one is read with; at most ${most} are allowed. Give shorter lists, or ask in several requests.`,
        );
      }
      await contextValue.onCost(values + texts);
      args.document = withCoercedVariables(document, operation);
      args.variableValues = read.coerced;
    },
  };
}

const notAcceptable = (): UtmqlError =>
  new UtmqlError(
    'NOT_ACCEPTABLE',
    'The header Accept names nothing that GraphQL answers with; accept application/json or application/graphql-response+json, and text/event-stream for subscriptions.',
  );

/** Gives every error a code, wherever it comes from: parsing, validation, arguments or resolvers. All pass here. */
export function answerErrors(introspectionRoles: readonly Role[]): CallPlugin {
  return {
    // To this Yoga gives no body.
    onResponse({ response: { status }, setResponse, fetchAPI }) {
      if (status !== statusOfCode('NOT_ACCEPTABLE')) return;
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      const body = JSON.stringify(graphqlErrorBody(notAcceptable()));
      setResponse(new fetchAPI.Response(body, { status, headers }));
    },
    // What breaks a stream once it has begun.
    onSubscribe({ args }) {
      const { contextValue } = args as { readonly contextValue: GraphqlCall };
      return {
        onSubscribeError({ error, setError }) {
          setError(publicError(error, contextValue.logger));
        },
      };
    },
    onResultProcess({ result, setResult, serverContext }) {
      if (Symbol.asyncIterator in result || Array.isArray(result)) return;
      if (!result.errors) return;
      const { caller, logger, model, onErrors } = callOf(serverContext);
      const suggests = introspectionRoles.includes(caller.role);
      const errors = result.errors.map((error) => publicError(error, logger));
      onErrors?.(retryAfterOf(errors));
      setResult({ ...result, errors: explainAll(errors, schemaOf(model), suggests) });
    },
  };
}

/** Tells the route when an answer is news that must not be given again: root fields whose extensions say `volatile`. */
export function noteVolatileFields(): CallPlugin {
  return {
    onExecute({ args }) {
      const { contextValue, document, schema } = args as ExecutionArguments & {
        readonly contextValue: GraphqlCall;
      };
      const operation = chosenOperation(args);
      if (!operation) return;
      const fields = schema.getQueryType()?.getFields() ?? {};
      const isVolatile = (set: OperationDefinitionNode['selectionSet']): boolean =>
        set.selections.some((selection) => {
          if (selection.kind === Kind.FIELD)
            return fields[selection.name.value]?.extensions.volatile === true;
          if (selection.kind === Kind.INLINE_FRAGMENT) return isVolatile(selection.selectionSet);
          const fragment = document.definitions.find(
            (definition) =>
              definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
          );
          return fragment?.kind === Kind.FRAGMENT_DEFINITION && isVolatile(fragment.selectionSet);
        });
      if (isVolatile(operation.selectionSet)) contextValue.onVolatile?.();
    },
  };
}

/** Plans the file of a `metrics` field where the call asks for one, after all that stands before its answer. */
export function planExports(): CallPlugin {
  return {
    onExecute({ args, setExecuteFn }) {
      const { exporting } = (args as { readonly contextValue: GraphqlCall }).contextValue;
      if (exporting === undefined) return;
      setExecuteFn(async (final: unknown) => {
        const {
          schema,
          document,
          variableValues = {},
          contextValue,
        } = final as ExecutionArguments & { readonly contextValue: Context };
        const node = exportedField(chosenOperation(final));
        try {
          if (node === undefined)
            throw badInput('Only a query with the single field metrics can be exported as a file.');
          const given = getArgumentValues(fieldIn(schema), node, variableValues) as GivenArguments;
          const selection = readSelection({
            fieldNodes: [node],
            fragments: fragmentsOf(document),
            variableValues,
          });
          exporting.onPlanned(await exportMetrics(given, selection, contextValue, exporting.options));
          return { data: {} };
        } catch (error) {
          return { errors: [locatedError(error, node, ['metrics'])] };
        }
      });
    },
  };
}

const fragmentsOf = ({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> =>
  Object.fromEntries(
    definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );

/** Counts and times operations, and gives each a span. */
export function measureOperations(telemetry: Telemetry): CallPlugin {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const started = performance.now();
      const chosen = chosenOperation(args);
      const { contextValue } = args as { readonly contextValue: GraphqlCall };
      const measured = {
        operation: (contextValue.readQuestion().isListed && chosen?.name?.value) || otherOperation,
        kind: chosen?.operation ?? 'query',
      };
      const name = `graphql ${measured.kind} ${measured.operation}`;
      const attributes = {
        'graphql.operation.type': measured.kind,
        'graphql.operation.name': measured.operation,
      };
      setExecuteFn((...execution) =>
        telemetry.tracer.span({ name, kind: 'internal', attributes }, () => executeFn(...execution)),
      );
      return {
        onExecuteDone({ result }) {
          const errors = Symbol.asyncIterator in result ? [] : result.errors;
          telemetry.onGraphql({
            ...measured,
            outcome: outcomeOf(errors ?? []),
            seconds: (performance.now() - started) / 1_000,
          });
        },
      };
    },
  };
}
