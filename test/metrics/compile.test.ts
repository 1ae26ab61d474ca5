import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/metrics/compile.ts';
import { loadMetrics } from '../../src/metrics/load.ts';
import { plan } from '../../src/metrics/plan.ts';
import type { MetricsQuery } from '../../src/metrics/query.ts';
import { measureNames } from '../../src/metrics/registry.ts';
import { parseIsoDay } from '../../src/records/day.ts';
import { openMigratedStore } from '../support/database.ts';
import { createRecordLoader } from '../support/records.ts';

const day = (text: string): number => parseIsoDay(text) ?? Number.NaN;

function query(changes: Partial<MetricsQuery>): MetricsQuery {
  return {
    workspace: 'default',
    range: { from: day('2025-08-01'), to: day('2025-08-31') },
    groupBy: [],
    granularity: 'day',
    weekStart: 'monday',
    where: undefined,
    having: [],
    orderBy: [],
    offset: 0,
    limit: 100,
    measures: ['cost'],
    wants: { rows: true, totals: false, totalCount: false },
    ...changes,
  };
}
const compiled = (changes: Partial<MetricsQuery>) => compile(plan(query(changes))).compile();

let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeAll(async () => {
  store = await openMigratedStore();
  const records = createRecordLoader(store);
  // Counted by hand below. Tuesday the 5th and Sunday the 10th are in different weeks from Monday the 11th.
  const ad = {
    campaign_id: 'C-1',
    channel: 'google',
    utm_campaign: 'a',
    utm_source: 'google',
    utm_medium: 'cpc',
  };
  await records.ads([
    { ...ad, date: '2025-08-05', clicks: 10, impressions: 100, cost: 1.5 },
    { ...ad, date: '2025-08-10', clicks: 20, impressions: 200, cost: 2.5 },
    { ...ad, date: '2025-08-11', clicks: 30, impressions: 300, cost: 4 },
    {
      ...ad,
      date: '2025-08-11',
      channel: 'meta',
      campaign_id: 'c-2',
      utm_source: 'facebook',
      clicks: 0,
      impressions: 0,
      cost: 7,
    },
  ]);
  const opportunity = { utm_campaign: 'a', utm_source: 'google', utm_medium: 'cpc' };
  await records.crm([
    {
      ...opportunity,
      opportunity_id: '1',
      created_at: '2025-08-05T10:00:00Z',
      stage: 'closed_won',
      amount: 100,
    },
    { ...opportunity, opportunity_id: '2', created_at: '2025-08-12T10:00:00Z', stage: 'lead', amount: 50 },
    {
      ...opportunity,
      opportunity_id: '3',
      created_at: '2025-08-12T11:00:00Z',
      stage: 'closed_lost',
      amount: 60,
      utm_source: 'bing',
    },
  ]);
});
afterAll(() => store.drop());

const rowsOf = async (changes: Partial<MetricsQuery>) => (await loadMetrics(store, query(changes), {})).rows;

describe('one side', () => {
  it('is one SELECT over that table', async () => {
    const changes: Partial<MetricsQuery> = { groupBy: ['channel'], measures: ['clicks', 'cpc'] };
    expect(compiled(changes)).toEqual({
      sql:
        'SELECT channel AS d_channel, sum(clicks) AS m_clicks, sum(cost) AS m_cost, toFloat64(m_cost) / nullIf(toFloat64(m_clicks), 0) AS m_cpc' +
        ' FROM ad_performance FINAL WHERE workspace = {p1:String} AND date BETWEEN {p2:Date} AND {p3:Date}' +
        " GROUP BY d_channel ORDER BY d_channel = '' ASC, d_channel ASC LIMIT {p4:UInt64} OFFSET {p5:UInt64}",
      parameters: { p1: 'default', p2: '2025-08-01', p3: '2025-08-31', p4: 101, p5: 0 },
    });
    expect(await rowsOf(changes)).toEqual([
      { channel: 'google', clicks: 60, cost: 8, cpc: 8 / 60 },
      { channel: 'meta', clicks: 0, cost: 7, cpc: null },
    ]);
  });

  it('reads the CRM table only for CRM measures', () => {
    expect(compiled({ measures: ['cost', 'clicks', 'ctr'] }).sql).not.toContain('opportunities');
    expect(compiled({ measures: ['leads', 'cvrLeadToOpp'] }).sql).not.toContain('ad_performance');
  });
});

