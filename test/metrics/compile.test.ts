import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ValueList } from '../../src/clickhouse/value-list.ts';
import { compile } from '../../src/metrics/compile.ts';
import { loadMetrics } from '../../src/metrics/load.ts';
import { createModel } from '../../src/metrics/model.ts';
import { plan } from '../../src/metrics/plan.ts';
import { emptyQuery, type Fold, type MetricsQuery } from '../../src/metrics/query.ts';
import { standardMeasures } from '../../src/metrics/registry.ts';
import { parseIsoDay } from '../../src/records/day.ts';
import { openMigratedStore } from '../support/database.ts';
import { createRecordLoader } from '../support/records.ts';

const day = (text: string): number => parseIsoDay(text) ?? Number.NaN;

function query(changes: Partial<MetricsQuery>): MetricsQuery {
  return {
    ...emptyQuery,
    workspace: 'default',
    policy: undefined,
    range: { from: day('2025-08-01'), to: day('2025-08-31') },
    measures: ['cost'],
    ...changes,
  };
}
const compiled = (changes: Partial<MetricsQuery>) => compile(plan(query(changes))).compile();

/** The hash of the currencies of rows with cost, and its inverse. */
const ownDoubt =
  'groupBitOrIf(bitOr(bitAnd(cityHash64(currency), 4294967295), bitShiftLeft(bitXor(bitAnd(cityHash64(currency), 4294967295), 4294967295), 32)), cost != 0)';
const unlessMixed = (doubt: string, value: string): string =>
  `if(bitAnd(${doubt}, bitShiftRight(${doubt}, 32)) != 0, NULL, ${value})`;

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
    {
      ...ad,
      date: '2025-08-05',
      clicks: 10,
      impressions: 100,
      cost: 1.5,
      conversions: 2.5,
      conversion_value: 30,
    },
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

const rowsOf = async (changes: Partial<MetricsQuery>) => (await loadMetrics(store, query(changes))).rows;

