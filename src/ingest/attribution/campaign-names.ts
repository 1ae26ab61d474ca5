import type { Aliases } from '../../aliases/aliases.ts';
import { bind, join, type Sql, sql } from '../../clickhouse/sql.ts';
import { type Day, formatDay } from '../../records/day.ts';
import { unknown } from '../../records/text.ts';
import { attributedBy } from '../kinds/opportunity-table.ts';
import { listOf } from '../storage/record-table.ts';
import { canonicalColumn } from './matching.ts';

/** What a name is known by: those of another campaign, source or medium are others. */
const nameKey = listOf(['channel', 'campaign_id', ...attributedBy]);

/** The names of ads rows of some days, with the last of these days and the last that was remembered: 1970 for those that were not. */
const namesOf = (workspace: string, days: Iterable<Day>): Sql => {
  const space = bind('String', workspace);
  return sql`
    SELECT ${nameKey}, last_date, remembered_date
    FROM (
      SELECT ${nameKey}, max(date) AS last_date FROM ad_performance FINAL
      WHERE workspace = ${space} AND date IN (${bind('Array(Date)', [...days].map(formatDay))})
        AND utm_campaign != ${bind('String', unknown)}
      GROUP BY ${nameKey}
    ) AS named
    LEFT JOIN (
      SELECT ${nameKey}, date AS remembered_date FROM campaign_names FINAL WHERE workspace = ${space}
    ) AS remembered USING (${nameKey})`;
};

/** Remembers the names of the ads rows of some days. */
export const rememberNamesStatement = (workspace: string, days: Iterable<Day>): Sql =>
  sql`INSERT INTO campaign_names (workspace, ${nameKey}, date)
      SELECT ${bind('String', workspace)}, ${nameKey}, last_date FROM (${namesOf(workspace, days)})
      WHERE last_date > remembered_date`;

/** Whether ads rows of some days have names that are not remembered. */
export const newNamesStatement = (workspace: string, days: Iterable<Day>): Sql =>
  sql`SELECT count() AS names FROM (${namesOf(workspace, days)}) WHERE remembered_date = toDate(0)`;

/**
 * The days of opportunities and events that carry a name which ads rows of some days have and which is not remembered, while its campaign has
 * rows within the window: these days may be older, or later, than the days after which attribution looks by itself.
 */
export function daysOfNewNamesStatement(
  workspace: string,
  days: Iterable<Day>,
  { windowDays, aliases }: { readonly windowDays: number; readonly aliases: Aliases },
): Sql {
  const space = bind('String', workspace);
  const compared = join(
    attributedBy.map((name) => sql`${canonicalColumn(name, aliases)}`),
    ', ',
  );
  return sql`
    SELECT DISTINCT toUInt16(date) AS day
    FROM (
      SELECT date, (${compared}) AS name FROM opportunities FINAL WHERE workspace = ${space}
      UNION ALL
      SELECT date, (${compared}) AS name FROM event_attributions WHERE workspace = ${space}
    ) AS lead
    INNER JOIN (
      SELECT (${compared}) AS name, min(first_date) AS from_date, max(last_date) + ${bind('Int32', windowDays)} AS to_date
      FROM (SELECT ${nameKey} FROM (${namesOf(workspace, days)}) WHERE remembered_date = toDate(0)) AS fresh
      INNER JOIN (
        SELECT channel, campaign_id, min(date) AS first_date, max(date) AS last_date FROM ad_performance FINAL
        WHERE workspace = ${space} GROUP BY channel, campaign_id
      ) AS campaign USING (channel, campaign_id)
      GROUP BY name
    ) AS named USING (name)
    WHERE date BETWEEN from_date AND to_date`;
}
