import { z } from 'zod';
import { empty, identifier, join, type Sql, sql } from '../clickhouse/sql.ts';
import { canonicalColumns } from './canonical-columns.ts';
import { compileCondition } from './compile-condition.ts';
import { eventRows, isUnreadable } from './event-rows.ts';
import { catalogueOf } from './model.ts';
import { type Plan, plan, type TableScan } from './plan.ts';
import type { MetricsQuery } from './query.ts';
import { type EventField, fieldOf, pathOfEventField, type SumName } from './registry.ts';
import type { Warning } from './warnings.ts';

type ReadRows = <T>(row: z.ZodType<T>, statement: Sql) => Promise<readonly T[]>;

const countsRow = z.record(z.string(), z.number());

/** Returns a warning for each sum of events whose values are not all numbers: those that are none count as 0. */
export async function eventWarnings(query: MetricsQuery, read: ReadRows): Promise<readonly Warning[]> {
  const planned = plan(query);
  const found = planned.scans.map(async (scan) => {
    const summed = scan.shift === undefined ? valuesOf(scan, planned) : [];
    if (summed.length === 0) return [];
    const [counts = {}] = await read(countsRow, countsStatement(scan, planned, summed));
    return summed.flatMap(({ name, field }, index) => {
      const count = counts[`n_${index}`] ?? 0;
      return count === 0 ? [] : [warningOf(count, name, field)];
    });
  });
  return (await Promise.all(found)).flat();
}

interface Summed {
  readonly name: SumName;
  readonly field: EventField;
}

function valuesOf({ sums }: TableScan, { model }: Plan): Summed[] {
  return sums.flatMap((name) => {
    const { addend } = catalogueOf(model).sum(name);
    return 'kind' in addend && addend.kind === 'values' ? [{ name, field: addend.field }] : [];
  });
}

function countsStatement(scan: TableScan, planned: Plan, summed: readonly Summed[]): Sql {
  const { from, columnOf } = eventRows(scan, planned);
  const canonical = canonicalColumns(columnOf, planned.model);
  const counts = summed.map(({ name, field }, index) => {
    const { where } = catalogueOf(planned.model).sum(name);
    const counted =
      where === undefined ? empty : sql` AND ${compileCondition(where, canonical, planned.model)}`;
    return sql`countIf(${isUnreadable(field)}${counted}) AS ${identifier(`n_${index}`)}`;
  });
  const filter =
    planned.where === undefined
      ? empty
      : sql` AND ${compileCondition(planned.where, canonical, planned.model)}`;
  return sql`SELECT ${join(counts, ', ')} FROM ${from}${filter}`;
}

const warningOf = (count: number, name: SumName, field: EventField): Warning => ({
  code: 'NOT_A_NUMBER',
  message: `${count} ${count === 1 ? 'event' : 'events'} of ${fieldOf(name)} ${count === 1 ? 'has' : 'have'} a ${pathOfEventField(field).join('.')} that is no number and counts as 0.`,
});
