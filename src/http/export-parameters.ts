import {
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  parse,
} from 'graphql';
import { z } from 'zod';
import { badInput } from '../errors.ts';
import { fieldIn, pageArgumentNames } from '../graphql/export-address.ts';
import { type ExportFormat, exportFormats } from '../metrics/export.ts';
import { type FigureKind, figureKinds } from '../metrics/query.ts';
import { type AskedDimension, fieldOf, type MeasureName } from '../metrics/registry.ts';
import { noSuch } from '../nearest.ts';
import { coerceVariables } from './coerce-variables.ts';
import { explainAll, mostErrors } from './graphql-errors.ts';

type Variables = Readonly<Record<string, unknown>>;

/** What a request for a file asks. */
export interface ExportRequest {
  readonly format: ExportFormat;
  /** The file begins with a byte order mark, by which Excel knows UTF-8. */
  readonly hasBom: boolean;
  readonly limit: number | undefined;
  /** A persisted document's id, or the text of one that shows what is asked. */
  readonly document: { readonly documentId: string } | { readonly query: string };
  readonly variables: Variables;
}

const ofFile = ['format', 'bom', 'limit'] as const;
const ofDocument = ['documentId', 'variables'] as const;
/** Short for `dateRange`. */
const ofRange = ['preset', 'from', 'to'] as const;
const ofSelection = ['measures', 'figures'] as const;

/** What is read before the document is written. */
interface Chosen {
  readonly groupBy?: readonly AskedDimension[] | null;
  readonly breakdowns?: readonly string[] | null;
  readonly measures?: readonly MeasureName[] | null;
  readonly figures?: readonly FigureKind[] | null;
}
const choices = parse(
  'query ($groupBy: [Dimension!], $breakdowns: [String!], $measures: [Measure!], $figures: [Figure!]) { __typename }',
).definitions.find(
  (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
);

/**
 * Reads the parameters of a request for a file. Arguments of `metrics` are read by the types that they have in GraphQL.
 *
 * @param suggests whether it may say which other names of the schema were meant
 * @throws UtmqlError BAD_USER_INPUT that names the parameter
 */
export async function readExportRequest(
  search: URLSearchParams,
  schema: GraphQLSchema,
  suggests: boolean,
): Promise<ExportRequest> {
  const taken = fieldIn(schema).args.filter(({ name }) => !pageArgumentNames.has(name));
  checkNames(search, taken);
  const file = {
    format: readFormat(search.get('format')),
    hasBom: readFlag('bom', search.get('bom')),
    limit: readLimit(search.get('limit')),
  };
  if (file.hasBom && file.format !== 'csv') throw badInput('bom: only CSV files can begin with one.');
  const documentId = search.get('documentId');
  if (documentId !== null) {
    const text = search.get('variables');
    const variables = text ? variablesShape.safeParse(readJson('variables', text)) : undefined;
    if (variables?.success === false) throw badInput('variables: give a JSON object.');
    return { ...file, document: { documentId }, variables: variables?.data ?? {} };
  }
  const given: Record<string, unknown> = {};
  for (const { name, type } of taken) {
    const text = search.get(name);
    if (text !== null) given[name] = readArgument(name, type, text);
  }
  const dateRange = readDateRange(search, given.dateRange);
  const { measures, figures } = Object.fromEntries(
    ofSelection.map((name) => [name, readList(name, search.get(name))]),
  );
  const chosen = await readChosen({ ...given, measures, figures }, schema, suggests);
  const variables = { ...given, dateRange };
  const asked = taken.filter(({ name }) => name in variables);
  return { ...file, document: { query: documentOf(asked, chosen, variables) }, variables };
}

const variablesShape = z.record(z.string(), z.unknown());

function checkNames(search: URLSearchParams, taken: readonly GraphQLArgument[]): void {
  const names = search.has('documentId')
    ? [...ofFile, ...ofDocument]
    : [...ofFile, ...ofRange, ...ofSelection, ...taken.map(({ name }) => name), 'documentId'];
  for (const name of search.keys()) {
    const shown = JSON.stringify(name.slice(0, 60));
    if (!names.includes(name)) throw badInput(`${shown}: ${noSuch('parameter', name.slice(0, 60), names)}.`);
    if (search.getAll(name).length > 1) throw badInput(`${name} is given twice; give it once.`);
  }
}

function readFormat(text: string | null): ExportFormat {
  const format = exportFormats.find((name) => name === (text ?? 'csv').toLowerCase());
  if (format === undefined) throw badInput(`format: choose one of ${exportFormats.join(', ')}.`);
  return format;
}

function readFlag(name: string, text: string | null): boolean {
  if (text === null || text === 'false') return false;
  if (text === 'true') return true;
  throw badInput(`${name}: give true or false.`);
}

function readLimit(text: string | null): number | undefined {
  if (text === null) return undefined;
  const limit = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(limit) && limit > 0) return limit;
  throw badInput('limit: give a whole number of rows, from 1.');
}

