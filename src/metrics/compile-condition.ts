import { bind, join, type Parameter, type Sql, sql } from '../clickhouse/sql.ts';
import { ValueList } from '../clickhouse/value-list.ts';
import { normaliseIdentifier, normaliseLabel, normaliseName, unknown } from '../records/text.ts';
import { aliasesOf } from './field-aliases.ts';
import type { Filter } from './filter.ts';
import type { Model } from './model.ts';
import { type Field, formOf, type ValueForm } from './registry.ts';

const unknownText = bind('String', unknown);
const holds = { true: bind('UInt8', 1), false: bind('UInt8', 0) } as const;

/**
 * Compiles a filter to a condition. A dimension that the rows lack is null there, stored as ''.
 *
 * @param columnOf fields with what their values count as
 * @param model its aliases are applied to the whole values that fields are compared to
 */
export function compileCondition(
  filter: Filter,
  columnOf: (name: Field) => Sql,
  model: Model | undefined,
): Sql {
  if ('and' in filter)
    return filter.and.length === 0
      ? sql`1`
      : sql`(${join(
          filter.and.map((part) => compileCondition(part, columnOf, model)),
          ' AND ',
        )})`;
  if ('or' in filter)
    return filter.or.length === 0
      ? sql`0`
      : sql`(${join(
          filter.or.map((part) => compileCondition(part, columnOf, model)),
          ' OR ',
        )})`;
  if ('not' in filter) return sql`NOT ${compileCondition(filter.not, columnOf, model)}`;
  const column = columnOf(filter.dimension);
  if (filter.operator === 'isUnknown')
    return sql`(${column} IN ('', ${unknownText}) = ${filter.holds ? holds.true : holds.false})`;
  const { operator } = filter;
  const { first, all, isEmpty } = boundValues(
    operator === 'matches' ? 'pattern' : formOf(filter.dimension),
    filter.values,
    isWhole[operator] ? aliasesOf(filter.dimension, model) : undefined,
  );
  switch (operator) {
    case 'eq':
      return isEmpty ? matchesNone : sql`(${column} = ${first})`;
    case 'ne':
      return isEmpty ? matchesAll : sql`(${column} != ${first})`;
    case 'in':
      return isEmpty ? matchesNone : sql`(${column} IN (${all}))`;
    case 'notIn':
      return isEmpty ? matchesAll : sql`(${column} NOT IN (${all}))`;
    case 'contains':
      return isEmpty ? sql`(${column} != '')` : sql`(position(${column}, ${first}) > 0)`;
    case 'startsWith':
      return isEmpty ? sql`(${column} != '')` : sql`startsWith(${column}, ${first})`;
    case 'endsWith':
      return isEmpty ? sql`(${column} != '')` : sql`endsWith(${column}, ${first})`;
    case 'matches':
      return sql`match(${column}, ${first})`;
    default:
      return operator satisfies never;
  }
}

/** Operators that compare whole values. A part of a value is no alias. */
const isWhole = {
  eq: true,
  ne: true,
  in: true,
  notIn: true,
  contains: false,
  startsWith: false,
  endsWith: false,
  matches: false,
} as const;

const matchesNone = sql`0`;
const matchesAll = sql`1`;

interface BoundValues {
  readonly first: Parameter;
  readonly all: Parameter;
  /** True if every value is blank. */
  readonly isEmpty: boolean;
}

/** Cache keyed by list identity: the tiles of a dashboard share one list, and so do the tables and periods of a tile. */
const boundValuesByList = new WeakMap<
  readonly (string | null)[],
  Map<LabelForm | ReadonlyMap<string, string>, BoundValues>
>();

/**
 * Binds the values of a condition in their stored form: null as ''. Blank texts are dropped, since none is stored. The same
 * list returns the same parameters, so it is normalised and sent once.
 */
function boundValues(
  form: LabelForm,
  values: readonly (string | null)[],
  aliases: ReadonlyMap<string, string> | undefined,
): BoundValues {
  const known = boundValuesByList.get(values) ?? new Map();
  if (!boundValuesByList.has(values)) boundValuesByList.set(values, known);
  // Aliases are of labels.
  const before = known.get(aliases ?? form);
  if (before !== undefined) return before;
  const stored = values.flatMap((value) => {
    if (value === null) return [''];
    const text = storedForm(form, value);
    return text === '' ? [] : [aliases?.get(text) ?? text];
  });
  const made = {
    first: bind('String', stored[0] ?? ''),
    all: bind('Array(String)', new ValueList(stored)),
    isEmpty: stored.length === 0,
  };
  known.set(aliases ?? form, made);
  return made;
}

/** A pattern stays as it is. */
type LabelForm = ValueForm | 'pattern';

/** Normalises a filter's value ("Google") to its stored form ("google"). */
export function storedForm(form: LabelForm, value: string): string {
  switch (form) {
    case 'label':
      return normaliseLabel(value);
    case 'identifier':
      return normaliseIdentifier(value);
    case 'name':
      return normaliseName(value);
    case 'code':
      return value.trim().toUpperCase();
    case 'pattern':
      return value;
    default:
      return form satisfies never;
  }
}
