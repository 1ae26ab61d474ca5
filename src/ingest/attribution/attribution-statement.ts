import { bind, identifier, type Sql, sql } from '../../clickhouse/sql.ts';
import { eventSet } from '../../metrics/attributed-events.ts';
import type { DayRange } from '../../metrics/query.ts';
import { formatDay } from '../../records/day.ts';
import { unknown } from '../../records/text.ts';
import { attributedBy, opportunityTable } from '../kinds/opportunity-table.ts';
import { insertSelect, listOf } from '../storage/record-table.ts';
import { type AttributionRules, changedMatches, type KnownNames, onceEach, onces } from './matching.ts';

const compared = ['date', ...attributedBy] as const;
const matched = ['channel', 'campaign_id', 'match'] as const;

/** Rows of one workspace on some days: what stands behind FROM. */
const rowsOn = (table: Sql, workspace: string, { from, to }: DayRange): Sql =>
  sql`${table} WHERE workspace = ${bind('String', workspace)} AND date BETWEEN ${bind('Date', formatDay(from))} AND ${bind('Date', formatDay(to))}`;

/**
 * Matches the opportunities of some days anew and writes those whose match has changed, with the version they have, so that a newer
 * record always wins and, among equals, the last written.
 */
export function attributeOpportunitiesStatement(
  workspace: string,
  range: DayRange,
  rules: AttributionRules,
  known: KnownNames,
): Sql {
  // Not FINAL: what an outdated row says besides is matched for nothing.
  const rows = rowsOn(sql`opportunities`, workspace, range);
  const said = [...compared, ...matched];
  const stored = sql`SELECT ${onces(said)} FROM (${onceEach(said, rows)})`;
  const changed = changedMatches(workspace, range, { rows, stored, columns: compared }, rules, known);
  return sql`
    ${insertSelect(opportunityTable, {
      channel: sql`new_channel`,
      campaign_id: sql`new_campaign_id`,
      match: sql`new_match`,
      is_deleted: sql`0`,
    })}
    FROM (SELECT * FROM ${rowsOn(sql`opportunities FINAL`, workspace, range)}) AS stored
    INNER JOIN (${changed}) AS changed USING (${listOf(compared)})
    WHERE channel != new_channel OR campaign_id != new_campaign_id OR match != new_match`;
}

/**
 * Matches the (day, UTM set)s anew that events have been looked at by, or those that are new, and writes those whose match has changed.
 * A new one is written though it finds nothing, so that it is known.
 */
export function attributeEventsStatement(
  workspace: string,
  range: DayRange,
  rules: AttributionRules,
  known: KnownNames,
  which: 'known' | 'new',
): Sql {
  const rows =
    which === 'known'
      ? rowsOn(sql`event_attributions FINAL`, workspace, range)
      : newSetsOfEvents(workspace, range);
  const stored =
    which === 'known'
      ? sql`SELECT ${listOf([...compared, ...matched, 'version'])} FROM ${rows}`
      : sql`SELECT ${onces(compared)}, '' AS channel, '' AS campaign_id, '' AS match, toUInt64(0) AS version FROM (${onceEach(compared, rows)})`;
  const leads = { rows, stored, columns: [...compared, 'version'] };
  return sql`
    INSERT INTO event_attributions (workspace, ${listOf([...compared, ...matched, 'version'])})
    SELECT ${bind('String', workspace)}, ${listOf(compared)}, new_channel, new_campaign_id, new_match, version + 1
    FROM (${changedMatches(workspace, range, leads, rules, known)})`;
}

/** Events whose day and UTMs have not been looked at yet. Not FINAL: what an outdated row says besides is looked at for nothing. */
const newSetsOfEvents = (workspace: string, range: DayRange): Sql =>
  sql`${rowsOn(sql`events`, workspace, range)} AND utm_campaign != ${bind('String', unknown)}
      AND ${eventSet} NOT IN (SELECT ${eventSet} FROM ${rowsOn(sql`event_attributions`, workspace, range)})`;

/** The days, of some, that have events which have not been looked at yet. */
export const daysOfNewSetsStatement = (workspace: string, range: DayRange): Sql =>
  sql`SELECT DISTINCT toUInt16(date) AS day FROM ${newSetsOfEvents(workspace, range)}`;

/** The days, by workspace, that have events which have not been looked at yet. */
export const newSetsByWorkspaceStatement: Sql = sql`
  SELECT workspace, groupUniqArray(toUInt16(date)) AS days FROM events
  WHERE utm_campaign != ${bind('String', unknown)}
    AND (workspace, ${eventSet}) NOT IN (SELECT workspace, ${eventSet} FROM event_attributions)
  GROUP BY workspace`;

/** The days, of some, that have rows. */
export const daysWithRowsStatement = (
  table: 'opportunities' | 'event_attributions',
  workspace: string,
  range: DayRange,
): Sql => sql`SELECT DISTINCT toUInt16(date) AS day FROM ${rowsOn(identifier(table), workspace, range)}`;
