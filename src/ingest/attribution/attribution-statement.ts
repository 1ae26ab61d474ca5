import type { Aliases } from '../../aliases/aliases.ts';
import { canonicalValue } from '../../aliases/canonical-value.ts';
import { bind, identifier, join, type Sql, sql } from '../../clickhouse/sql.ts';
import type { DayRange } from '../../metrics/query.ts';
import { formatDay } from '../../records/day.ts';
import { unknown } from '../../records/text.ts';
import { type AttributedBy, attributedBy, opportunityTable } from '../kinds/opportunity-table.ts';
import { insertSelect } from '../storage/record-table.ts';

export interface AttributionRules {
  /** Days before an opportunity on which an ads row can match it. */
  readonly windowDays: number;
  readonly aliases: Aliases;
}

/** The stored value of a column, and the value that it counts as. */
const own = (name: AttributedBy): Sql => identifier(`own_${name}`);
const canonical = (name: AttributedBy): Sql => identifier(`canonical_${name}`);
export const canonicalColumn = (name: AttributedBy, aliases: Aliases): Sql =>
  sql`toString(${canonicalValue(identifier(name), aliases[name])})`;
const template = (name: AttributedBy): Sql => identifier(`template_${name}`);
const pattern = (name: AttributedBy): Sql => identifier(`pattern_${name}`);
const [campaign, ...others] = attributedBy;
const list = (named: (name: AttributedBy) => Sql, names: readonly AttributedBy[] = attributedBy): Sql =>
  join(names.map(named), ', ');
const owns = list(own);

/** What opportunities look for and ads rows are found by: a hash of three texts, as it is joined and grouped by. */
const key = {
  own: sql`sipHash128('own', ${owns})`,
  canonical: sql`sipHash128('canonical', ${list(canonical)})`,
  template: sql`sipHash128('canonical', ${list(template)})`,
  id: (id: Sql): Sql => sql`sipHash128('id', ${id}, ${list(canonical, others)})`,
  name: (values: Sql): Sql => sql`sipHash128('name', ${values})`,
  campaign: sql`sipHash128('campaign', ${own(campaign)})`,
} as const;

/** `{network}` or `{{site_source_name}}`: what the platform fills in at the click. */
const placeholder = '\\{\\{[^{}]*\\}\\}|\\{[^{}]*\\}';

/**
 * One statement: match the opportunities of some days anew and write those whose match has changed, with the version
 * they have, so that a newer record always wins and, among equals, the last written.
 *
 * An opportunity looks for ads rows by several keys, the first that finds any on its day or within the window before it wins:
 *
 * 0. its own utm_campaign, utm_source and utm_medium;
 * 1. what these count as (`aliases`);
 * 2. values with placeholders that its own may have come of, those with the longest fixed part first;
 * 3. the id of the campaign in place of its name;
 * 4. an earlier name of a campaign whose rows have another by now;
 * 5. the campaign's name alone, where its source or medium is unknown: the only one whose match is CAMPAIGN.
 *
 * ASOF JOIN finds the latest ads day up to the opportunity's own for each key. A match is EXACT on the same day, WINDOW on an earlier
 * one. An unknown campaign matches nothing: two gaps are no match. Each combination of day and UTMs is matched once, so that the memory
 * follows these, and not the number of opportunities.
 */
