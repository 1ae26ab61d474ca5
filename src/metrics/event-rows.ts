import { bind, empty, identifier, join, type Sql, sql } from '../clickhouse/sql.ts';
import { attributedEvents, eventsOf } from './attributed-events.ts';
import type { Sum } from './catalogue.ts';
import { visibleRows } from './data-scope.ts';
import { catalogueOf } from './model.ts';
import type { EventCurrency, Plan, Scan, TableScan } from './plan.ts';
import { fieldsRead } from './read-fields.ts';
import {
  type Addend,
  type ColumnOf,
  type EventField,
  isBreakdown,
  isEventField,
  pathOfEventField,
  type StoredField,
  snakeCase,
} from './registry.ts';

/** What events have of the campaign that their UTM values belong to. */
const attributed: ReadonlySet<StoredField> = new Set(['channel', 'campaignId', 'match']);

/** The events of a range, with the campaign of their day and UTM values where something is told by it. */
export function eventRows(
  scan: TableScan,
  plan: Plan<Scan>,
): { from: Sql; columnOf: ColumnOf; addendOf: (sum: Sum) => Addend } {
  const conditions = scan.sums.map((name) => catalogueOf(plan.model).sum(name).where);
  const isByCampaign = [...fieldsRead(plan, conditions)].some((field) => attributed.has(field));
  const events = isByCampaign
    ? attributedEvents(plan.workspace, scan.range)
    : eventsOf(plan.workspace, scan.range);
  const currency =
    scan.currency === undefined ? empty : sql`, upper(trim(${currencyText(scan.currency)})) AS currency`;
  const columnOf: ColumnOf = (name) => columnOfEvents(name, scan.currency);
  return {
    from: sql`(SELECT *${currency} FROM ${events}) WHERE ${visibleRows(columnOf, plan)}`,
    columnOf,
    addendOf: ({ addend }) => ('kind' in addend ? summedOf(addend) : {}),
  };
}

function columnOfEvents(name: StoredField, currency: EventCurrency | undefined): Sql {
  if (isEventField(name)) return textOf(name);
  const isLacking =
    name === 'adGroupId' || name === 'adId' || (name === 'currency' && currency === undefined);
  return isLacking || isBreakdown(name) ? sql`''` : identifier(snakeCase(name));
}

function summedOf(addend: Exclude<Sum['addend'], { column: unknown }>): Addend {
  switch (addend.kind) {
    case 'distinct':
      return { value: textOf(addend.field) };
    case 'values':
      // By its text: JSONExtract throws at a number such as 1e40, and sums of more digits wrap around unseen.
      return { value: sql`toDecimal64OrZero(trim(${textOf(addend.field)}), 6)` };
    case 'events':
    case 'extra':
      return {};
    default:
      return addend satisfies never;
  }
}

/** Whether an event has something in a field that is no number. */
export const isUnreadable = (field: EventField): Sql =>
  sql`(trim(${textOf(field)}) != '' AND isNull(toDecimal64OrNull(trim(${textOf(field)}), 6)))`;

const currencyText = (currency: EventCurrency): Sql =>
  'code' in currency ? sql`${bind('String', currency.code)}` : textOf(currency.field);

/** '' where an event has no such field. */
function textOf(field: EventField): Sql {
  const [name = '', ...path] = pathOfEventField(field);
  return name === 'metadata'
    ? sql`ifNull(JSONExtract(metadata, ${join(
        path.map((key) => sql`${bind('String', key)}`),
        ', ',
      )}, 'Nullable(String)'), '')`
    : identifier(name);
}