describe('one side', () => {
  it('is one SELECT over that table', async () => {
    const changes: Partial<MetricsQuery> = { groupBy: ['channel'], measures: ['clicks', 'cpc'] };
    expect(compiled(changes)).toEqual({
      sql:
        `SELECT channel AS d_channel, sum(clicks) AS m_clicks, ${unlessMixed(ownDoubt, 'sum(cost)')} AS m_cost, (toFloat64(m_cost) / nullIf(toFloat64(m_clicks), 0)) AS m_cpc` +
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
      `SELECT d_channel, ${unlessMixed('groupBitOr(k_cost)', 'sum(s_cost)')} AS m_cost, sum(s_leads) AS m_leads, (toFloat64(m_cost) / nullIf(toFloat64(m_leads), 0)) AS m_cpa FROM (` +
        `SELECT channel AS d_channel, sum(cost) AS s_cost, toUInt64(0) AS s_leads, ${ownDoubt} AS k_cost FROM ad_performance FINAL` +
        ' WHERE workspace = {p1:String} AND date BETWEEN {p2:Date} AND {p3:Date} GROUP BY d_channel UNION ALL ' +
        'SELECT channel AS d_channel, toDecimal128(0, 6) AS s_cost, count() AS s_leads, toUInt64(0) AS k_cost FROM opportunities FINAL' +
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
    expect(await rowsOf({ measures: standardMeasures })).toEqual([
      {
        impressions: 600,
        clicks: 60,
        cost: 15,
        conversions: 2.5,
        conversionValue: 30,
        costPerConversion: 6,
        reportedRoas: 2,
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
    expect(parameters).toMatchObject({ p4: { values: ["google'; drop table x"] } });
  });

  it('send a list once, however many tables and periods are read and however many queries share it', () => {
    const where: MetricsQuery['where'] = { dimension: 'campaignId', operator: 'in', values: ['C-1', 'C-2'] };
    const range = { from: day('2025-07-01'), to: day('2025-07-31') };
    const whole = compiled({
      where,
      measures: ['cost', 'leads'],
      compareTo: { range, shift: { unit: 'month', count: 1 } },
    });
    const lists = Object.entries(whole.parameters).filter(([, value]) => value instanceof ValueList);
    expect(lists).toHaveLength(1);
    const [[name = '', list] = []] = lists;
    expect(whole.sql.split(`IN ({${name}:Array(String)})`)).toHaveLength(1 + 4);
    // Another tile over the same list, which a variable gives to both.
    expect(Object.values(compiled({ where: { not: where } }).parameters)).toContain(list);
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
      const rows = await rowsOf({ ...changes, orderBy: [{ by: 'cpc', of: 'current', direction }] });
      expect(rows.map((row) => row.channel)).toEqual(['google', 'meta']);
    }
    const byCost = await rowsOf({
      groupBy: ['channel'],
      orderBy: [{ by: 'cost', of: 'current', direction: 'asc' }],
    });
    expect(byCost.map((row) => row.channel)).toEqual(['meta', 'google']);
  });

  it('count all rows and total them, whatever the page shows', async () => {
    const wants = { rows: true, totals: true, totalCount: true };
    const page = { groupBy: ['date', 'channel'], wants, limit: 3, measures: ['cost', 'cpc'] } as const;
    const first = await loadMetrics(store, query(page));
    expect(first).toMatchObject({ totalCount: 4, hasNextPage: true, totals: { cost: 15, cpc: 0.25 } });
    expect(first.rows).toHaveLength(3);
    const second = await loadMetrics(store, query({ ...page, offset: 3 }));
    expect(second).toMatchObject({ totalCount: 4, hasNextPage: false, totals: { cost: 15, cpc: 0.25 } });
    expect(second.rows).toHaveLength(1);
    expect(await loadMetrics(store, query({ ...page, offset: 10 }))).toMatchObject({
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
        having: [{ measure: 'clicks', of: 'current', operator: 'gt', value: 0 }],
        wants: { rows: true, totals: true, totalCount: true },
      }),
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

describe('comparison', () => {
  const compareTo = {
    range: { from: day('2025-08-04'), to: day('2025-08-10') },
    shift: { unit: 'day', count: 7 },
  } as const;
  const changes: Partial<MetricsQuery> = {
    range: { from: day('2025-08-11'), to: day('2025-08-17') },
    groupBy: ['channel'],
    compareTo,
    figures: ['current', 'previous', 'change', 'relativeChange'],
  };

  it('reads each period once and unites them', () => {
    const { sql, parameters } = compiled(changes);
    expect(sql).toBe(
      `SELECT d_channel, ${unlessMixed('groupBitOr(k_cost)', 'sum(s_cost)')} AS m_cost, ${unlessMixed('groupBitOr(l_cost)', 'sum(t_cost)')} AS p_cost,` +
        ` ${unlessMixed('bitOr(groupBitOr(k_cost), groupBitOr(l_cost))', 'm_cost - p_cost')} AS c_cost,` +
        ` ${unlessMixed('bitOr(groupBitOr(k_cost), groupBitOr(l_cost))', '(toFloat64(m_cost) - toFloat64(p_cost)) / nullIf(toFloat64(p_cost), 0)')} AS r_cost FROM (` +
        `SELECT channel AS d_channel, sum(cost) AS s_cost, toDecimal128(0, 6) AS t_cost, ${ownDoubt} AS k_cost, toUInt64(0) AS l_cost FROM ad_performance FINAL` +
        ' WHERE workspace = {p1:String} AND date BETWEEN {p2:Date} AND {p3:Date} GROUP BY d_channel UNION ALL ' +
        `SELECT channel AS d_channel, toDecimal128(0, 6) AS s_cost, sum(cost) AS t_cost, toUInt64(0) AS k_cost, ${ownDoubt} AS l_cost FROM ad_performance FINAL` +
        ' WHERE workspace = {p4:String} AND date BETWEEN {p5:Date} AND {p6:Date} GROUP BY d_channel)' +
        " GROUP BY d_channel ORDER BY d_channel = '' ASC, d_channel ASC LIMIT {p7:UInt64} OFFSET {p8:UInt64}",
    );
    expect(parameters).toMatchObject({
      p2: '2025-08-11',
      p3: '2025-08-17',
      p5: '2025-08-04',
      p6: '2025-08-10',
    });
  });

  it('gives previous, change and relative change; rows that only the other period has appear, too', async () => {
    expect(await rowsOf(changes)).toEqual([
      {
        channel: 'google',
        cost: 4,
        compared: { previous: { cost: 4 }, change: { cost: 0 }, relativeChange: { cost: 0 } },
      },
      {
        channel: 'meta',
        cost: 7,
        compared: { previous: { cost: 0 }, change: { cost: 7 }, relativeChange: { cost: null } },
      },
    ]);
    const before = await rowsOf({
      ...changes,
      range: compareTo.range,
      compareTo: { ...compareTo, range: { from: day('2025-08-11'), to: day('2025-08-17') } },
    });
    expect(before).toMatchObject([
      { channel: 'google', cost: 4 },
      { channel: 'meta', cost: 0, compared: { previous: { cost: 7 } } },
    ]);
  });

  it('moves days so that they meet', async () => {
    const rows = await rowsOf({ ...changes, groupBy: ['date'] });
    expect(rows.map((row) => [row.date, row.cost, row.compared?.previous.cost])).toEqual([
      ['2025-08-11', 11, 0],
      ['2025-08-12', 0, 1.5],
      ['2025-08-17', 0, 2.5],
    ]);
  });

  it('can be what rows are filtered and ordered by', async () => {
    const having = [{ measure: 'cost', of: 'change', operator: 'gt', value: 0 }] as const;
    expect((await rowsOf({ ...changes, having })).map((row) => row.channel)).toEqual(['meta']);
    const orderBy = [{ by: 'cost', of: 'change', direction: 'desc' }] as const;
    expect((await rowsOf({ ...changes, orderBy })).map((row) => row.channel)).toEqual(['meta', 'google']);
  });
});

describe('gap fill', () => {
  it('gives every bucket of the range for every series, zeros for sums and null for ratios', async () => {
    const fill = ['2025-08-10', '2025-08-11', '2025-08-12'].map(day);
    const rows = await rowsOf({
      range: { from: day('2025-08-10'), to: day('2025-08-12') },
      groupBy: ['date', 'channel'],
      fill,
      measures: ['cost', 'cpc'],
    });
    expect(rows.map((row) => [row.date, row.channel, row.cost, row.cpc])).toEqual([
      ['2025-08-10', 'google', 2.5, 0.125],
      ['2025-08-10', 'meta', 0, null],
      ['2025-08-11', 'google', 4, 4 / 30],
      ['2025-08-11', 'meta', 7, null],
      ['2025-08-12', 'google', 0, null],
      ['2025-08-12', 'meta', 0, null],
    ]);
  });

  it('of nothing at all gives every bucket where DATE is alone', async () => {
    const fill = ['2026-01-01', '2026-01-02'].map(day);
    const rows = await rowsOf({
      range: { from: day('2026-01-01'), to: day('2026-01-02') },
      groupBy: ['date'],
      fill,
    });
    expect(rows).toEqual([
      { date: '2026-01-01', cost: 0 },
      { date: '2026-01-02', cost: 0 },
    ]);
  });
});

describe('top N', () => {
  const fold = { dimension: 'channel', values: ['meta'], others: true } as const;

  it('folds the rest into one row that keeps the total, or leaves it out', async () => {
    const query = {
      groupBy: ['channel'],
      measures: ['cost', 'leads'],
      wants: { rows: true, totals: true, totalCount: true },
    } as const;
    expect((await rowsOf({ ...query, fold })).map((row) => [row.channel, row.cost, row.leads])).toEqual([
      ['(other)', 8, 3],
      ['meta', 7, 0],
    ]);
    expect(
      (await rowsOf({ ...query, fold: { ...fold, others: false } })).map((row) => [row.channel, row.cost]),
    ).toEqual([['meta', 7]]);
  });

  it('totals without rows are of the same rows', async () => {
    const asked = {
      groupBy: ['channel'],
      measures: ['cost'],
      wants: { rows: false, totals: true, totalCount: false },
    } as const;
    const totalsOf = async (of: Fold) => (await loadMetrics(store, query({ ...asked, fold: of }))).totals;
    expect(await totalsOf(fold)).toMatchObject({ cost: 15 });
    expect(await totalsOf({ ...fold, others: false })).toMatchObject({ cost: 7 });
  });

  it('binds the values', () => {
    const { sql, parameters } = compiled({ groupBy: ['channel'], fold });
    expect(sql).toContain(
      "multiIf(channel NOT IN ({p1:Array(String)}), {p2:String}, channel = '', '', concat({p3:String}, channel)) AS d_channel",
    );
    expect(parameters).toMatchObject({ p1: { values: ['meta'] }, p2: '(other)', p3: '=' });
  });
});

describe('aliases of a model', () => {
  const model = createModel({ aliases: { utm_source: new Map([['fb', 'facebook']]) } });
  const asked: Partial<MetricsQuery> = {
    groupBy: ['utmSource', 'utmMedium'],
    measures: ['clicks'],
    where: { dimension: 'utmSource', operator: 'eq', values: ['FB'] },
  };

  it('are bound once, stand for columns and whole values, and leave other dimensions as they are', async () => {
    const { sql: text, parameters } = compiled({ ...asked, model });
    expect(text).toBe(
      'SELECT d_utm_source, d_utm_medium, sum(s_clicks) AS m_clicks FROM' +
        ' (SELECT any(transform(toString(utm_source), {p1:Array(String)}, {p2:Array(String)}, toString(utm_source))) AS d_utm_source, any(utm_medium) AS d_utm_medium, sum(clicks) AS s_clicks' +
        ' FROM ad_performance FINAL WHERE workspace = {p3:String} AND date BETWEEN {p4:Date} AND {p5:Date}' +
        ' AND (transform(toString(utm_source), {p1:Array(String)}, {p2:Array(String)}, toString(utm_source)) = {p6:String})' +
        ' GROUP BY sipHash64(utm_source), sipHash64(utm_medium))' +
        " GROUP BY d_utm_source, d_utm_medium ORDER BY d_utm_source = '' ASC, d_utm_source ASC, d_utm_medium = '' ASC, d_utm_medium ASC LIMIT {p7:UInt64} OFFSET {p8:UInt64}",
    );
    expect(parameters).toMatchObject({ p1: ['fb'], p2: ['facebook'], p6: 'facebook' });
    const { rows } = await loadMetrics(store, query({ ...asked, model }));
    expect(rows).toEqual([{ utmSource: 'facebook', utmMedium: 'cpc', clicks: 0 }]);
  });

  it('of other dimensions change nothing', () => {
    const other = createModel({ aliases: { utm_term: new Map([['a', 'b']]) } });
    expect(compiled({ ...asked, model: other })).toEqual(compiled(asked));
  });
});

describe('subtotals', () => {
  it('are of the rows that pass `having`, with ratios worked out anew', async () => {
    const having = [{ measure: 'cost', of: 'current', operator: 'gt', value: 2 }] as const;
    const rows = await rowsOf({
      groupBy: ['date', 'channel'],
      subtotalBy: ['channel'],
      having,
      measures: ['cost', 'cpc'],
    });
    expect(rows).toEqual([
      { channel: 'google', cost: 6.5, clicks: 50, cpc: 0.13 },
      { channel: 'meta', cost: 7, clicks: 0, cpc: null },
    ]);
  });
});
