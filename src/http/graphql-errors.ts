import {
  type ArgumentNode,
  GraphQLError,
  type GraphQLSchema,
  isEnumType,
  Kind,
  type ObjectFieldNode,
  parse,
  visit,
} from 'graphql';
import { isServersFault, UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { OperationOutcome } from '../telemetry/graphql-metrics.ts';

/**
 * What callers see of an error: a code and a sentence. Anything unexpected is logged whole and shown as INTERNAL; SQL,
 * stack traces and secrets never leave the server.
 */
export function publicError(error: unknown, logger: Logger): GraphQLError {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  const place = error instanceof GraphQLError ? placeOf(error) : {};
  if (original instanceof UtmqlError) {
    if (original.code === 'INTERNAL') logger.error({ err: original }, 'a request failed unexpectedly');
    else if (original.cause !== undefined) logger.warn({ err: original }, 'a request failed');
    return new GraphQLError(original.message, { ...place, extensions: { code: original.code } });
  }
  if (error instanceof GraphQLError && isOfGraphql(error)) return error;
  logger.error({ err: original }, 'a request failed unexpectedly');
  return new GraphQLError('The server could not answer this request. It has been logged.', {
    ...place,
    extensions: { code: 'INTERNAL' },
  });
}

/** What an operation with these errors counts as, before or after `publicError`. */
export function outcomeOf(errors: readonly GraphQLError[]): OperationOutcome {
  if (errors.length === 0) return 'ok';
  return errors.some(isOfServer) ? 'server_error' : 'caller_error';
}

function isOfServer(error: GraphQLError): boolean {
  const { originalError: original } = error;
  if (original instanceof UtmqlError) return isServersFault(original.code);
  if (!isOfGraphql(error)) return true;
  const { code } = error.extensions;
  // graphql-js names no code; where it complains while fields are resolved, a resolver gave what the schema does not allow.
  return code === undefined ? error.path !== undefined : isServersFault(code);
}

/** Whether it says itself what callers may know. Without a path it is of parsing, validation or the reading of variables. */
const isOfGraphql = ({ path, originalError }: GraphQLError): boolean =>
  path === undefined || originalError === undefined || originalError instanceof GraphQLError;

const placeOf = ({ nodes, source, positions, path }: GraphQLError) => ({
  nodes: nodes ?? null,
  source: source ?? null,
  positions: positions ?? null,
  path: path ?? null,
});

/** Codes that say only in which phase graphql-js complained. */
const phaseCodes = new Set<unknown>([undefined, 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']);

/**
 * Makes graphql-js's own complaints helpful: a wrong argument or variable gets the code BAD_USER_INPUT and a message that
 * names the argument and, for enums, the valid choices.
 *
 * @param suggests whether it may say which other names of the schema were meant
 */
export function explain(error: GraphQLError, schema: GraphQLSchema, suggests: boolean): GraphQLError {
  if (!phaseCodes.has(error.extensions.code) || error.path !== undefined) return error;
  const syntax = error.message.startsWith('Syntax Error');
  const path = syntax ? '' : argumentPath(error);
  const isArgument = path !== '' || /^Variable "|argument "/.test(error.message);
  const enumType = schema.getType(/"(\w+)" enum/.exec(error.message)?.[1] ?? '');
  const choices = isEnumType(enumType)
    ? ` Choose one of ${enumType
        .getValues()
        .map(({ name }) => name)
        .join(', ')}.`
    : '';
  const code = syntax ? 'GRAPHQL_PARSE_FAILED' : isArgument ? 'BAD_USER_INPUT' : 'GRAPHQL_VALIDATION_FAILED';
  const message = suggests ? error.message : error.message.replace(/ Did you mean [^?]*\?/g, '');
  return new GraphQLError(`${path === '' ? '' : `${path}: `}${message}${choices}`, {
    ...placeOf(error),
    extensions: { ...error.extensions, code },
  });
}

/** Which argument an error is about: `dateRange.last.unit`. Empty when it is about none. */
function argumentPath({ source, positions, nodes }: GraphQLError): string {
  const at = positions?.[0];
  if (!source || at === undefined || nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION) return '';
  const path: string[] = [];
  const enter = (node: ArgumentNode | ObjectFieldNode): void => {
    if (node.loc && node.loc.start <= at && at < node.loc.end) path.push(node.name.value);
  };
  visit(parse(source), { Argument: enter, ObjectField: enter });
  return path.join('.');
}
