import { z } from 'zod';
import { bind, empty, type Sql, sql } from '../clickhouse/sql.ts';
import { compileFilter } from '../metrics/compile-filter.ts';
import { type DataScope, visibleRows } from '../metrics/data-scope.ts';
import type { Filter } from '../metrics/filter.ts';
import type { DayRange } from '../metrics/query.ts';
import { type Side, tableOf } from '../metrics/registry.ts';
import { formatDay } from '../records/day.ts';

/** Selects the records that a `metrics` query with the same range and filter counts. */
export interface Scope extends DataScope {
  readonly range: DayRange;
  readonly where: Filter | undefined;
}

/** Returns the text after FROM for all reads of records. Further conditions follow with AND. */
export function recordsOf(side: Side, scope: Scope): Sql {
  const { range, where } = scope;
  const filter = where === undefined ? empty : sql` AND ${compileFilter(where, side, scope.model)}`;
  return sql`${tableOf[side]} FINAL WHERE ${visibleRows(side, scope)} AND date BETWEEN ${bind('Date', formatDay(range.from))} AND ${bind('Date', formatDay(range.to))}${filter}`;
}

/** Returns a condition: `text` contains `search`, in any case. */
export const containsText = (text: Sql, search: string): Sql =>
  sql`position(lowerUTF8(${text}), lowerUTF8(${bind('String', search)})) > 0`;

/** A column in which an empty text means null. */
export const optionalText = z.string().transform((text) => (text === '' ? null : text));
