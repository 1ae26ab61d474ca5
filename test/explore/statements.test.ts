import { describe, expect, it } from 'vitest';
import type { Sql } from '../../src/clickhouse/sql.ts';
import { campaignList, campaignsByIdStatement, channelsStatement } from '../../src/explore/campaigns.ts';
import { conflictingRowsStatement } from '../../src/explore/conflicting-rows.ts';
import { dimensionValueList } from '../../src/explore/dimension-values.ts';
import { eventCountStatement, eventsStatement } from '../../src/explore/events.ts';
import { exchangeRateList } from '../../src/explore/exchange-rates.ts';
import {
  adsDaysStatement,
  rejectedCountsStatement,
  runCountsStatement,
  sourcesStatement,
} from '../../src/explore/feed-quality.ts';
import type { MoneyScope } from '../../src/explore/money.ts';
import { listCountStatement, listStatement, type OrderedList } from '../../src/explore/ordered-list.ts';
import { overlappingSourcesStatement } from '../../src/explore/overlapping-sources.ts';
import { adList, opportunityList } from '../../src/explore/record-lists.ts';
import {
  matchesStatement,
  unattributedStatement,
  unfundedRevenueList,
} from '../../src/explore/revenue-quality.ts';
import { nearDuplicateList, spendWithoutUtmStatement } from '../../src/explore/utm-quality.ts';
import {
  openByRunStatement,
  rejectCountStatement,
  rejectsByIdStatement,
  rejectsStatement,
} from '../../src/ingest/rejects/find-rejects.ts';
import type { DataScope } from '../../src/metrics/data-scope.ts';
import { labelNames } from '../../src/metrics/registry.ts';

const workspace = `o'neil`;
const harm = `x' OR 1=1 --`;
const all: DataScope = { workspace, policy: undefined };
const scope: MoneyScope = {
  ...all,
  conversion: undefined,
  range: { from: 20_301, to: 20_304 },
  where: { dimension: 'channel', operator: 'eq', values: [harm] },
};
const order = { by: 'amount', direction: 'asc' } as const;
const days = { first: 20_301, last: 20_304 };
const events = {
  ...all,
  service: harm,
  eventId: harm,
  search: harm,
  where: { dimension: 'utmSource', operator: 'eq', values: [harm] },
  from: 1,
  to: 2,
} as const;
const runId = '019837c2-1b6e-7000-8000-000000000000';
const rejects = { source: harm, kind: 'event', reason: harm, field: harm, runId, from: 1, to: 2 } as const;

const lists: Readonly<Record<string, OrderedList<unknown>>> = {
  campaigns: campaignList({ ...scope, search: harm }),
  opportunities: opportunityList({ ...scope, stages: ['closed_won'], order }),
  adPerformance: adList({
    showsBreakdowns: true,
    showsExtraMeasures: true,
    ...scope,
    order: { by: 'cost', direction: 'desc' },
  }),
  exchangeRates: exchangeRateList({ workspace, range: scope.range, base: harm, quote: harm }),
  nearDuplicates: nearDuplicateList(scope),
  unfundedCampaigns: unfundedRevenueList(scope, 'campaignId'),
  unfundedChannels: unfundedRevenueList(scope, 'channel'),
  ...Object.fromEntries(
    labelNames.map((dimension) => [
      `dimensionValues by ${dimension}`,
      dimensionValueList({ ...scope, dimension, search: harm }),
    ]),
  ),
};
const keyOf = (list: OrderedList<unknown>): string[] => list.order.map(() => harm);

const statements: Readonly<Record<string, Sql>> = {
  campaignsById: campaignsByIdStatement(all, [harm]),
  channels: channelsStatement(scope),
  spendWithoutUtm: spendWithoutUtmStatement(scope),
  conflictingRows: conflictingRowsStatement(all, scope.range, [harm]),
  matches: matchesStatement(scope),
  unattributed: unattributedStatement(scope),
  repairs: runCountsStatement(scope, 'repairs'),
  sources: sourcesStatement(all),
  adsDays: adsDaysStatement(scope),
  rejectedCounts: rejectedCountsStatement(scope),
  overlappingSources: overlappingSourcesStatement(scope, [harm]),
  events: eventsStatement(events, days, [1, harm, harm], 10),
  eventCount: eventCountStatement(events, days),
  rejectedRecords: rejectsStatement({ scope: all, filter: rejects, after: [1, harm, 1], limit: 10 }),
  rejectedRecordCount: rejectCountStatement(all, rejects),
  openRejectsByRun: openByRunStatement(all, [runId]),
  rejectedRecordsById: rejectsByIdStatement(all, [{ runId, position: 1 }]),
  ...Object.fromEntries(
    Object.entries(lists).flatMap(([name, list]) => [
      [name, listStatement(list, undefined, 10)],
      [`${name}, further on`, listStatement(list, keyOf(list), 10)],
      [`${name}, counted`, listCountStatement(list)],
    ]),
  ),
};

describe.each(Object.entries(statements))('%s', (_name, statement) => {
  const { sql, parameters } = statement.compile();

  it('keeps every table that it reads to the workspace, FINAL', () => {
    const reads = sql.match(/(FROM|(?<!ARRAY )JOIN) +[a-z]/g) ?? [];
    const kept = [...sql.matchAll(/FROM [a-z_]+ FINAL WHERE workspace = \{(p\d+):String\}/g)];
    expect(reads.length).toBeGreaterThan(0);
    expect(kept).toHaveLength(reads.length);
    for (const [, name = ''] of kept) expect(parameters[name]).toBe(workspace);
  });

  it('has no value in its text', () => {
    expect(sql).not.toMatch(/neil|OR 1=1|or 1=1|2025-08/);
  });

  it('has a complete order wherever it has pages', () => {
    const end =
      /(id|value|name|row_key|date|quote|core|source|service|position|reason)( ASC| DESC)?( LIMIT \{p\d+:UInt64\})?$/;
    if (/ORDER BY/.test(sql)) expect(sql).toMatch(end);
  });
});

it('lists of records, to the letter', () => {
  expect(
    listStatement(
      opportunityList({ ...scope, where: undefined, stages: ['closed_won'], order }),
      ['12.5', 'O-1', 'crm', '2025-08-01'],
      51,
    ).compile(),
  ).toEqual({
    sql:
      'SELECT *, [toString(money_key), toString(opportunity_id), toString(namespace), toString(date)] AS list_key FROM (' +
      'SELECT opportunity_id, created_at, closed_at, date, stage, stage_name, amount, currency, utm_campaign, utm_source, utm_medium, ' +
      'utm_content, utm_term, channel, campaign_id, match, namespace, source, amount AS shown_money, amount AS money_key, currency AS shown_currency FROM opportunities FINAL WHERE workspace = {p1:String} AND ' +
      'date BETWEEN {p2:Date} AND {p3:Date} AND toString(stage) IN ({p4:Array(String)})) WHERE (money_key > {p5:Decimal(38, 6)} OR ' +
      '(money_key = {p5:Decimal(38, 6)} AND (opportunity_id > {p6:String} OR (opportunity_id = {p6:String} AND (namespace > {p7:String} OR ' +
      '(namespace = {p7:String} AND date > {p8:Date})))))) ' +
      'ORDER BY money_key ASC, opportunity_id ASC, namespace ASC, date ASC LIMIT {p9:UInt64}',
    parameters: {
      p1: workspace,
      p2: '2025-08-01',
      p3: '2025-08-04',
      p4: ['closed_won'],
      p5: '12.5',
      p6: 'O-1',
      p7: 'crm',
      p8: '2025-08-01',
      p9: 51,
    },
  });
});
