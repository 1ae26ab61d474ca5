import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask, askAllPages, emptyRange, injections, loadExploreData, range } from '../support/explore-data.ts';

interface Opportunity {
  readonly id: string;
  readonly stage: string;
  readonly amount: number;
}
interface Ad {
  readonly impressions: number;
  readonly clicks: number;
  readonly cost: number;
}

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await loadExploreData(app);
});
afterAll(() => app.close());

const ids = async (args = ''): Promise<string[]> =>
  (await ask<{ nodes: Opportunity[] }>(app, `opportunities(${range} ${args}) { nodes { id } }`)).nodes.map(
    ({ id }) => id,
  );
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Filters whose figures are compared with the records behind them; the last holds for none. */
const filters = [
  '{}',
  '{ channel: { eq: "bing" } }',
  '{ campaignId: { isUnknown: true } }',
  '{ match: { in: ["EXACT", "WINDOW"] } }',
  '{ not: { utmCampaign: { startsWith: "brand" } } }',
  '{ or: [{ utmSource: { eq: "facebook" } }, { adId: { eq: "A-1" } }] }',
  '{ channel: { eq: "nowhere" } }',
];

describe('opportunities', () => {
  it('shows the records whole, but for the contact', async () => {
    expect(
      await ask(
        app,
        `opportunities(${range}, where: { campaignId: { eq: "c-3" } }, orderBy: { by: CREATED_AT, direction: ASC }, first: 1) {
          nodes { id createdAt day stage stageName amount currency utmCampaign utmSource utmMedium utmContent utmTerm channel campaignId match source }
          totalCount pageInfo { hasNextPage } }`,
      ),
    ).toEqual({
      nodes: [
        {
          id: 'O-4',
          createdAt: '2025-08-04T10:00:00.000Z',
          day: '2025-08-04',
          stage: 'OPPORTUNITY',
          stageName: expect.stringMatching(/^proposal$/i),
          amount: 80,
          currency: 'USD',
          utmCampaign: 'brand-2',
          utmSource: 'unknown',
          utmMedium: 'unknown',
          utmContent: 'unknown',
          utmTerm: 'unknown',
          channel: 'bing',
          campaignId: 'c-3',
          match: 'CAMPAIGN',
          source: 'crm',
        },
      ],
      totalCount: 3,
      pageInfo: { hasNextPage: true },
    });
    const unattributed = `opportunities(${range}, where: { match: { eq: "UNATTRIBUTED" } }) { nodes { id channel campaignId } }`;
    expect(await ask(app, unattributed)).toEqual({ nodes: [{ id: 'O-3', channel: null, campaignId: null }] });
    const { errors } = await app.query(`{ opportunities(${range}) { nodes { contactHash } } }`);
    expect(errors).toHaveLength(1);
  });

  it('is newest first, or by amount, equal amounts by id', async () => {
    expect(await ids()).toEqual(['O-6', 'O-5', 'O-4', 'O-3', 'O-2', 'O-1']);
    expect(await ids('orderBy: { by: AMOUNT }')).toEqual(['O-1', 'O-3', 'O-2', 'O-4', 'O-5', 'O-6']);
    expect(await ids('orderBy: { by: AMOUNT, direction: ASC }')).toEqual([
      'O-5',
      'O-6',
      'O-4',
      'O-2',
      'O-3',
      'O-1',
    ]);
  });

  it('keeps to stages', async () => {
    expect(await ids('stage: CLOSED_WON')).toEqual(['O-5', 'O-3', 'O-1']);
    expect(await ids('stage: [LEAD, CLOSED_LOST]')).toEqual(['O-6', 'O-2']);
    const { errors } = await app.query(`{ opportunities(${range}, stage: []) { totalCount } }`);
    expect(errors).toMatchObject([
      { message: expect.stringContaining('stage is an empty list'), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it.each(filters)('are those behind the figures where %s', async (where) => {
    const { data } = await app.query(`{
      opportunities(${range}, where: ${where}) { nodes { id stage amount } totalCount }
      metrics(${range}, where: ${where}) { totals { leads opportunities closedWon revenue } } }`);
    const { opportunities, metrics } = data as unknown as {
      opportunities: { nodes: Opportunity[]; totalCount: number };
      metrics: { totals: unknown };
    };
    const won = opportunities.nodes.filter(({ stage }) => stage === 'CLOSED_WON');
    expect(opportunities.totalCount).toBe(opportunities.nodes.length);
    expect(metrics.totals).toEqual({
      leads: opportunities.nodes.length,
      opportunities: opportunities.nodes.filter(({ stage }) => stage !== 'LEAD').length,
      closedWon: won.length,
      revenue: sum(won.map(({ amount }) => amount)),
    });
  });

  it.each([1, 4, 6])('%i a page give every record once', async (first) => {
    const { nodes, totalCounts } = await askAllPages<Opportunity>(
      app,
      (paging, beside) =>
        `opportunities(${range}, orderBy: { by: AMOUNT, direction: ASC }, ${paging}) { nodes { id } ${beside} }`,
      first,
    );
    expect(nodes.map(({ id }) => id)).toEqual(['O-5', 'O-6', 'O-4', 'O-2', 'O-3', 'O-1']);
    expect(new Set(totalCounts)).toEqual(new Set([6]));
  });

  it('refuses a cursor of another order', async () => {
    const { pageInfo } = await ask<{ pageInfo: { endCursor: string } }>(
      app,
      `opportunities(${range}, first: 2) { pageInfo { endCursor } }`,
    );
    const { errors } = await app.query(
      `{ opportunities(${range}, orderBy: { by: AMOUNT }, after: "${pageInfo.endCursor}") { totalCount } }`,
    );
    expect(errors).toMatchObject([{ message: expect.stringContaining('another query') }]);
  });

  it('harmful texts in where find nothing and harm nothing', async () => {
    for (const text of injections)
      expect(await ids(`where: { campaignId: { contains: ${JSON.stringify(text)} } }`)).toEqual([]);
    expect(await ids()).toHaveLength(6);
  });
});

describe('adPerformance', () => {
  it('shows the rows whole', async () => {
    expect(
      await ask(
        app,
        `adPerformance(${range}, where: { channel: { eq: "meta" } }, orderBy: { by: COST }) { totalCount nodes {
          date channel campaignId adGroupId adId utmCampaign utmSource utmMedium utmContent utmTerm clicks impressions cost currency source } }`,
      ),
    ).toEqual({
      totalCount: 2,
      nodes: [
        {
          date: '2025-08-01',
          channel: 'meta',
          campaignId: 'C-2',
          adGroupId: 'G-1',
          adId: 'A-1',
          utmCampaign: 'brand',
          utmSource: 'facebook',
          utmMedium: 'paid_social',
          utmContent: 'unknown',
          utmTerm: 'unknown',
          clicks: 10,
          impressions: 2000,
          cost: 100,
          currency: 'USD',
          source: 'ads',
        },
        expect.objectContaining({ date: '2025-08-04', adGroupId: null, adId: null, cost: 4.25 }),
      ],
    });
  });

  it.each(filters)('sums to the figures where %s', async (where) => {
    const { data } = await app.query(`{
      adPerformance(${range}, where: ${where}) { nodes { impressions clicks cost } }
      metrics(${range}, where: ${where}) { totals { impressions clicks cost } } }`);
    const { adPerformance, metrics } = data as unknown as {
      adPerformance: { nodes: Ad[] };
      metrics: { totals: Ad };
    };
    for (const name of ['impressions', 'clicks', 'cost'] as const)
      expect(sum(adPerformance.nodes.map((row) => row[name]))).toBeCloseTo(metrics.totals[name], 9);
  });

  it.each([
    ['DATE', ['2025-08-04', '2025-08-04', '2025-08-02', '2025-08-01', '2025-08-01']],
    ['CLICKS', ['2025-08-01', '2025-08-02', '2025-08-01', '2025-08-04', '2025-08-04']],
    ['IMPRESSIONS', ['2025-08-01', '2025-08-01', '2025-08-02', '2025-08-04', '2025-08-04']],
  ])('pages by %s without loss or repeat', async (by, days) => {
    const { nodes } = await askAllPages<{ date: string; campaignId: string; cost: number }>(
      app,
      (paging, beside) =>
        `adPerformance(${range}, orderBy: { by: ${by} }, ${paging}) { nodes { date campaignId cost } ${beside} }`,
      2,
    );
    expect(nodes.map(({ date }) => date)).toEqual(days);
    expect(new Set(nodes.map(({ campaignId, cost }) => `${campaignId} ${cost}`)).size).toBe(5);
  });
});

it.each(['opportunities', 'adPerformance'])('%s is empty without records', async (field) => {
  expect(
    await ask(
      app,
      `${field}(${emptyRange}) { nodes { utmTerm } totalCount pageInfo { endCursor hasNextPage } }`,
    ),
  ).toEqual({ nodes: [], totalCount: 0, pageInfo: { endCursor: null, hasNextPage: false } });
});

it.each(['opportunities', 'adPerformance'])('%s says what is wrong with its arguments', async (field) => {
  for (const [args, message] of [
    ['first: 0', /first: 0 is not between 1 and 10000/],
    ['after: "nonsense"', /after: this is no cursor/],
    ['where: { channel: {} }', /where\.channel is empty/],
  ] as const) {
    const { errors } = await app.query(`{ ${field}(${range}, ${args}) { totalCount } }`);
    expect(errors).toMatchObject([
      { message: expect.stringMatching(message), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  }
});
