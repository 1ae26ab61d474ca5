import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { pushRates } from '../support/exchange-rates.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { REPORTING_CURRENCY: 'EUR' } });
});
afterEach(() => app.empty());
afterAll(() => app.close());

const utm = { utm_campaign: 'x', utm_source: 'google', utm_medium: 'cpc' };
const ad = (changes: Record<string, unknown>) => ({
  date: '2025-08-04',
  campaign_id: 'C-1',
  channel: 'google_ads',
  clicks: 10,
  impressions: 100,
  cost: 1_000,
  currency: 'SEK',
  ...utm,
  ...changes,
});
const deal = (changes: Record<string, unknown>) => ({
  opportunity_id: 'O-1',
  created_at: '2025-08-04T10:00:00Z',
  stage: 'closed_won',
  amount: 5_000,
  currency: 'SEK',
  ...utm,
  ...changes,
});

async function push(kind: string, records: readonly unknown[]): Promise<void> {
  const response = await fetch(`${app.url}/ingest/${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records),
  });
  expect(response.status).toBe(200);
}

const days = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';
const meta = 'meta { currency rates { from to oldest } warnings { code message } }';
const unconverted = 'unconverted { currency cost revenue }';

async function ask(document: string): Promise<never> {
  const { data, errors } = await app.query(`{ ${document} }`);
  expect(errors).toBeUndefined();
  return data as never;
}
interface Metrics {
  readonly nodes: readonly Record<string, unknown>[];
  readonly totals: Record<string, unknown>;
  readonly unconverted: readonly Record<string, unknown>[];
  readonly meta: {
    readonly currency: string | null;
    readonly rates: Record<string, unknown> | null;
    readonly warnings: readonly { readonly code: string; readonly message: string }[];
  };
}
const metrics = async (args: string, fields: string): Promise<Metrics> =>
  ((await ask(`metrics(${days} ${args}) { ${fields} }`)) as { metrics: Metrics }).metrics;
const codesOf = ({ meta: { warnings } }: Metrics): string[] => warnings.map(({ code }) => code);

describe('without exchange rates', () => {
  it('money of one currency is what is stored, and named', async () => {
    await push('ad-performance', [ad({})]);
    const answer = await metrics('', `totals { cost } ${meta}`);
    expect(answer).toMatchObject({ totals: { cost: 1_000 }, meta: { currency: 'SEK', rates: null } });
    expect(codesOf(answer)).not.toContain('MIXED_CURRENCIES');
  });

  it('money of two is null, ratios of two sides, too, and grouping by currency gives figures again', async () => {
    await push('ad-performance', [ad({}), ad({ campaign_id: 'C-2', currency: 'USD', cost: 70 })]);
    await push('opportunities', [deal({ currency: 'USD', amount: 475 })]);
    const byCampaign = await metrics(
      'groupBy: [CAMPAIGN_ID]',
      `nodes { campaignId cost cpc clicks revenue roas } totals { cost clicks revenue } ${meta}`,
    );
    expect(byCampaign.nodes).toEqual([
      { campaignId: 'C-1', cost: 1_000, cpc: 100, clicks: 10, revenue: 475, roas: null },
      { campaignId: 'C-2', cost: 70, cpc: 7, clicks: 10, revenue: 0, roas: 0 },
    ]);
    expect(byCampaign).toMatchObject({
      totals: { cost: null, clicks: 20, revenue: 475 },
      meta: { currency: null },
    });
    expect(byCampaign.meta.warnings).toContainEqual({
      code: 'MIXED_CURRENCIES',
      message: expect.stringContaining('several currencies (SEK, USD)'),
    });
    const byCurrency = await metrics('groupBy: [CURRENCY]', `nodes { currency cost revenue } ${meta}`);
    expect(byCurrency.nodes).toEqual([
      { currency: 'SEK', cost: 1_000, revenue: 0 },
      { currency: 'USD', cost: 70, revenue: 475 },
    ]);
    expect(codesOf(byCurrency)).not.toContain('MIXED_CURRENCIES');
    const filtered = await metrics('where: { currency: { eq: "usd" } }', `totals { cost } ${meta}`);
    expect(filtered).toMatchObject({ totals: { cost: 70 }, meta: { currency: 'USD' } });
  });

  it('money is not taken from money of another currency', async () => {
    await push('ad-performance', [ad({}), ad({ date: '2025-07-04', currency: 'USD', cost: 70 })]);
    const compared = await metrics(
      'compareTo: { between: { from: "2025-07-01", to: "2025-07-31" } }',
      'totals { cost ctr previous { cost ctr } change { cost ctr clicks } }',
    );
    expect(compared.totals).toEqual({
      cost: 1_000,
      ctr: 0.1,
      previous: { cost: 70, ctr: 0.1 },
      change: { cost: null, ctr: 0, clicks: 0 },
    });
  });

  it('what costs nothing has no currency that matters', async () => {
    await push('ad-performance', [ad({}), ad({ campaign_id: 'C-2', currency: 'USD', cost: 0 })]);
    expect(await metrics('', `totals { cost } ${meta}`)).toMatchObject({
      totals: { cost: 1_000 },
      meta: { currency: 'SEK' },
    });
  });
});

describe('with exchange rates', () => {
  const rates = [
    { date: '2025-08-01', base: 'EUR', quote: 'SEK', rate: 11.1735 },
    { date: '2025-08-01', base: 'EUR', quote: 'USD', rate: 1.1404 },
    { date: '2025-08-04', base: 'EUR', quote: 'SEK', rate: 11.183 },
    { date: '2025-08-04', base: 'EUR', quote: 'USD', rate: 1.1565 },
    { date: '2025-08-04', base: 'EUR', quote: 'JPY', rate: 170.69 },
  ];

  it.each(['EUR', 'SEK', 'USD', 'JPY', 'usd'])('a ROAS of one rate is 5 in %s', async (currency) => {
    await pushRates(app, rates);
    await push('ad-performance', [ad({})]);
    await push('opportunities', [deal({})]);
    const answer = await metrics(`currency: "${currency}"`, `totals { roas } ${meta}`);
    expect(answer).toMatchObject({ totals: { roas: 5 }, meta: { currency: currency.toUpperCase() } });
  });

  it('each row has the rate of its own day, on both sides, and a restated rate changes the figure', async () => {
    await pushRates(app, rates);
    await push('ad-performance', [ad({}), ad({ date: '2025-08-01', cost: 500 })]);
    await push('opportunities', [deal({ currency: 'USD', amount: 100 })]);
    const before = await metrics('', `totals { cost revenue roas clicks } ${meta}`);
    const cost = 1_000 / 11.183 + 500 / 11.1735;
    expect(before.totals).toMatchObject({ clicks: 20 });
    expect(before.totals.cost).toBeCloseTo(cost, 9);
    expect(before.totals.revenue).toBeCloseTo(100 / 1.1565, 9);
    expect(before.meta).toMatchObject({
      currency: 'EUR',
      rates: { from: '2025-08-01', to: '2025-08-04', oldest: 0 },
    });
    await pushRates(app, [{ date: '2025-08-04', base: 'EUR', quote: 'SEK', rate: 10 }]);
    const after = await metrics('', 'totals { cost revenue clicks }');
    expect(after.totals).toMatchObject({ revenue: before.totals.revenue, clicks: 20 });
    expect(after.totals.cost).toBeCloseTo(100 + 500 / 11.1735, 9);
  });

  it('a weekend has the rate of the Friday before, and nothing is guessed beyond seven days', async () => {
    await pushRates(app, rates);
    await push('ad-performance', [
      ad({ date: '2025-08-03', cost: 111.735 }),
      ad({ date: '2025-08-11', cost: 111.83 }),
      ad({ date: '2025-08-12', cost: 300 }),
      ad({ date: '2025-08-13', cost: 200, currency: 'GBP', campaign_id: 'C-2' }),
    ]);
    const answer = await metrics(
      'groupBy: [DATE]',
      `nodes { date cost clicks } totals { cost clicks } ${unconverted} ${meta}`,
    );
    expect(answer).toMatchObject({
      nodes: [
        { date: '2025-08-03', cost: 10, clicks: 10 },
        { date: '2025-08-11', cost: 10, clicks: 10 },
        { date: '2025-08-12', cost: null, clicks: 10 },
        { date: '2025-08-13', cost: null, clicks: 10 },
      ],
      totals: { cost: null, clicks: 40 },
      unconverted: [
        { currency: 'GBP', cost: 200, revenue: 0 },
        { currency: 'SEK', cost: 300, revenue: 0 },
      ],
      meta: { rates: { from: '2025-08-01', to: '2025-08-04', oldest: 7 } },
    });
    const missing = answer.meta.warnings.filter(({ code }) => code === 'MISSING_RATE');
    expect(missing.map(({ message }) => message)).toEqual([
      expect.stringContaining('GBP to EUR for 2025-08-13'),
      expect.stringContaining('SEK to EUR for 2025-08-12'),
    ]);
  });

  it.each([
    ['IRR', 'EUR', 123_456_789, 123_456_789 / 1_123_456.789],
    ['EUR', 'IRR', 999_999_999_999, 999_999_999_999 * 1_123_456.789],
  ])('money of %s is told in %s to the last digit, however small or large', async (from, to, cost, expected) => {
    await pushRates(app, [{ date: '2025-08-04', base: 'EUR', quote: 'IRR', rate: 1_123_456.789 }]);
    await push('ad-performance', [
      ad({ cost, currency: from }),
      ad({ campaign_id: 'C-2', cost, currency: from }),
    ]);
    const { totals } = await metrics(`currency: "${to}"`, 'totals { cost }');
    expect(Number(totals.cost) / (2 * expected)).toBeCloseTo(1, 11);
  });

  it('rows are ordered, filtered and cut off by their converted money', async () => {
    await pushRates(app, rates);
    await push('ad-performance', [
      ad({ campaign_id: 'C-1', cost: 1_000 }),
      ad({ campaign_id: 'C-2', cost: 100, currency: 'EUR' }),
      ad({ campaign_id: 'C-3', cost: 100, currency: 'USD' }),
    ]);
    const ordered = await metrics(
      'groupBy: [CAMPAIGN_ID] orderBy: [{ measure: COST, direction: DESC }] having: [{ measure: COST, gt: 87 }]',
      'nodes { campaignId } totals { cost }',
    );
    expect(ordered.nodes.map(({ campaignId }) => campaignId)).toEqual(['C-2', 'C-1']);
    expect(ordered.totals.cost).toBeCloseTo(100 + 1_000 / 11.183, 9);
    const first = await metrics(
      'groupBy: [CAMPAIGN_ID] limitBy: { dimension: CAMPAIGN_ID, n: 1 }',
      'nodes { campaignId }',
    );
    expect(first.nodes).toEqual([{ campaignId: 'C-2' }]);
  });

  it('campaigns, channels, records, the funnel and data quality speak the asked currency', async () => {
    await pushRates(app, rates);
    await push('ad-performance', [
      ad({}),
      ad({ campaign_id: 'C-2', channel: 'meta', cost: 100, currency: 'EUR', utm_campaign: 'unknown' }),
    ]);
    await push('opportunities', [deal({})]);
    const shown = (await ask(`
      campaigns(${days} currency: "EUR") { nodes { id metrics(${days}) { cost } } }
      campaign(id: "C-1", currency: "SEK") { metrics(${days}) { cost roas } }
      channels(${days}) { name metrics(${days}) { cost } }
      adPerformance(${days} currency: "SEK", orderBy: { by: COST }) { nodes { cost currency storedCost storedCurrency } }
      opportunities(${days} currency: "EUR") { nodes { amount currency storedAmount storedCurrency } }
      funnel(${days} currency: "SEK") { steps { step costPer } }
      dataQuality(${days} currency: "SEK") { spendWithoutUtm { cost utmCampaign { cost } } matches { match revenue revenueShare } }
    `)) as Record<string, never>;
    const inEuro = expect.closeTo(1_000 / 11.183, 9);
    expect(shown).toMatchObject({
      campaigns: {
        nodes: [
          { id: 'C-2', metrics: { cost: 100 } },
          { id: 'C-1', metrics: { cost: inEuro } },
        ],
      },
      campaign: { metrics: { cost: 1_000, roas: 5 } },
      channels: [
        { name: 'meta', metrics: { cost: 100 } },
        { name: 'google_ads', metrics: { cost: inEuro } },
      ],
      adPerformance: {
        nodes: [
          { cost: expect.closeTo(1_118.3, 9), currency: 'SEK', storedCost: 100, storedCurrency: 'EUR' },
          { cost: 1_000, currency: 'SEK', storedCost: 1_000, storedCurrency: 'SEK' },
        ],
      },
      opportunities: {
        nodes: [
          {
            amount: expect.closeTo(5_000 / 11.183, 9),
            currency: 'EUR',
            storedAmount: 5_000,
            storedCurrency: 'SEK',
          },
        ],
      },
      funnel: [{ steps: expect.arrayContaining([{ step: 'CLICK', costPer: expect.closeTo(105.915, 9) }]) }],
      dataQuality: {
        spendWithoutUtm: {
          cost: expect.closeTo(2_118.3, 9),
          utmCampaign: { cost: expect.closeTo(1_118.3, 9) },
        },
        matches: expect.arrayContaining([{ match: 'EXACT', revenue: 5_000, revenueShare: 1 }]),
      },
    });
  });

  it('money of the asked currency needs no rate, also of days long before and after all rates', async () => {
    await pushRates(app, rates);
    await push('opportunities', [
      deal({ currency: 'EUR', created_at: '2025-05-01T10:00:00Z', closed_at: '2025-08-06', amount: 300 }),
      deal({ opportunity_id: 'O-2', currency: 'EUR', created_at: '2025-08-30T10:00:00Z', amount: 70 }),
    ]);
    for (const [clock, revenue] of [
      ['CREATED', 70],
      ['CLOSED', 370],
    ] as const) {
      const fields = `totals { revenue } ${unconverted}`;
      const answer = await metrics(`currency: "EUR", crmDate: ${clock}`, fields);
      expect([clock, answer]).toEqual([clock, { totals: { revenue }, unconverted: [] }]);
    }
  });

  it('a rate of another process counts, however it leaves the number of rows and the newest version', async () => {
    await pushRates(app, rates);
    await pushRates(app, rates);
    await push('ad-performance', [ad({ currency: 'GBP' })]);
    expect(await metrics('', 'totals { cost }')).toMatchObject({ totals: { cost: null } });
    // Merging takes a row away for the one that comes.
    const write = { changesAnswersOf: [] };
    const counted = async () =>
      (await app.store.select(z.object({ n: z.number() }), sql`SELECT count() AS n FROM exchange_rates`))[0]
        ?.n;
    const before = (await counted()) ?? 0;
    await app.store.command(sql`OPTIMIZE TABLE exchange_rates FINAL`, write);
    const gone = before - ((await counted()) ?? 0);
    await app.store.command(
      sql`INSERT INTO exchange_rates (workspace, date, base, quote, rate, version) SELECT 'default', toDate('2025-08-04') - number, 'EUR', 'GBP', 2, 1 FROM numbers(${bind('UInt64', gone)})`,
      write,
    );
    expect(await counted()).toBe(before);
    await expect
      .poll(() => metrics('', 'totals { cost }'), { timeout: 10_000, interval: 300 })
      .toEqual({ totals: { cost: 500 } });
  });

  it('rates of another workspace do not count', async () => {
    await pushRates(app, rates, { 'x-workspace': 'elsewhere' });
    await push('ad-performance', [ad({})]);
    expect(await metrics('currency: "EUR"', `totals { cost } ${unconverted}`)).toEqual({
      totals: { cost: null },
      unconverted: [{ currency: 'SEK', cost: 1_000, revenue: 0 }],
    });
    expect(await metrics('', `totals { cost } ${meta}`)).toMatchObject({ totals: { cost: 1_000 } });
  });

  it('a currency that is none is refused', async () => {
    const { errors } = await app.query(`{ metrics(${days} currency: "EURO") { totals { cost } } }`);
    expect(errors).toMatchObject([
      {
        message: 'currency: "EURO" is not a three-letter code such as USD.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });
});

it('won records and their revenue stand on the day that they were won, where that is asked for', async () => {
  await push('opportunities', [
    deal({ closed_at: '2025-08-20T09:00:00Z' }),
    deal({ opportunity_id: 'O-2', amount: 70 }),
    deal({ opportunity_id: 'O-3', stage: 'lead', closed_at: '2025-08-25' }),
  ]);
  const rows = async (clock: string) =>
    await metrics(
      `groupBy: [DATE] ${clock}`,
      'nodes { date leads closedWon revenue } totals { leads closedWon revenue }',
    );
  expect(await rows('')).toEqual({
    nodes: [{ date: '2025-08-04', leads: 3, closedWon: 2, revenue: 5_070 }],
    totals: { leads: 3, closedWon: 2, revenue: 5_070 },
  });
  expect(await rows('crmDate: CLOSED')).toEqual({
    nodes: [
      { date: '2025-08-04', leads: 3, closedWon: 1, revenue: 70 },
      { date: '2025-08-20', leads: 0, closedWon: 1, revenue: 5_000 },
    ],
    totals: { leads: 3, closedWon: 2, revenue: 5_070 },
  });
  const shown = (await ask(
    `opportunities(${days}) { nodes { id closedAt } } funnel(dateRange: { between: { from: "2025-08-20", to: "2025-08-20" } }, crmDate: CLOSED) { steps { step count } }`,
  )) as Record<string, never>;
  expect(shown).toMatchObject({
    opportunities: {
      nodes: expect.arrayContaining([
        { id: 'O-1', closedAt: '2025-08-20T09:00:00.000Z' },
        { id: 'O-2', closedAt: null },
      ]),
    },
    funnel: [
      {
        steps: expect.arrayContaining([
          { step: 'WON', count: 1 },
          { step: 'LEAD', count: 0 },
        ]),
      },
    ],
  });
});
