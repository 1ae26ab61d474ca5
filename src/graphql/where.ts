import { badInput } from '../errors.ts';
import { type Filter, textOperators } from '../metrics/filter.ts';
import { countConditions, joinConditions } from '../metrics/join-conditions.ts';
import type { Model } from '../metrics/model.ts';
import {
  describeDimension,
  fieldOf,
  type LabelName,
  labelNames,
  matches,
  type OwnDimension,
  type TextDimension,
} from '../metrics/registry.ts';
import { maxRawLength } from '../records/text.ts';
import { breakdownDescription, readBreakdown } from './breakdowns.ts';
import { builder } from './builder.ts';

/** Values in one list, at most: beyond this the filter belongs into a dimension. */
const maxValues = 10_000;
const maxDepth = 10;
/** Conditions of one filter, lists counting as one. */
const maxConditions = 200;

interface TextFilterShape {
  eq?: string | null | undefined;
  ne?: string | null | undefined;
  in?: (string | null | undefined)[] | null | undefined;
  notIn?: (string | null | undefined)[] | null | undefined;
  contains?: string | null | undefined;
  startsWith?: string | null | undefined;
  endsWith?: string | null | undefined;
  isUnknown?: boolean | null | undefined;
}

type InputFields = PothosSchemaTypes.InputFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<typeof builder.$inferSchemaTypes>,
  'InputObject'
>;

const conditions = (t: InputFields) => ({
  eq: t.string({
    description: 'Equal to this text. `eq: null`, as the only condition, selects records without a value.',
  }),
  ne: t.string({
    description: 'Not equal to this text. `ne: null`, as the only condition, selects records with a value.',
  }),
  in: t.field({
    type: t.listRef('String', { required: false }),
    description: 'One of these texts. Null in the list stands for records without a value.',
  }),
  notIn: t.field({
    type: t.listRef('String', { required: false }),
    description: 'None of these texts. Null in the list stands for records without a value.',
  }),
  contains: t.string({ description: 'Contains this text.' }),
  startsWith: t.string({ description: 'Starts with this text.' }),
  endsWith: t.string({ description: 'Ends with this text.' }),
  isUnknown: t.boolean({
    description: 'True selects records whose value is `unknown` or null, false all others.',
  }),
});

export const TextFilter = builder.inputRef<TextFilterShape>('TextFilter').implement({
  description:
    'Conditions on one dimension. All given conditions must hold. A condition that is null counts as not given, except `eq: null` or `ne: null` alone. A record without a value equals no text, so `ne` and `notIn` select it, unless they name null. A blank text equals nothing, not even null.',
  fields: conditions,
});

type BreakdownFilterShape = TextFilterShape & { name: string };

const BreakdownFilter = builder.inputRef<BreakdownFilterShape>('BreakdownFilter').implement({
  description:
    'Conditions on a breakdown, as in `TextFilter`. The value is null for ads rows without this breakdown and for all CRM records.',
  fields: (t) => ({
    name: t.string({ required: true, description: breakdownDescription }),
    ...conditions(t),
  }),
});

type WhereShape = { [Name in LabelName]?: TextFilterShape | null | undefined } & {
  breakdowns?: BreakdownFilterShape[] | null | undefined;
  and?: WhereShape[] | null | undefined;
  or?: WhereShape[] | null | undefined;
  not?: WhereShape | null | undefined;
};

export const MetricsWhere = builder.inputRef<WhereShape>('MetricsWhere').implement({
  description: 'Filter on records. All given conditions must hold.',
  fields: (t) => ({
    ...Object.fromEntries(
      labelNames.map((name) => [name, t.field({ type: TextFilter, description: describeDimension(name) })]),
    ),
    breakdowns: t.field({ type: [BreakdownFilter], description: 'Conditions on breakdowns. All must hold.' }),
    and: t.field({ type: [MetricsWhere], description: 'All of these filters must hold.' }),
    or: t.field({ type: [MetricsWhere], description: 'At least one of these filters must hold.' }),
    not: t.field({ type: MetricsWhere, description: 'This filter must not hold.' }),
  }),
});

/** By the argument: a variable that all tiles of a dashboard are filtered by is read once. */
const known = new WeakMap<WhereShape, Filter>();

/**
 * The `where` argument as a filter.
 *
 * @throws UtmqlError BAD_USER_INPUT that names the field
 */
