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
import { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';

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
  // Without a path it comes from before execution: from parsing, validation or the reading of variables.
  if (error instanceof GraphQLError && (error.path === undefined || original instanceof GraphQLError))
    return error;
  logger.error({ err: original }, 'a request failed unexpectedly');
  return new GraphQLError('The server could not answer this request. It has been logged.', {
    ...place,
    extensions: { code: 'INTERNAL' },
  });
}

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
