import { bind, identifier, join, type Sql, sql } from '../clickhouse/sql.ts';
import { formatDay } from '../records/day.ts';
import type { DayRange } from './query.ts';

const utms = ['utm_campaign', 'utm_source', 'utm_medium'] as const;

/**
 * The day and UTM set of a row, in one number: events and `event_attributions` are joined by it. The hash of a LowCardinality column
 * is worked out once a value, so that this costs a third of a hash of the columns together, and a quarter of a join by four columns.
 */
export const eventSet: Sql = sql`cityHash64(date, ${join(
  utms.map((name) => sql`sipHash64(${identifier(name)})`),
  ', ',
)})`;

const rowsOf = (table: 'events' | 'event_attributions', workspace: string, { from, to }: DayRange): Sql =>
  sql`${identifier(table)} FINAL WHERE workspace = ${bind('String', workspace)} AND date BETWEEN ${bind('Date', formatDay(from))} AND ${bind('Date', formatDay(to))}`;

/**
 * What stands behind ANY LEFT JOIN, USING (event_set), for rows that have `eventSet` as `event_set`: their `channel`, `campaign_id` and
 * `match`. Sets that nobody has looked at have no row: their match is empty, and means UNATTRIBUTED.
 */
export const eventSetAttributions = (workspace: string, range: DayRange): Sql =>
  sql`(SELECT ${eventSet} AS event_set, channel, campaign_id, match FROM ${rowsOf('event_attributions', workspace, range)})`;

/** What stands behind FROM: the events of a workspace on some days, each once, with `channel`, `campaign_id` and `match`. */
export const attributedEvents = (workspace: string, range: DayRange): Sql => sql`(
  SELECT event.*, attributed.channel AS channel, attributed.campaign_id AS campaign_id,
         if(attributed.match = '', 'UNATTRIBUTED', attributed.match) AS match
  FROM (SELECT *, ${eventSet} AS event_set FROM ${rowsOf('events', workspace, range)}) AS event
  ANY LEFT JOIN ${eventSetAttributions(workspace, range)} AS attributed USING (event_set)
)`;
