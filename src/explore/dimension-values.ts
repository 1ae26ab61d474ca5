import { z } from 'zod';
import { empty, join, type Sql, sql } from '../clickhouse/sql.ts';
import { canonicalColumns } from '../metrics/canonical-columns.ts';
import { columnOfSide, formOf, type Side, type TextDimension } from '../metrics/registry.ts';
import { normaliseIdentifier, normaliseLabel, normaliseName } from '../records/text.ts';
import type { OrderedList } from './ordered-list.ts';
import { containsText, optionalText, recordsOf, type Scope } from './scope.ts';

export interface DimensionValuesQuery extends Scope {
  readonly dimension: TextDimension;
  /** Only values that contain this text. Null contains no text. */
  readonly search: string;
}

/** A value or null, with the number of its stored records (ads and CRM) and their cost. */
const dimensionValueRow = z.object({
  value: optionalText,
  record_count: z.number(),
  total_cost: z.number(),
});
export type DimensionValue = z.infer<typeof dimensionValueRow>;

export function dimensionValueList(query: DimensionValuesQuery): OrderedList<DimensionValue> {
  const { dimension } = query;
  const part = (side: Side, cost: Sql): Sql => {
    const column = canonicalColumns(columnOfSide(side), query.model)(dimension);
    const search = searchCondition(column, dimension, query.search);
    return sql`SELECT ${column} AS value, count() AS part_count, ${cost} AS part_cost FROM ${recordsOf(side, query)}${search} GROUP BY value`;
  };
  const parts = join([part('ads', sql`sum(cost)`), part('crm', sql`toDecimal128(0, 6)`)], ' UNION ALL ');
  return {
    row: dimensionValueRow,
    select: sql`SELECT value, sum(part_count) AS record_count, sum(part_cost) AS total_cost FROM (${parts}) GROUP BY value`,
    order: mostCostFirst,
  };
}

const mostCostFirst: OrderedList<DimensionValue>['order'] = [
  { by: sql`total_cost`, type: 'Decimal(38, 6)', direction: 'desc' },
  { by: sql`record_count`, type: 'UInt64', direction: 'desc' },
  { by: sql`value = ''`, type: 'UInt64', direction: 'asc' },
  { by: sql`value`, type: 'String', direction: 'asc' },
];

/** Returns the names of the breakdowns of ads rows, each with its number of rows and their cost. */
export function breakdownNameList(scope: Scope): OrderedList<DimensionValue> {
  return {
    row: dimensionValueRow,
    select: sql`SELECT toString(arrayJoin(mapKeys(breakdowns))) AS value, count() AS record_count, sum(cost) AS total_cost
                FROM ${recordsOf('ads', scope)} AND notEmpty(breakdowns) GROUP BY value`,
    order: mostCostFirst,
  };
}

/** Normalises the search like the stored values, because people type values in another form. */
function searchCondition(column: Sql, dimension: TextDimension, search: string): Sql {
  const form = formOf(dimension);
  const stored = {
    label: normaliseLabel,
    name: normaliseName,
    identifier: normaliseIdentifier,
    code: normaliseIdentifier,
  };
  const needle = stored[form](search);
  return needle === '' ? empty : sql` AND ${containsText(column, needle)}`;
}
