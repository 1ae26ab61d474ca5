import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import { bind, identifier, join, type Sql, sql } from '../../clickhouse/sql.ts';
import type { CallOptions, Store } from '../../clickhouse/store.ts';
import type { DayRange } from '../../metrics/query.ts';
import { type Day, formatDay } from '../../records/day.ts';
import { unknown } from '../../records/text.ts';
import { type AttributedBy, attributedBy, opportunityTable } from '../kinds/opportunity-table.ts';
import { insertSelect } from '../storage/record-table.ts';

/** Days of opportunities worked out by one statement: bounds its memory and stays below 100 partitions. */
const daysPerStatement = 31;

/** Works out which (channel, campaign) each opportunity belongs to, whenever either side has changed. */
export interface Attribution {
  /** Ads rows of these days have changed: opportunities of the same and the following days may match anew. */
  afterAds(workspace: string, days: Iterable<Day>, call: CallOptions): Promise<readonly DayRange[]>;
  /** Opportunities of these days have changed. Returns the ranges that were looked at. */
  afterOpportunities(workspace: string, days: Iterable<Day>, call: CallOptions): Promise<readonly DayRange[]>;
}

export function createAttribution(options: {
  store: Store;
  windowDays: number;
  /** The lock of `createOpportunityWriter`: rows are read, matched and written back with no writer in between. */
  lock: Lock;
}): Attribution {
  const { store, windowDays, lock } = options;
  const run = async (workspace: string, ranges: readonly DayRange[], call: CallOptions) => {
    for (const range of ranges) {
      await lock.runExclusive(() =>
        store.command(attributionStatement(workspace, range, windowDays), {
          ...call,
          changesAnswersOf: [workspace],
          // A figure that goes from A to B and back to A gives the first block again; it must not be taken for a repeat.
          settings: { insert_deduplicate: 0, max_execution_time: 0, max_memory_usage: '0' },
        }),
      );
    }
    return ranges;
  };
  return {
    afterAds: (workspace, days, call) => run(workspace, toRanges(days, windowDays), call),
    afterOpportunities: (workspace, days, call) => run(workspace, toRanges(days, 0), call),
  };
}

/** Days, each reaching `reach` days on, as ranges that neither overlap nor exceed `daysPerStatement`. */
export function toRanges(days: Iterable<Day>, reach: number): DayRange[] {
  const ranges: { from: Day; to: Day }[] = [];
  for (const day of [...days].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && day <= last.to + 1) last.to = Math.max(last.to, day + reach);
    else ranges.push({ from: day, to: day + reach });
  }
  return ranges.flatMap(({ from, to }) => {
    const parts: DayRange[] = [];
    for (let start = from; start <= to; start += daysPerStatement) {
      parts.push({ from: start, to: Math.min(start + daysPerStatement - 1, to) });
    }
    return parts;
  });
}

/**
 * One statement: match the opportunities of some days anew and write those whose match has changed, with the version
 * they have, so that a newer record always wins and, among equals, the last written.
 *
 * ASOF JOIN finds the latest ads day up to the opportunity's own. The first join compares all of `attributedBy` (EXACT on the
 * same day, WINDOW on an earlier one); the second the campaign alone, for opportunities of which one of the others is unknown
 * (CAMPAIGN). An unknown campaign matches nothing: two gaps are no match.
 */
function attributionStatement(workspace: string, range: DayRange, windowDays: number): Sql {
  const from = bind('Date', formatDay(range.from));
  const to = bind('Date', formatDay(range.to));
  const adsFrom = bind('Date', formatDay(range.from - windowDays));
  const space = bind('String', workspace);
  const gap = bind('String', unknown);
  const window = bind('Int32', windowDays);
  const [campaign, ...others] = attributedBy;
  // A column of the opportunity and of the candidate; `attributedBy` is all that they may be compared by.
  const own = (name: AttributedBy): Sql => sql`o.${identifier(name)}`;
  const ads = (name: AttributedBy): Sql => identifier(`ads_${name}`);
  const adsKey = (names: readonly AttributedBy[]): Sql => join(names.map(ads), ', ');
  const isOf = (names: readonly AttributedBy[], side: Sql): Sql =>
    join(
      names.map((name) => sql`${own(name)} = ${side}.${ads(name)}`),
      ' AND ',
    );
  const compared = join(
    attributedBy.map((name) => sql`${identifier(name)} AS ${ads(name)}`),
    ', ',
  );
  const lacksOne = join(
    others.map((name) => sql`${own(name)} = ${gap}`),
    ' OR ',
  );
  // The candidate with most clicks, then most cost, then first by name, for each day and key. Names differ from those of
  // `opportunities`, whose columns would otherwise come out of the join qualified.
  const candidates = (key: Sql): Sql => sql`
    SELECT ${key}, date AS ads_date,
           argMin((channel, campaign_id), (-toInt64(sum_clicks), -sum_cost, channel, campaign_id)) AS winner
    FROM (
      SELECT ${key}, date, channel, campaign_id, sum(clicks) AS sum_clicks, sum(cost) AS sum_cost
      FROM (
        SELECT ${compared}, date, channel, campaign_id, clicks, cost
        FROM ad_performance FINAL
        WHERE workspace = ${space} AND date BETWEEN ${adsFrom} AND ${to} AND ${identifier(campaign)} != ${gap}
      )
      GROUP BY ${key}, date, channel, campaign_id
    )
    GROUP BY ${key}, date`;
  return sql`
    ${insertSelect(opportunityTable, {
      channel: sql`new_winner.1`,
      campaign_id: sql`new_winner.2`,
      match: sql`new_match`,
      is_deleted: sql`0`,
    })}
    FROM (
      SELECT o.*,
        f.winner.1 != '' AND f.ads_date = o.date AS is_exact,
        f.winner.1 != '' AND f.ads_date >= o.date - ${window} AS is_window,
        c.winner.1 != '' AND c.ads_date >= o.date - ${window} AND (${lacksOne}) AS is_campaign,
        multiIf(is_exact, 'EXACT', is_window, 'WINDOW', is_campaign, 'CAMPAIGN', 'UNATTRIBUTED') AS new_match,
        multiIf(is_window, f.winner, is_campaign, c.winner, ('', '')) AS new_winner
      FROM (SELECT * FROM opportunities FINAL WHERE workspace = ${space} AND date BETWEEN ${from} AND ${to}) AS o
      ASOF LEFT JOIN (${candidates(adsKey(attributedBy))}) AS f
        ON ${isOf(attributedBy, sql`f`)} AND o.date >= f.ads_date
      ASOF LEFT JOIN (${candidates(ads(campaign))}) AS c
        ON ${isOf([campaign], sql`c`)} AND o.date >= c.ads_date
    )
    WHERE channel != new_winner.1 OR campaign_id != new_winner.2 OR match != new_match`;
}
