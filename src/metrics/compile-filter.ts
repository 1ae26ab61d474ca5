import { bind, join, type Parameter, type Sql, sql } from '../clickhouse/sql.ts';
import { ValueList } from '../clickhouse/value-list.ts';
import type { Model } from '../model/model.ts';
import { normaliseIdentifier, normaliseLabel, normaliseName, unknown } from '../records/text.ts';
import { aliasesOf, canonicalColumns } from './canonical-columns.ts';
import type { Filter } from './filter.ts';
import { type ColumnOf, columnOfSide, type Side, type TextDimension, textDimension } from './registry.ts';

const unknownText = bind('String', unknown);
const holds = { true: bind('UInt8', 1), false: bind('UInt8', 0) } as const;

/**
 * Compiles a filter to a condition on one side's table, or on what has the columns given. A dimension that the side lacks is
 * null there, stored as ''. Where the model has aliases of a dimension, its rows and whole values are compared by what they count as.
 */
export const compileFilter = (filter: Filter, place: Side | ColumnOf, model?: Model | undefined): Sql =>
  condition(
    filter,
    canonicalColumns(typeof place === 'function' ? place : columnOfSide(place), model),
    model,
  );

function condition(filter: Filter, columnOf: ColumnOf, model: Model | undefined): Sql {
  if ('and' in filter)
    return filter.and.length === 0
      ? sql`1`
      : sql`(${join(
          filter.and.map((part) => condition(part, columnOf, model)),
          ' AND ',
        )})`;
  if ('or' in filter)
    return filter.or.length === 0
      ? sql`0`
      : sql`(${join(
          filter.or.map((part) => condition(part, columnOf, model)),
          ' OR ',
        )})`;
  if ('not' in filter) return sql`NOT ${condition(filter.not, columnOf, model)}`;
  const column = columnOf(filter.dimension);
  if (filter.operator === 'isUnknown')
    return sql`(${column} IN ('', ${unknownText}) = ${filter.holds ? holds.true : holds.false})`;
  const { operator } = filter;
  const { first, all, isEmpty } = boundValues(
    filter.dimension,
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
  dimension: TextDimension,
  values: readonly (string | null)[],
  aliases: ReadonlyMap<string, string> | undefined,
): BoundValues {
  const form = textDimension(dimension).values;
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

type LabelForm = ReturnType<typeof textDimension>['values'];

/** Normalises a filter's value ("Google") to its stored form ("google"). */
function storedForm(form: LabelForm, value: string): string {
  switch (form) {
    case 'label':
      return normaliseLabel(value);
    case 'identifier':
      return normaliseIdentifier(value);
    case 'name':
      return normaliseName(value);
    case 'code':
      return value.trim().toUpperCase();
    default:
      return form satisfies never;
  }
}
