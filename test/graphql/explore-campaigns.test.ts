import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask, askAllPages, emptyRange, injections, loadExploreData, range } from '../support/explore-data.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await loadExploreData(app);
});
afterAll(() => app.close());

const own = 'id name channels firstDay lastDay';

it('lists campaigns, most cost first, with their latest known utm_campaign', async () => {
  expect(await ask(app, `campaigns(${range}) { nodes { ${own} } totalCount }`)).toEqual({
    nodes: [
      { id: 'C-2', name: 'brand', channels: ['meta'], firstDay: '2025-08-01', lastDay: '2025-08-04' },
      {
        id: 'C-1',
        name: 'back_to_school_2',
        channels: ['google_ads'],
        firstDay: '2025-08-01',
        lastDay: '2025-08-02',
      },
      { id: 'c-3', name: 'brand-2', channels: ['bing'], firstDay: '2025-08-04', lastDay: '2025-08-04' },
    ],
    totalCount: 3,
  });
});

it('lists a campaign that has only attributed CRM records in the range; its name is null where none is known', async () => {
  const day = (text: string) => `dateRange: { between: { from: "${text}", to: "${text}" } }`;
  expect(
    await ask(
      app,
      `campaigns(${day('2025-08-02')}, where: { utmSource: { eq: "facebook" } }) { nodes { ${own} } }`,
    ),
  ).toEqual({
    nodes: [{ id: 'C-2', name: 'brand', channels: ['meta'], firstDay: '2025-08-02', lastDay: '2025-08-02' }],
  });
  expect(
    await ask(
      app,
      `campaigns(${day('2025-08-04')}, where: { channel: { eq: "meta" } }) { nodes { id name } }`,
    ),
  ).toEqual({ nodes: [{ id: 'C-2', name: null }] });
});

it('finds campaigns by id and by utm_campaign, in any case', async () => {
  const found = async (search: string) =>
    (
      await ask<{ nodes: { id: string }[] }>(
        app,
        `campaigns(${range}, search: ${JSON.stringify(search)}) { nodes { id } }`,
      )
    ).nodes.map(({ id }) => id);
  expect(await found('C-3')).toEqual(['c-3']);
  expect(await found('School')).toEqual(['C-1']);
  expect(await found('BRAND')).toEqual(['C-2', 'c-3']);
  expect(await found(' ')).toHaveLength(3);
  for (const text of injections) expect(await found(text)).toEqual([]);
  expect(await found('c-')).toHaveLength(3);
});

it('pages without loss or repeat', async () => {
  const { nodes, totalCounts } = await askAllPages<{ id: string }>(
    app,
    (paging, beside) => `campaigns(${range}, ${paging}) { nodes { id } ${beside} }`,
    1,
  );
  expect(nodes.map(({ id }) => id)).toEqual(['C-2', 'C-1', 'c-3']);
  expect(totalCounts).toEqual([3, 3, 3]);
  const { errors } = await app.query(`{ campaigns(${range}, first: 0) { totalCount } }`);
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});

it('campaign(id) is over all stored days, and null for an id that no record has', async () => {
  expect(await ask(app, `campaign(id: "C-1") { ${own} }`)).toEqual({
    id: 'C-1',
    name: 'back_to_school_2',
    channels: ['google_ads'],
    firstDay: '2025-08-01',
    lastDay: '2025-08-02',
  });
  for (const id of ['c-1', '', ...injections])
    expect(await ask(app, `campaign(id: ${JSON.stringify(id)}) { id }`)).toBeNull();
});