describe('both sides', () => {
  it('are aggregated apart, united and regrouped', async () => {
    const changes: Partial<MetricsQuery> = { groupBy: ['channel'], measures: ['cost', 'leads', 'cpa'] };
    expect(compiled(changes).sql).toBe(
      'SELECT d_channel, sum(s_cost) AS m_cost, sum(s_leads) AS m_leads, toFloat64(m_cost) / nullIf(toFloat64(m_leads), 0) AS m_cpa FROM (' +
        'SELECT channel AS d_channel, sum(cost) AS s_cost, toUInt64(0) AS s_leads FROM ad_performance FINAL' +
        ' WHERE workspace = {p1:String} AND date BETWEEN {p2:Date} AND {p3:Date} GROUP BY d_channel UNION ALL ' +
        'SELECT channel AS d_channel, toDecimal128(0, 6) AS s_cost, count() AS s_leads FROM opportunities FINAL' +
        ' WHERE workspace = {p4:String} AND date BETWEEN {p5:Date} AND {p6:Date} GROUP BY d_channel)' +
        " GROUP BY d_channel ORDER BY d_channel = '' ASC, d_channel ASC LIMIT {p7:UInt64} OFFSET {p8:UInt64}",
    );
    expect(await rowsOf(changes)).toEqual([
      { channel: 'google', cost: 8, leads: 2, cpa: 4 },
      { channel: 'meta', cost: 7, leads: 0, cpa: null },
      { channel: null, cost: 0, leads: 1, cpa: 0 },
    ]);
  });

  it('give every measure of the registry, worked out by hand', async () => {
    expect(await rowsOf({ measures: measureNames })).toEqual([
      {
        impressions: 600,
        clicks: 60,
        cost: 15,
        leads: 3,
        opportunities: 2,
        closedWon: 1,
        revenue: 100,
        ctr: 0.1,
        cpc: 0.25,
        cpm: 25,
        cpa: 5,
        costPerOpportunity: 7.5,
        cac: 15,
        cvrClickToLead: 0.05,
        cvrLeadToOpp: 2 / 3,
        cvrOppToWon: 0.5,
        roas: 100 / 15,
        averageDealSize: 100,
      },
    ]);
  });
});

describe('buckets', () => {
  it.each([
    ['week', 'monday', { '2025-08-04': 4, '2025-08-11': 11 }],
    ['week', 'sunday', { '2025-08-03': 1.5, '2025-08-10': 13.5 }],
    ['month', 'monday', { '2025-08-01': 15 }],
    ['quarter', 'monday', { '2025-07-01': 15 }],
    ['year', 'monday', { '2025-01-01': 15 }],
    ['day', 'monday', { '2025-08-05': 1.5, '2025-08-10': 2.5, '2025-08-11': 11 }],
  ] as const)('%s from %s', async (granularity, weekStart, expected) => {
    const rows = await rowsOf({ groupBy: ['date'], granularity, weekStart });
    expect(Object.fromEntries(rows.map((row) => [row.date, row.cost]))).toEqual(expected);
  });
});