export function readWhere(
  where: WhereShape | null | undefined,
  model: Model | undefined,
): Filter | undefined {
  if (!where) return undefined;
  const dimensions = [...labelNames, ...(model?.dimensions.keys() ?? [])];
  const filter = known.get(where) ?? readPart(where, 'where', 0, dimensions);
  if (filter === undefined) return undefined;
  const conditions = countConditions(filter);
  if (conditions > maxConditions) {
    throw badInput(
      `where has ${conditions} conditions; at most ${maxConditions} can be given. Put values of one dimension into one list (in, notIn).`,
    );
  }
  known.set(where, filter);
  return filter;
}

type Readable = readonly (LabelName | OwnDimension)[];

/** @param dimensions that a filter can name by a field of its own */
function readPart(where: WhereShape, path: string, depth: number, dimensions: Readable): Filter | undefined {
  if (depth > maxDepth) throw badInput(`${path}: filters nest at most ${maxDepth} deep.`);
  const parts: Filter[] = [];
  // Fields of own dimensions are in the schema that grew by the model.
  const fields: Readonly<Record<string, unknown>> = where;
  for (const name of dimensions) {
    const filter = fields[fieldOf(name)] as TextFilterShape | null | undefined;
    if (filter) parts.push(...readTextFilter(name, filter, `${path}.${fieldOf(name)}`));
  }
  for (const [index, { name, ...filter }] of (where.breakdowns ?? []).entries()) {
    const at = `${path}.breakdowns[${index}]`;
    parts.push(...readTextFilter(readBreakdown(name, `${at}.name`), filter, at));
  }
  if (where.and) parts.push(...readList(where.and, `${path}.and`, depth, dimensions));
  if (where.or) {
    const either = joinConditions(readList(where.or, `${path}.or`, depth, dimensions), 'or');
    const [only] = either;
    parts.push(only !== undefined && either.length === 1 ? only : { or: either });
  }
  if (where.not) {
    const inner = readPart(where.not, `${path}.not`, depth + 1, dimensions);
    if (inner === undefined) throw badInput(`${path}.not is empty; name a condition.`);
    parts.push({ not: inner });
  }
  const all = joinConditions(parts, 'and');
  const [only] = all;
  return all.length <= 1 ? only : { and: all };
}

function readList(
  list: readonly WhereShape[],
  path: string,
  depth: number,
  dimensions: Readable,
): readonly Filter[] {
  if (list.length === 0) throw badInput(`${path} is an empty list; name a condition or leave it out.`);
  return list.map((where, index) => {
    const filter = readPart(where, `${path}[${index}]`, depth + 1, dimensions);
    if (filter === undefined) throw badInput(`${path}[${index}] is empty; name a condition.`);
    return filter;
  });
}

export function readTextFilter(dimension: TextDimension, filter: TextFilterShape, path: string): Filter[] {
  const parts: Filter[] = [];
  // Typed clients send every condition, as null where nobody has chosen one.
  const isAlone = textOperators.filter((operator) => filter[operator] !== undefined).length === 1;
  for (const operator of textOperators) {
    const given = filter[operator];
    if (given === undefined) continue;
    if (given === null && !(isAlone && (operator === 'eq' || operator === 'ne'))) continue;
    if (operator === 'isUnknown') {
      parts.push({ dimension, operator, holds: given === true });
      continue;
    }
    const values = Array.isArray(given) ? given.map((value) => value ?? null) : [asText(given)];
    if (values.length > maxValues)
      throw badInput(`${path}.${operator} has ${values.length} values; at most ${maxValues} can be given.`);
    const long = values.find((value) => value !== null && value.length > maxRawLength);
    if (typeof long === 'string') {
      throw badInput(
        `${path}.${operator} has a value of ${long.length} characters; at most ${maxRawLength} can be given.`,
      );
    }
    if (dimension === 'match') checkMatches(values, `${path}.${operator}`);
    parts.push({ dimension, operator, values });
  }
  if (parts.length === 0) throw badInput(`${path} is empty; give one of ${textOperators.join(', ')}.`);
  return parts;
}

const asText = (value: string | boolean | null): string | null => (value === null ? null : String(value));

function checkMatches(values: readonly (string | null)[], path: string): void {
  const isPart = (value: string): boolean =>
    matches.some((match) => match.includes(value.trim().toUpperCase()));
  const wrong = values.find((value) => value !== null && !isPart(value));
  if (typeof wrong === 'string')
    throw badInput(`${path}: ${JSON.stringify(wrong)} is none of ${matches.join(', ')}.`);
}