describe('metrics and timeseries', () => {
  it('of each campaign: sums, ratios, and zeros where there is nothing', async () => {
    const measures = 'cost clicks leads opportunities closedWon revenue roas cpa';
    const { nodes } = await ask<{ nodes: unknown[] }>(
      app,
      `campaigns(${range}) { nodes { id metrics(${range}) { ${measures} } before: metrics(${emptyRange}) { cost cpc } } }`,
    );
    const before = { cost: 0, cpc: null };
    expect(nodes).toEqual([
      {
        id: 'C-2',
        before,
        metrics: {
          cost: 104.25,
          clicks: 10,
          leads: 1,
          opportunities: 0,
          closedWon: 0,
          revenue: 0,
          roas: 0,
          cpa: 104.25,
        },
      },
      {
        id: 'C-1',
        before,
        metrics: {
          cost: 75.75,
          clicks: 150,
          leads: 1,
          opportunities: 1,
          closedWon: 1,
          revenue: 500,
          roas: 500 / 75.75,
          cpa: 75.75,
        },
      },
      {
        id: 'c-3',
        before,
        metrics: {
          cost: 0,
          clicks: 5,
          leads: 3,
          opportunities: 3,
          closedWon: 1,
          revenue: 40,
          roas: null,
          cpa: 0,
        },
      },
    ]);
  });

  it('sum, with the records of no campaign, to the totals of metrics', async () => {
    const { data } = await app.query(`{
      campaigns(${range}) { nodes { metrics(${range}) { revenue leads cost } } }
      none: metrics(${range}, where: { campaignId: { isUnknown: true } }) { totals { revenue leads cost } }
      metrics(${range}) { totals { revenue leads cost } } }`);
    type Sums = { revenue: number; leads: number; cost: number };
    const { campaigns, none, metrics } = data as unknown as {
      campaigns: { nodes: { metrics: Sums }[] };
      none: { totals: Sums };
      metrics: { totals: Sums };
    };
    const all = [...campaigns.nodes.map((node) => node.metrics), none.totals];
    for (const name of ['revenue', 'leads', 'cost'] as const)
      expect(all.reduce((sum, row) => sum + row[name], 0)).toBeCloseTo(metrics.totals[name], 9);
    expect(metrics.totals).toEqual({ revenue: 790.5, leads: 6, cost: 180 });
  });

  it('by day, week and month, filtered, oldest first', async () => {
    expect(
      await ask(
        app,
        `campaign(id: "C-1") {
          days: timeseries(${range}) { date cost leads campaignId channel }
          google: timeseries(${range}, where: { utmCampaign: { endsWith: "_2" } }) { date cost }
          weeks: timeseries(${range}, granularity: WEEK, weekStart: SATURDAY) { date cost }
          months: timeseries(${range}, granularity: MONTH) { date clicks cpc }
          none: timeseries(${emptyRange}) { date cost } }`,
      ),
    ).toEqual({
      days: [
        { date: '2025-08-01', cost: 50.25, leads: 1, campaignId: 'C-1', channel: null },
        { date: '2025-08-02', cost: 25.5, leads: 0, campaignId: 'C-1', channel: null },
      ],
      google: [{ date: '2025-08-02', cost: 25.5 }],
      weeks: [
        { date: '2025-07-26', cost: 50.25 },
        { date: '2025-08-02', cost: 25.5 },
      ],
      months: [{ date: '2025-08-01', clicks: 150, cpc: 75.75 / 150 }],
      none: [],
    });
  });

  it('of channels', async () => {
    expect(
      await ask(
        app,
        `channels(${range}) { name metrics(${range}) { cost revenue } timeseries(${range}, granularity: MONTH) { date cost } }`,
      ),
    ).toEqual([
      {
        name: 'meta',
        metrics: { cost: 104.25, revenue: 0 },
        timeseries: [{ date: '2025-08-01', cost: 104.25 }],
      },
      {
        name: 'google_ads',
        metrics: { cost: 75.75, revenue: 500 },
        timeseries: [{ date: '2025-08-01', cost: 75.75 }],
      },
      { name: 'bing', metrics: { cost: 0, revenue: 40 }, timeseries: [{ date: '2025-08-01', cost: 0 }] },
    ]);
    expect(await ask(app, `channels(${emptyRange}) { name }`)).toEqual([]);
  });

  it('say what is wrong with their arguments', async () => {
    const { errors } = await app.query(
      `{ campaigns(${range}) { nodes { metrics(${range}, where: { not: {} }) { cost } } } }`,
    );
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining('where.not is empty'),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });
});