function readDateRange(search: URLSearchParams, whole: unknown): unknown {
  const [preset, from, to] = ofRange.map((name) => search.get(name) ?? undefined);
  const between = from === undefined && to === undefined ? undefined : { from, to };
  const parts = [whole, preset && { preset }, between && { between }].filter((part) => part !== undefined);
  if (parts.length !== 1)
    throw badInput('Give the range of days once: as preset, as from and to, or as dateRange.');
  return parts[0];
}

/** Names and numbers as they stand; lists of them with commas between; whatever has parts as JSON. */
function readArgument(name: string, type: GraphQLInputType, text: string): unknown {
  const isList = isListType(getNullableType(type));
  if (isInputObjectType(getNamedType(type))) return readJson(name, text);
  if (isList) return readList(name, text);
  if (getNamedType(type).name !== 'Boolean') return text;
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

function readList(name: string, text: string | null): unknown {
  if (text === null) return undefined;
  if (text.startsWith('[')) return readJson(name, text);
  return text === '' ? [] : text.split(',').map((item) => item.trim());
}

function readJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badInput(`${name}: this is not valid JSON.`);
  }
}

async function readChosen(inputs: Variables, schema: GraphQLSchema, suggests: boolean): Promise<Chosen> {
  if (choices === undefined) throw new Error('the choices are not a query');
  const read = await coerceVariables(schema, choices, inputs, mostErrors);
  if (read.errors === undefined) return read.coerced;
  throw badInput(explainAll(read.errors, schema, suggests)[0]?.message ?? '');
}

/** The document that shows what is asked: what it costs and who may ask it is found as of any other. */
function documentOf(
  asked: readonly GraphQLArgument[],
  { groupBy, breakdowns, measures, figures }: Chosen,
  { compareTo, limitBy }: Variables,
): string {
  const [breakdown] = breakdowns ?? [];
  const kinds = figures ?? (compareTo === undefined ? (['current'] as const) : figureKinds);
  const fields = (measures ?? []).map(fieldOf).join(' ');
  const figuresOf = (kind: FigureKind): string => (kind === 'current' ? fields : `${kind} { ${fields} }`);
  const selected = [
    ...(groupBy ?? []).map(fieldOf),
    ...(breakdown === undefined ? [] : [`breakdown(name: ${JSON.stringify(breakdown)})`]),
    ...(limitBy === undefined ? [] : ['isOther']),
    ...(fields === '' ? [] : kinds.map(figuresOf)),
  ];
  if (selected.length === 0)
    throw badInput('The file would have no columns; name dimensions in groupBy, or measures.');
  const defined = asked.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const passed = asked.map(({ name }) => `${name}: $${name}`).join(', ');
  return `query (${defined}) { metrics(${passed}, first: 1) { nodes { ${selected.join(' ')} } } }`;
}