export function attributionStatement(workspace: string, range: DayRange, rules: AttributionRules): Sql {
  const from = bind('Date', formatDay(range.from));
  const to = bind('Date', formatDay(range.to));
  const space = bind('String', workspace);
  const gap = bind('String', unknown);
  const window = bind('Int32', rules.windowDays);
  const opportunities = sql`opportunities FINAL WHERE workspace = ${space} AND date BETWEEN ${from} AND ${to}`;
  const adsFrom = bind('Date', formatDay(range.from - rules.windowDays));
  const adsDays = sql`workspace = ${space} AND date BETWEEN ${adsFrom} AND ${to}`;
  const values = join(
    attributedBy.flatMap((name) => [
      sql`toString(${identifier(name)}) AS ${own(name)}`,
      sql`${canonicalColumn(name, rules.aliases)} AS ${canonical(name)}`,
    ]),
    ', ',
  );
  const leads = sql`
    SELECT ${values}, groupUniqArray(date) AS lead_dates
    FROM ${opportunities} AND ${identifier(campaign)} != ${gap} GROUP BY ${list(identifier)}`;
  const lacksOne = join(
    others.map((name) => sql`${own(name)} = ${gap}`),
    ' OR ',
  );
  // Each with its place in the order of the keys; of templates, the length of their fixed parts and their names, too.
  const searches = sql`
    SELECT ${owns}, lead_dates, arrayJoin(arrayConcat(
      [(0, 0, [], ${key.own}), (1, 0, [], ${key.canonical}), (3, 0, [], ${key.id(own(campaign))}), (4, 0, [], ${key.name(list(canonical))})],
      if(${lacksOne}, [(5, 0, [], ${key.campaign})], []))) AS search
    FROM (${leads})
    UNION ALL
    SELECT ${owns}, lead_dates, (2, -literal_length, [${list(template)}], ${key.template}) AS search
    FROM (${leads}) AS lead
    CROSS JOIN (${templates(sql`ad_performance WHERE ${adsDays}`, rules.aliases)}) AS template
    WHERE ${join(attributedBy.map(fitsTemplate), ' AND ')}`;
  const sums = sql`
    SELECT date, channel, campaign_id, ${values}, sum(clicks) AS own_clicks, sum(cost) AS own_cost
    FROM ad_performance FINAL WHERE ${adsDays} GROUP BY date, channel, campaign_id, ${list(identifier)}`;
  const found = sql`
    SELECT lead_date, ${owns},
           argMin((multiIf(place.1 = 5, 'CAMPAIGN', ads_date = lead_date, 'EXACT', 'WINDOW'), winner), place) AS best
    FROM (
      SELECT ${owns}, arrayJoin(lead_dates) AS lead_date, (search.1, search.2, search.3) AS place, search.4 AS key FROM (${searches})
    ) AS search
    ASOF INNER JOIN (${candidates(sums, space, rules.aliases)}) AS ads
      ON search.key = ads.key AND search.lead_date >= ads.ads_date
    WHERE ads_date >= lead_date - ${window}
    GROUP BY lead_date, ${owns}`;
  return sql`
    ${insertSelect(opportunityTable, {
      channel: sql`new_winner.1`,
      campaign_id: sql`new_winner.2`,
      match: sql`new_match`,
      is_deleted: sql`0`,
    })}
    FROM (
      SELECT o.*, if(m.best.1 = '', 'UNATTRIBUTED', m.best.1) AS new_match, m.best.2 AS new_winner
      FROM (SELECT * FROM ${opportunities}) AS o
      LEFT JOIN (${found}) AS m
        ON o.date = m.lead_date AND ${join(
          attributedBy.map((name) => sql`o.${identifier(name)} = m.${own(name)}`),
          ' AND ',
        )}
    )
    WHERE channel != new_winner.1 OR campaign_id != new_winner.2 OR match != new_match`;
}

/**
 * The campaign that each day and key finds: the one with most clicks, then most cost, then first by name.
 *
 * @param rows sums of ads rows by day, campaign and UTMs
 */
function candidates(rows: Sql, space: ReturnType<typeof bind>, aliases: Aliases): Sql {
  const gap = bind('String', unknown);
  const earlier = join(
    attributedBy.map((name) => canonicalColumn(name, aliases)),
    ', ',
  );
  return sql`
    SELECT key, date AS ads_date,
           argMin((channel, campaign_id), (-toInt64(sum_clicks), -sum_cost, channel, campaign_id)) AS winner
    FROM (
      SELECT key, date, channel, campaign_id, sum(own_clicks) AS sum_clicks, sum(own_cost) AS sum_cost
      FROM (
        SELECT date, channel, campaign_id, own_clicks, own_cost, arrayJoin(arrayConcat(
          [${key.id(sql`lowerUTF8(campaign_id)`)}],
          if(${own(campaign)} = ${gap}, [], [${key.own}, ${key.canonical}, ${key.campaign}]),
          arrayDistinct(arrayMap(name -> name.2, arrayFilter(name -> name.1 != ${own(campaign)}, names)))
        )) AS key
        FROM (${rows}) AS ads
        LEFT JOIN (
          SELECT channel, campaign_id, groupArray((utm_campaign, ${key.name(earlier)})) AS names
          FROM campaign_names FINAL WHERE workspace = ${space} GROUP BY channel, campaign_id
        ) AS named USING (channel, campaign_id)
      )
      GROUP BY key, date, channel, campaign_id
    )
    GROUP BY key, date`;
}

/** Values of ads rows of which at least one has a placeholder, with what LIKE compares them by: nothing for those without. */
function templates(ads: Sql, aliases: Aliases): Sql {
  const marks = bind('String', placeholder);
  const columns = attributedBy.flatMap((name) => [
    sql`${canonicalColumn(name, aliases)} AS ${template(name)}`,
    sql`if(match(${template(name)}, ${marks}), replaceRegexpAll(replaceRegexpAll(${template(name)}, '[%_\\\\\\\\]', '\\\\\\\\\\\\0'), ${marks}, '%'), '') AS ${pattern(name)}`,
  ]);
  return sql`
    SELECT DISTINCT ${join(columns, ', ')},
           toInt32(lengthUTF8(replaceRegexpAll(concat(${list(template)}), ${marks}, ''))) AS literal_length
    FROM ${ads} AND (${join(
      attributedBy.map((name) => sql`match(${identifier(name)}, ${marks})`),
      ' OR ',
    )})`;
}

/** Whether a value of a lead may have come of that of a template. The start is compared first, as LIKE is slow. */
const fitsTemplate = (name: AttributedBy): Sql =>
  sql`(${canonical(name)} = ${template(name)} OR (${pattern(name)} != '' AND ${own(name)} != ${bind('String', unknown)}
       AND startsWith(${own(name)}, substringIndex(${template(name)}, '{', 1)) AND ${own(name)} LIKE ${pattern(name)}))`;
