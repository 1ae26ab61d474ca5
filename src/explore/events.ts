import { z } from 'zod';
import { bind, empty, identifier, instantOf, join, type Sql, sql } from '../clickhouse/sql.ts';
import { compileFilter } from '../metrics/compile-filter.ts';
import { type DataScope, workspaceRows } from '../metrics/data-scope.ts';
import type { Filter } from '../metrics/filter.ts';
import { type Day, firstDay, formatDay, lastDay } from '../records/day.ts';
import type { Reader } from './reader.ts';
import { containsText } from './records.ts';

/** Which events; all that are given must hold. */
export interface EventsQuery extends DataScope {
  readonly service: string | undefined;
  readonly eventId: string | undefined;
  /** In the message or the metadata, whatever the case. */
  readonly search: string | undefined;
  readonly where: Filter | undefined;
  /** At or after it, epoch milliseconds. */
  readonly from: number | undefined;
  /** Before it, epoch milliseconds. */
  readonly to: number | undefined;
}

/** After which event a page begins. */
export type EventCursor = readonly [timestamp: number, eventId: string, service: string];

const eventRow = z.object({
  event_id: z.string(),
  timestamp: z.string().transform((text) => new Date(text)),
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

/** The latest events of some days, those of one moment in a fixed order. */
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
  if (where !== undefined) parts.push(sql` AND ${compileFilter(where, 'crm')}`);
  const conditions = parts.reduce((whole, part) => sql`${whole}${part}`, empty);
  return sql`events FINAL WHERE ${workspaceRows(query)} AND date BETWEEN ${bind('Date', formatDay(first))} AND ${bind('Date', formatDay(last))}${conditions}`;
}

const isBeforeCursor = ([timestamp, eventId, service]: EventCursor): Sql =>
  sql` AND (timestamp, event_id, service) < (${instantOf(timestamp)}, ${bind('String', eventId)}, ${bind('String', service)})`;

/** Reading goes back by so many days, then twice as many, and beyond the last of these to the beginning. */
const firstStep = 1;
const lastStep = 64;

/** How to read the pages of a query. */
export interface EventPages {
  /** Up to `limit` events from `after` on, the latest first. */
  read(after: EventCursor | undefined, limit: number): Promise<readonly EventRecord[]>;
  count(): Promise<number>;
}

/**
 * Reads a day at a time from the latest on, until there is enough: the latest events of years are as near as those of a
 * day.
 *
 * @param dayOf the day of an instant, in the reporting time zone: the one that events are stored by
 * @param today the day that reading begins at, with everything after it
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