describe('filters', () => {
  const cost = async (where: MetricsQuery['where']) => (await rowsOf({ where }))[0]?.cost;

  it('bind their values', () => {
    const { sql, parameters } = compiled({
      where: { dimension: 'utmSource', operator: 'in', values: ["Google'; DROP TABLE x"] },
    });
    expect(sql).toContain('AND (utm_source IN ({p4:Array(String)}))');
    expect(parameters).toMatchObject({ p4: ["google'; drop table x"] });
  });

  it('find what they name, however it is spelt where case does not count', async () => {
    expect(await cost({ dimension: 'channel', operator: 'eq', values: [' Google '] })).toBe(8);
    expect(await cost({ dimension: 'campaignId', operator: 'eq', values: ['c-1'] })).toBe(0);
    expect(await cost({ dimension: 'campaignId', operator: 'in', values: ['C-1', 'c-2'] })).toBe(15);
    expect(await cost({ dimension: 'utmSource', operator: 'contains', values: ['OOG'] })).toBe(8);
    expect(await cost({ dimension: 'utmSource', operator: 'startsWith', values: ['face'] })).toBe(7);
    expect(await cost({ dimension: 'utmSource', operator: 'endsWith', values: ['%'] })).toBe(0);
    expect(await cost({ dimension: 'utmTerm', operator: 'isUnknown', holds: true })).toBe(15);
  });

  it('and their opposites split the rows in two, null rows included', async () => {
    const leads = async (where: MetricsQuery['where']) =>
      (await rowsOf({ where, measures: ['leads'] }))[0]?.leads;
    const google = { dimension: 'channel', operator: 'eq', values: ['google'] } as const;
    expect(await leads(google)).toBe(2);
    expect(await leads({ not: google })).toBe(1);
    expect(await leads({ dimension: 'channel', operator: 'notIn', values: ['google'] })).toBe(1);
    expect(await leads({ or: [google, { not: google }] })).toBe(3);
    expect(await leads({ and: [google, { dimension: 'match', operator: 'eq', values: ['window'] }] })).toBe(
      1,
    );
  });
});

describe('order, pages and totals', () => {
  it('order by measures, rows without a value last', async () => {
    const changes: Partial<MetricsQuery> = { groupBy: ['channel'], measures: ['cpc'] };
    for (const direction of ['asc', 'desc'] as const) {
      const rows = await rowsOf({ ...changes, orderBy: [{ by: 'cpc', direction }] });
      expect(rows.map((row) => row.channel)).toEqual(['google', 'meta']);
    }
    const byCost = await rowsOf({ groupBy: ['channel'], orderBy: [{ by: 'cost', direction: 'asc' }] });
    expect(byCost.map((row) => row.channel)).toEqual(['meta', 'google']);
  });

  it('count all rows and total them, whatever the page shows', async () => {
    const wants = { rows: true, totals: true, totalCount: true };
    const page = { groupBy: ['date', 'channel'], wants, limit: 3, measures: ['cost', 'cpc'] } as const;
    const first = await loadMetrics(store, query(page), {});
    expect(first).toMatchObject({ totalCount: 4, hasNextPage: true, totals: { cost: 15, cpc: 0.25 } });
    expect(first.rows).toHaveLength(3);
    const second = await loadMetrics(store, query({ ...page, offset: 3 }), {});
    expect(second).toMatchObject({ totalCount: 4, hasNextPage: false, totals: { cost: 15, cpc: 0.25 } });
    expect(second.rows).toHaveLength(1);
    expect(await loadMetrics(store, query({ ...page, offset: 10 }), {})).toMatchObject({
      rows: [],
      totalCount: 4,
      totals: { cost: 15 },
    });
  });

  it('total the rows that `having` lets through', async () => {
    const result = await loadMetrics(
      store,
      query({
        groupBy: ['channel'],
        having: [{ measure: 'clicks', operator: 'gt', value: 0 }],
        wants: { rows: true, totals: true, totalCount: true },
      }),
      {},
    );
    expect(result).toMatchObject({ totalCount: 1, totals: { cost: 8 } });
    expect(result.rows.map((row) => row.channel)).toEqual(['google']);
  });

  it('cost nothing when they are not asked for', () => {
    expect(compiled({ groupBy: ['channel'] }).sql).not.toContain('WITH TOTALS');
    expect(
      compiled({ groupBy: ['channel'], wants: { rows: false, totals: true, totalCount: false } }).sql,
    ).not.toContain('GROUP BY');
  });
});

it('compiles the same query to the same text, to the letter', () => {
  const changes: Partial<MetricsQuery> = {
    groupBy: ['date', 'channel'],
    measures: ['roas', 'cost'],
    granularity: 'week',
  };
  expect(compiled(changes)).toEqual(compiled({ ...changes, measures: ['cost', 'roas'] }));
});
