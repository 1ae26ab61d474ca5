import {
  type ArgumentNode,
  GraphQLError,
  type GraphQLSchema,
  isEnumType,
  Kind,
  type ObjectFieldNode,
  parse,
  type Source,
  visit,
} from 'graphql';
import { isServersFault } from '../error-codes.ts';
import { UtmqlError, unexpected } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { OperationOutcome } from '../telemetry/graphql-metrics.ts';
import { errorExtensions } from './error-answers.ts';

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
    return new GraphQLError(original.message, { ...place, extensions: errorExtensions(original) });
  }
  if (error instanceof GraphQLError && isOfGraphql(error)) return error;
  logger.error({ err: original }, 'a request failed unexpectedly');
  return new GraphQLError(unexpected, {
    ...place,
    extensions: { code: 'INTERNAL' },
  });
}

/** When it is worth asking again, by the errors of an answer. */
export function retryAfterOf(errors: readonly GraphQLError[]): number | undefined {
  const seconds = errors
    .map(({ extensions }) => extensions.retryAfterSeconds)
    .filter((each) => typeof each === 'number');
  return seconds.length === 0 ? undefined : Math.max(...seconds);
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

/** Errors of one answer that are told. Nobody reads more, and a megabyte of wrong values would have as many. */
export const mostErrors = 20;

/** Characters of a complaint, which repeats the value that it is about: half of them from its end, where the reason stands. */
const mostCharacters = 1_000;

/**
 * Makes graphql-js's own complaints helpful and short: a wrong argument or variable gets the code BAD_USER_INPUT and a message
 * that names the argument and, for enums, the valid choices. Of the complaints about a request, the first `mostErrors` are
 * told; what went wrong while it was run is told whole.
 *
 * @param suggests whether it may say which other names of the schema were meant
 */
export function explainAll(
  errors: readonly GraphQLError[],
  schema: GraphQLSchema,
  suggests: boolean,
): readonly GraphQLError[] {
  const argumentPath = createArgumentPaths();
  const told = errors.filter(({ path }, index) => index < mostErrors || path !== undefined);
  const explained = told.map((error) => explain(error, schema, suggests, argumentPath));
  const last = explained.at(-1);
  if (told.length === errors.length || last === undefined) return explained;
  return [
    ...explained,
    new GraphQLError('More is wrong than is told here.', { extensions: { code: last.extensions.code } }),
  ];
}

function explain(
  error: GraphQLError,
  schema: GraphQLSchema,
  suggests: boolean,
  argumentPath: (error: GraphQLError) => string,
): GraphQLError {
  if (!phaseCodes.has(error.extensions.code) || error.path !== undefined) return error;
  const complaint = shorten(error.message);
  const syntax = complaint.startsWith('Syntax Error');
  const path = syntax ? '' : argumentPath(error);
  const isArgument = path !== '' || /^Variable "|argument "/.test(complaint);
  const enumType = schema.getType(/"(\w+)" enum/.exec(complaint)?.[1] ?? '');
  const choices = isEnumType(enumType)
    ? ` Choose one of ${enumType
        .getValues()
        .map(({ name }) => name)
        .join(', ')}.`
    : '';
  const code = syntax ? 'GRAPHQL_PARSE_FAILED' : isArgument ? 'BAD_USER_INPUT' : 'GRAPHQL_VALIDATION_FAILED';
  const message = suggests ? complaint : complaint.replace(/ Did you mean [^?]*\?/g, '');
  return new GraphQLError(`${path === '' ? '' : `${path}: `}${message}${choices}`, {
    ...placeOf(error),
    extensions: { ...error.extensions, code },
  });
}

const shorten = (text: string): string =>
  text.length <= mostCharacters
    ? text
    : `${text.slice(0, mostCharacters / 2)} … ${text.slice(-mostCharacters / 2)}`;

interface NamedSpan {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/**
 * Which argument an error is about: `dateRange.last.unit`. Empty when it is about none. The errors of one answer are about
 * one document, which is parsed once for all of them.
 */
function createArgumentPaths(): (error: GraphQLError) => string {
  const known = new Map<Source, readonly NamedSpan[]>();
  const spansOf = (source: Source): readonly NamedSpan[] => {
    const before = known.get(source);
    if (before !== undefined) return before;
    const spans: NamedSpan[] = [];
    const enter = ({ loc, name }: ArgumentNode | ObjectFieldNode): void => {
      if (loc) spans.push({ start: loc.start, end: loc.end, name: name.value });
    };
    visit(parse(source), { Argument: enter, ObjectField: enter });
    known.set(source, spans);
    return spans;
  };
  return ({ source, positions, nodes }) => {
    const at = positions?.[0];
    if (!source || at === undefined || nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION) return '';
    return spansOf(source)
      .filter(({ start, end }) => start <= at && at < end)
      .map(({ name }) => name)
      .join('.');
  };
}
