import { z } from 'zod';
import { instant } from '../clickhouse/instant.ts';
import { bind, empty, identifier, instantOf, join, type Sql, sql } from '../clickhouse/sql.ts';
import { compileFilter } from '../metrics/compile-filter.ts';
import { type DataScope, workspaceRows } from '../metrics/data-scope.ts';
import type { Filter } from '../metrics/filter.ts';
import { type Day, firstDay, formatDay, lastDay } from '../records/day.ts';
import type { Reader } from './reader.ts';
import { containsText } from './scope.ts';

/** Conditions on events; all that are given must hold. */
export interface EventsQuery extends DataScope {
  readonly service: string | undefined;
  readonly eventId: string | undefined;
  /** Text in the message or the metadata, in any case. */
  readonly search: string | undefined;
  readonly where: Filter | undefined;
  /** Inclusive, in epoch milliseconds. */
  readonly from: number | undefined;
  /** Exclusive, in epoch milliseconds. */
  readonly to: number | undefined;
}

/** The last event before a page. */
export type EventCursor = readonly [timestamp: number, eventId: string, service: string];

const eventRow = z.object({
  event_id: z.string(),
  timestamp: instant,
  service: z.string(),
  message: z.string(),
  metadata: z.string(),
  utm_campaign: z.string(),
  utm_source: z.string(),
  utm_medium: z.string(),
  utm_content: z.string(),
  utm_term: z.string(),
  extra: z.string(),
});
export type EventRecord = z.infer<typeof eventRow>;

export const eventCursor = (row: EventRecord): EventCursor => [
  row.timestamp.getTime(),
  row.event_id,
  row.service,
];

const columns = join(Object.keys(eventRow.shape).map(identifier), ', ');

interface Days {
  readonly first: Day;
  readonly last: Day;
}

/** Selects the latest events of a range of days; events of one instant have a fixed order. */
export function eventsStatement(
  query: EventsQuery,
  days: Days,
  after: EventCursor | undefined,
  limit: number,
): Sql {
  return sql`SELECT ${columns} FROM ${eventsOf(query, days)}${after === undefined ? empty : isBeforeCursor(after)} ORDER BY timestamp DESC, event_id DESC, service DESC LIMIT ${bind('UInt64', limit)}`;
}

export const eventCountStatement = (query: EventsQuery, days: Days): Sql =>
  sql`SELECT count() AS count FROM ${eventsOf(query, days)}`;

function eventsOf(query: EventsQuery, { first, last }: Days): Sql {
  const { service, eventId, search, where, from, to } = query;
  const parts: Sql[] = [];
  if (service !== undefined) parts.push(sql` AND service = ${bind('String', service)}`);
  if (eventId !== undefined) parts.push(sql` AND event_id = ${bind('String', eventId)}`);
  if (from !== undefined) parts.push(sql` AND timestamp >= ${instantOf(from)}`);
  if (to !== undefined) parts.push(sql` AND timestamp < ${instantOf(to)}`);
  if (search !== undefined) {
    parts.push(sql` AND (${containsText(sql`message`, search)} OR ${containsText(sql`metadata`, search)})`);
  }
  // Events have the UTM columns of CRM records.
  if (where !== undefined) parts.push(sql` AND ${compileFilter(where, 'crm', query.model)}`);
  const conditions = parts.reduce((whole, part) => sql`${whole}${part}`, empty);
  return sql`events FINAL WHERE ${workspaceRows(query)} AND date BETWEEN ${bind('Date', formatDay(first))} AND ${bind('Date', formatDay(last))}${conditions}`;
}

const isBeforeCursor = ([timestamp, eventId, service]: EventCursor): Sql =>
  sql` AND (timestamp, event_id, service) < (${instantOf(timestamp)}, ${bind('String', eventId)}, ${bind('String', service)})`;

/** Number of days in the first query. Each further one reads twice as many; after one of `lastStep` days, all earlier days. */
const firstStep = 1;
const lastStep = 64;

/** Reads the pages of a query. */
export interface EventPages {
  /** Returns up to `limit` events after `after`, the latest first. */
  read(after: EventCursor | undefined, limit: number): Promise<readonly EventRecord[]>;
  count(): Promise<number>;
}

/**
 * Returns a reader of pages. It reads from the latest days backwards in growing steps until it has enough events, so that the
 * latest events of years are read as fast as those of a day.
 *
 * @param dayOf returns the day of an instant in the reporting time zone, by which events are stored
 * @param today the first query starts at this day and includes all later days
 */
export function eventPages(
  reader: Reader,
  query: EventsQuery,
  dayOf: (epochMs: number) => Day,
  today: Day,
): EventPages {
  const first = query.from === undefined ? firstDay : Math.max(firstDay, dayOf(query.from));
  const last = query.to === undefined ? lastDay : Math.min(lastDay, dayOf(query.to));
  return {
    async read(after, limit) {
      const events: EventRecord[] = [];
      let end = after === undefined ? last : Math.min(last, dayOf(after[0]));
      let step = firstStep;
      while (end >= first && events.length < limit) {
        const start = step > lastStep ? first : Math.max(first, Math.min(end, today) - step + 1);
        const statement = eventsStatement(query, { first: start, last: end }, after, limit - events.length);
        events.push(...(await reader.rows(eventRow, statement)));
        end = start - 1;
        step *= 2;
      }
      return events;
    },
    async count() {
      const [row] = await reader.rows(countRow, eventCountStatement(query, { first, last }));
      return row?.count ?? 0;
    },
  };
}

const countRow = z.object({ count: z.number() });
