import { z } from 'zod';
import { bind, empty, sql } from '../clickhouse/sql.ts';
import type { DayRange } from '../metrics/query.ts';
import { formatDay } from '../records/day.ts';
import type { OrderedList } from './ordered-list.ts';

/** Which exchange rates of a workspace. No channels are in them, so no restriction to channels applies. */
export interface ExchangeRatesQuery {
  readonly workspace: string;
  readonly range: DayRange;
  /** ISO 4217; all if undefined. */
  readonly base: string | undefined;
  readonly quote: string | undefined;
}

const rateRow = z.object({
  date: z.string(),
  base: z.string(),
  quote: z.string(),
  rate: z.number(),
  source: z.string(),
});
export type ExchangeRateRecord = z.infer<typeof rateRow>;

export function exchangeRateList(query: ExchangeRatesQuery): OrderedList<ExchangeRateRecord> {
  const { workspace, range } = query;
  const base = query.base === undefined ? empty : sql` AND base = ${bind('String', query.base)}`;
  const quote = query.quote === undefined ? empty : sql` AND quote = ${bind('String', query.quote)}`;
  return {
    row: rateRow,
    select: sql`SELECT date, base, quote, rate, source FROM exchange_rates FINAL WHERE workspace = ${bind('String', workspace)} AND date BETWEEN ${bind('Date', formatDay(range.from))} AND ${bind('Date', formatDay(range.to))}${base}${quote}`,
    order: [
      { by: sql`date`, type: 'Date', direction: 'desc' },
      { by: sql`base`, type: 'String', direction: 'asc' },
      { by: sql`quote`, type: 'String', direction: 'asc' },
    ],
  };
}
