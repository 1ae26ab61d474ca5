import type { Aliases } from '../../aliases/aliases.ts';
import { canonicalValue } from '../../aliases/canonical-value.ts';
import { bind, empty, identifier, join, type Sql, sql } from '../../clickhouse/sql.ts';
import type { DayRange } from '../../metrics/query.ts';
import { formatDay } from '../../records/day.ts';
import { unknown } from '../../records/text.ts';
import { type AttributedBy, attributedBy } from '../kinds/opportunity-table.ts';
import { listOf } from '../storage/record-table.ts';

export interface AttributionRules {
  /** Days before a lead on which an ads row can match it. */
  readonly windowDays: number;
  readonly aliases: Aliases;
}

/** What there is among the names of a workspace's ads rows: what there is not need not be looked for. */
export interface KnownNames {
  /** Values that count as the same. */
  readonly haveSpellings: boolean;
  /** Names with placeholders. */
  readonly haveTemplates: boolean;
  /** Campaigns that have had several names. */
  readonly haveRenamed: boolean;
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
const canonicalColumns = (aliases: Aliases): Sql =>
  join(
    attributedBy.map((name) => canonicalColumn(name, aliases)),
    ', ',
  );
const valueColumns = (aliases: Aliases): Sql =>
  join(
    attributedBy.flatMap((name) => [
      sql`toString(${identifier(name)}) AS ${own(name)}`,
      sql`${canonicalColumn(name, aliases)} AS ${canonical(name)}`,
    ]),
    ', ',
  );

/** What leads look for and ads rows are found by: a hash of three texts, as it is joined and grouped by. */
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

const lowCardinality: readonly string[] = [...attributedBy, 'channel', 'match'];

/**
 * The same for all rows with the same columns: much cheaper to group by than the columns, and 64 bits are what tells rows of
 * `ad_performance` apart, too. The hash of a LowCardinality column is worked out once a value.
 */
const sameRows = (columns: readonly string[]): Sql =>
  sql`cityHash64(${join(
    columns.map((name) =>
      lowCardinality.includes(name) ? sql`sipHash64(${identifier(name)})` : identifier(name),
    ),
    ', ',
  )})`;

/** Rows of each combination of columns once, with sums. */
export const onceEach = (columns: readonly string[], from: Sql, sums: Sql = empty): Sql => sql`
  SELECT ${join(
    columns.map((name) => sql`any(${identifier(name)}) AS ${once(name)}`),
    ', ',
  )}${sums} FROM ${from} GROUP BY ${sameRows(columns)}`;
const once = (name: string): Sql => identifier(`once_${name}`);
export const onces = (columns: readonly string[]): Sql =>
  join(
    columns.map((name) => sql`${once(name)} AS ${identifier(name)}`),
    ', ',
  );

/** A lead is an opportunity, or an event. Leads that say the same are matched once. */
interface Leads {
  /** What stands behind FROM, with a condition: rows that have `date` and the columns of `attributedBy`. */
  readonly rows: Sql;
  /** Their day, UTMs and match, and what is to be known of those that have another match now. */
  readonly stored: Sql;
  readonly columns: readonly string[];
}

/**
 * Matches the leads of some days anew. Rows have the columns of those that have another match now, and this as `new_channel`,
 * `new_campaign_id` and `new_match`.
 *
 * A lead looks for ads rows by several keys, the first that finds any on its day or within the window before it wins:
 *
 * 0. its own utm_campaign, utm_source and utm_medium;
 * 1. what these count as (`aliases`): covers the first where no two values of ads rows count as the same;
 * 2. values with placeholders that its own may have come of, those with the longest fixed part first;
 * 3. the id of the campaign in place of its name;
 * 4. an earlier name of a campaign whose rows have another by now;
 * 5. the campaign's name alone, where its source or medium is unknown: the only one whose match is CAMPAIGN.
 *
 * ASOF JOIN finds the latest ads day up to the lead's own for each key. A match is EXACT on the same day, WINDOW on an earlier
 * one. An unknown campaign matches nothing: two gaps are no match. Each combination of day and UTMs is matched once, so that time
 * and memory follow these, and not the number of leads.
 */
export function changedMatches(
  workspace: string,
  range: DayRange,
  leads: Leads,
  rules: AttributionRules,
  known: KnownNames,
): Sql {
  return sql`
    SELECT DISTINCT ${listOf(leads.columns)}, if(found.best.1 = '', 'UNATTRIBUTED', found.best.1) AS new_match,
           found.best.2.1 AS new_channel, found.best.2.2 AS new_campaign_id
    FROM (${leads.stored}) AS stored
    LEFT JOIN (${found(workspace, range, leads, rules, known)}) AS found
      ON stored.date = found.lead_date AND ${join(
        attributedBy.map((name) => sql`stored.${identifier(name)} = found.${own(name)}`),
        ' AND ',
      )}
    WHERE stored.channel != new_channel OR stored.campaign_id != new_campaign_id OR stored.match != new_match`;
}

/** What each day and combination of UTMs finds; those that find nothing are missing. */
function found(
  workspace: string,
  range: DayRange,
  { rows, stored }: Leads,
  rules: AttributionRules,
  known: KnownNames,
): Sql {
  const space = bind('String', workspace);
  const gap = bind('String', unknown);
  const adsFrom = bind('Date', formatDay(range.from - rules.windowDays));
  const to = bind('Date', formatDay(range.to));
  const leads = sql`
    SELECT ${valueColumns(rules.aliases)}, groupUniqArray(date) AS lead_dates
    FROM (${stored}) WHERE ${identifier(campaign)} != ${gap} GROUP BY ${list(identifier)}`;
  const lacksOne = join(
    others.map((name) => sql`${own(name)} = ${gap}`),
    ' OR ',
  );
  const keys = [
    ...(known.haveSpellings ? [sql`(0, ${key.own})`] : []),
    sql`(1, ${key.canonical})`,
    sql`(3, ${key.id(own(campaign))})`,
    ...(known.haveRenamed ? [sql`(4, ${key.name(list(canonical))})`] : []),
  ];
  const byValue = sql`
    SELECT ${owns}, lead_dates, arrayJoin(arrayConcat([${join(keys, ', ')}], if(${lacksOne}, [(5, ${key.campaign})], []))) AS search
    FROM (${leads})`;
  // Of templates, the length of their fixed parts and their names are compared, too.
  const byTemplate = sql`
    SELECT ${owns}, lead_dates, (2, ${key.template}) AS search, (-literal_length, [${list(template)}]) AS detail
    FROM (${leads}) AS lead
    CROSS JOIN (${templates(space, rules.aliases)}) AS template
    WHERE ${join(attributedBy.map(fitsTemplate), ' AND ')}`;
  const searches = known.haveTemplates
    ? sql`SELECT *, (0, []) AS detail FROM (${byValue}) UNION ALL ${byTemplate}`
    : byValue;
  const detail = known.haveTemplates ? sql`, detail` : empty;
  const adsColumns = ['date', 'channel', 'campaign_id', ...attributedBy];
  const sums = sql`
    SELECT date, channel, campaign_id, ${valueColumns(rules.aliases)}, own_clicks, own_cost
    FROM (SELECT ${onces(adsColumns)}, own_clicks, own_cost FROM (${onceEach(
      adsColumns,
      sql`ad_performance FINAL WHERE workspace = ${space} AND date BETWEEN ${adsFrom} AND ${to}`,
      sql`, sum(clicks) AS own_clicks, sum(cost) AS own_cost`,
    )}))`;
  return sql`
    SELECT lead_date, ${owns},
           argMin((multiIf(place = 5, 'CAMPAIGN', ads_date = lead_date, 'EXACT', 'WINDOW'), winner), (place${detail})) AS best
    FROM (SELECT ${owns}, arrayJoin(lead_dates) AS lead_date, search.1 AS place, search.2 AS key${detail} FROM (${searches})) AS search
    ASOF INNER JOIN (${candidates(sums, space, rows, rules.aliases, known)}) AS ads
      ON search.key = ads.key AND search.lead_date >= ads.ads_date
    WHERE ads_date >= lead_date - ${bind('Int32', rules.windowDays)}
    GROUP BY lead_date, ${owns}`;
}

/**
 * The campaign that each day and key finds: the one with most clicks, then most cost, then first by name. Ids and campaigns that no
 * lead looks for are left out.
 *
 * @param ads sums of ads rows by day, campaign and UTMs
 * @param leads rows of leads, with a condition
 */
function candidates(
  ads: Sql,
  space: ReturnType<typeof bind>,
  leads: Sql,
  aliases: Aliases,
  { haveSpellings, haveRenamed }: KnownNames,
): Sql {
  const gap = bind('String', unknown);
  const lacking = join(
    others.map((name) => sql`${identifier(name)} = ${gap}`),
    ' OR ',
  );
  const id = sql`lowerUTF8(campaign_id)`;
  const searched = sql`SELECT DISTINCT toString(${identifier(campaign)}) FROM ${leads}`;
  const keys = [
    sql`if(${own(campaign)} = ${gap}, [], [${haveSpellings ? sql`${key.own}, ` : empty}${key.canonical}])`,
    sql`if(${id} IN (${searched}), [${key.id(id)}], [])`,
    sql`if(${own(campaign)} != ${gap} AND ${own(campaign)} IN (${searched} AND (${lacking})), [${key.campaign}], [])`,
    ...(haveRenamed
      ? [sql`arrayDistinct(arrayMap(name -> name.2, arrayFilter(name -> name.1 != ${own(campaign)}, names)))`]
      : []),
  ];
  const named = sql`
    LEFT JOIN (
      SELECT channel, campaign_id, groupArray((utm_campaign, ${key.name(canonicalColumns(aliases))})) AS names
      FROM campaign_names FINAL WHERE workspace = ${space} GROUP BY channel, campaign_id HAVING uniq(utm_campaign) > 1
    ) AS named USING (channel, campaign_id)`;
  const byCampaign = ['date', 'key', 'channel', 'campaign_id'];
  return sql`
    SELECT key, date AS ads_date,
           argMin((channel, campaign_id), (-toInt64(sum_clicks), -sum_cost, channel, campaign_id)) AS winner
    FROM (
      SELECT ${onces(byCampaign)}, sum_clicks, sum_cost
      FROM (${onceEach(
        byCampaign,
        sql`(SELECT date, channel, campaign_id, own_clicks, own_cost, arrayJoin(arrayConcat(${join(keys, ', ')})) AS key
             FROM (${ads}) AS ads ${haveRenamed ? named : empty})`,
        sql`, sum(own_clicks) AS sum_clicks, sum(own_cost) AS sum_cost`,
      )})
    )
    GROUP BY key, date`;
}

const hasPlaceholder = (values: (name: AttributedBy) => Sql): Sql =>
  join(
    attributedBy.map((name) => sql`match(${values(name)}, ${bind('String', placeholder)})`),
    ' OR ',
  );

/** Names with a placeholder that ads rows have had, with what LIKE compares them by: nothing for values without one. */
function templates(space: ReturnType<typeof bind>, aliases: Aliases): Sql {
  const marks = bind('String', placeholder);
  const columns = attributedBy.flatMap((name) => [
    sql`${canonicalColumn(name, aliases)} AS ${template(name)}`,
    sql`if(match(${template(name)}, ${marks}), replaceRegexpAll(replaceRegexpAll(${template(name)}, '[%_\\\\\\\\]', '\\\\\\\\\\\\0'), ${marks}, '%'), '') AS ${pattern(name)}`,
  ]);
  return sql`
    SELECT DISTINCT ${join(columns, ', ')},
           toInt32(lengthUTF8(replaceRegexpAll(concat(${list(template)}), ${marks}, ''))) AS literal_length
    FROM campaign_names FINAL WHERE workspace = ${space} AND (${hasPlaceholder(identifier)})`;
}

/** Whether a value of a lead may have come of that of a template. The start is compared first, as LIKE is slow. */
const fitsTemplate = (name: AttributedBy): Sql =>
  sql`(${canonical(name)} = ${template(name)} OR (${pattern(name)} != '' AND ${own(name)} != ${bind('String', unknown)}
       AND startsWith(${own(name)}, substringIndex(${template(name)}, '{', 1)) AND ${own(name)} LIKE ${pattern(name)}))`;

/** What there is among the names of a workspace's ads rows, as `KnownNames` has it: each 0 or 1. */
export const knownNamesStatement = (workspace: string, aliases: Aliases): Sql => sql`
  SELECT uniqExact(${listOf(attributedBy)}) > uniqExact(${canonicalColumns(aliases)}) AS spellings,
         countIf(${hasPlaceholder(identifier)}) > 0 AS templates,
         uniqExact(channel, campaign_id) < uniqExact(channel, campaign_id, ${identifier(campaign)}) AS renamed
  FROM campaign_names WHERE workspace = ${bind('String', workspace)}`;
