import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { pushRates } from '../support/exchange-rates.ts';

const model = `
aliases:
  utm_source: { facebook: [fb] }
dimensions:
  channel_group:
    description: Group.
    rules:
      - { value: Paid search, when: { utm_source: [google, bing], utm_medium: cpc } }
      - { value: Paid social, when: { utm_source: facebook, utm_medium: { matches: '^paid' } } }
      - { value: Email, when: { or: [{ utm_source: mail }, { utm_medium: email }] } }
    otherwise: Other
  region:
    description: Region.
    of: utm_campaign
    pattern: &naming '^(?<region>[A-Z]{2})_(?<product>[^_]+)'
  product: { description: Product., of: utm_campaign, pattern: *naming }
  owner:
    description: Owner.
    of: campaign_id
    lookup: { file: owners.csv, key: campaign, value: owner }
    otherwise: nobody
measures:
  brand_cost: { description: Brand., sum: cost, where: { utm_campaign: { contains: brand } } }
  search_leads: { description: Leads., sum: leads, where: { utm_medium: cpc } }
  roi: { description: Return., formula: (revenue - cost) / cost }
  roi_percent: { description: Return., formula: 100 * roi }
  demos: { description: Demos., count: events, where: { service: web, message: demo } }
  visitors: { description: Visitors., distinct: metadata.visitor, where: { service: web } }
  orders: { description: Orders., sum: metadata.order.total, currency: metadata.order.currency, where: { service: shop } }
  points: { description: Points., sum: metadata.points }
  cost_per_demo: { description: Cost., formula: cost / demos }
`;

let folder: string;
let app: TestApp;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-model-'));
  await writeFile(join(folder, 'owners.csv'), 'Campaign,Owner\nC-1,Ann\nC-2,Bob\n');
  await writeFile(join(folder, 'model.yaml'), model);
  app = await startTestApp({
    environment: {
      MODEL_FILE: join(folder, 'model.yaml'),
      ROLLUPS: 'on',
      ROLLUPS_MIN_ROWS: '0',
      EVENT_RETENTION_DAYS: '20000',
    },
  });
  const ad = (
    campaign: string,
    utm: readonly [string, string, string],
    cost: number,
    date = '2025-08-04',
  ) => ({
    date,
    campaign_id: campaign,
    channel: 'ads',
    clicks: 10,
    impressions: 100,
    cost,
    currency: 'EUR',
    utm_campaign: utm[0],
    utm_source: utm[1],
    utm_medium: utm[2],
  });
  const deal = (id: string, utm: readonly [string, string, string], amount: number) => ({
    opportunity_id: id,
    created_at: '2025-08-04T10:00:00Z',
    stage: 'closed_won',
    amount,
    currency: 'EUR',
    utm_campaign: utm[0],
    utm_source: utm[1],
    utm_medium: utm[2],
  });
  const event = (
    id: string,
    fields: Record<string, unknown>,
    utm: readonly [string, string, string] = search,
    day = '2025-08-04',
  ) => ({
    event_id: id,
    timestamp: `${day}T12:00:00Z`,
    ...fields,
    utm_campaign: utm[0],
    utm_source: utm[1],
    utm_medium: utm[2],
  });
  const search = ['de_shoes_brand', 'google', 'cpc'] as const;
  const social = ['fr_hats', 'fb', 'paidsocial'] as const;
  const nowhere = ['plain', 'mail', 'newsletter'] as const;
  await push('ad-performance', [
    ad('C-1', search, 100),
    ad('C-2', social, 50),
    ad('C-3', ['plain', 'other', 'banner'], 7),
    ad('C-1', search, 20, '2025-08-05'),
  ]);
  await push('opportunities', [
    deal('O-1', search, 300),
    deal('O-2', social, 25),
    deal('O-3', nowhere, 1_000),
  ]);
  await push('events', [
    event('E-1', { service: 'web', message: 'demo', metadata: { visitor: 'v1' } }),
    event('E-2', { service: 'web', message: 'demo', metadata: { visitor: 'v2' } }, social),
    event('E-3', { service: 'web', message: 'view', metadata: { visitor: 'v1' } }, social),
    event('E-4', { service: 'web', message: 'view', metadata: { visitor: 'v1' } }, search, '2025-08-05'),
    event('E-5', {
      service: 'shop',
      message: 'o',
      metadata: { order: { total: '12.50', currency: 'eur' }, points: 3 },
    }),
    event(
      'E-6',
      { service: 'shop', message: 'o', metadata: { order: { total: 7.25, currency: 'EUR' } } },
      nowhere,
    ),
    event(
      'E-7',
      { service: 'shop', message: 'o', metadata: { order: { total: 100, currency: 'SEK' } } },
      search,
      '2025-08-05',
    ),
    event('E-8', { service: 'other', message: 'demo', metadata: { visitor: 'v9', points: 'many' } }),
  ]);
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

async function push(kind: string, records: readonly unknown[]): Promise<void> {
  const response = await fetch(`${app.url}/ingest/${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records),
  });
  expect(await response.json()).toMatchObject({ rejected: 0 });
}

const days = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';
interface Answer {
  readonly nodes: readonly Record<string, unknown>[];
  readonly totals: Record<string, unknown>;
}
async function metrics(args: string, fields: string): Promise<Answer> {
  const { data, errors } = await app.query(`{ metrics(${days} ${args}) { ${fields} } }`);
  expect(errors).toBeUndefined();
  return (data as unknown as { metrics: Answer }).metrics;
}

describe('own dimensions', () => {
  it.each([true, false])('group by rules, patterns and look-ups (rollups: %s)', async (useRollups) => {
    const rollups = `useRollups: ${useRollups}`;
    expect(
      await metrics(
        `${rollups} groupBy: [CHANNEL_GROUP] orderBy: [{ dimension: CHANNEL_GROUP }]`,
        'nodes { channelGroup cost leads } totals { cost leads }',
      ),
    ).toEqual({
      nodes: [
        { channelGroup: 'Email', cost: 0, leads: 1 },
        { channelGroup: 'Other', cost: 7, leads: 0 },
        { channelGroup: 'Paid search', cost: 120, leads: 1 },
        { channelGroup: 'Paid social', cost: 50, leads: 1 },
      ],
      totals: { cost: 177, leads: 3 },
    });
    expect(
      await metrics(
        `${rollups} groupBy: [REGION, PRODUCT, OWNER] orderBy: [{ measure: COST, direction: DESC }]`,
        'nodes { region product owner cost revenue }',
      ),
    ).toMatchObject({
      nodes: [
        { region: 'de', product: 'shoes', owner: 'Ann', cost: 120, revenue: 300 },
        { region: 'fr', product: 'hats', owner: 'Bob', cost: 50, revenue: 25 },
        { region: null, product: null, owner: 'nobody', cost: 7, revenue: 1_000 },
      ],
    });
  });

  it('filter, fold and have values', async () => {
    expect(
      await metrics(
        'where: { channelGroup: { in: ["Paid search", "Paid social"] } }',
        'totals { cost leads }',
      ),
    ).toMatchObject({ totals: { cost: 170, leads: 2 } });
    expect(await metrics('where: { not: { region: { eq: null } } }', 'totals { cost }')).toMatchObject({
      totals: { cost: 170 },
    });
    expect(
      await metrics(
        'groupBy: [CHANNEL_GROUP] limitBy: { n: 1, dimension: CHANNEL_GROUP, others: true } orderBy: [{ measure: COST, direction: DESC }]',
        'nodes { channelGroup isOther cost }',
      ),
    ).toMatchObject({
      nodes: [
        { channelGroup: 'Paid search', isOther: false, cost: 120 },
        { channelGroup: '(other)', isOther: true, cost: 57 },
      ],
    });
    const { data } = await app.query(
      `{ dimensionValues(dimension: OWNER, ${days}, search: "AN") { nodes { value cost } } funnel(${days}, by: REGION) { value } }`,
    );
    expect(data).toMatchObject({
      dimensionValues: { nodes: [{ value: 'Ann', cost: 120 }] },
      funnel: [{ value: 'de' }, { value: 'fr' }, { value: null }],
    });
  });
});

describe('own measures', () => {
  it.each([
    true,
    false,
  ])('are narrowed sums and formulas at the asked grain (rollups: %s)', async (useRollups) => {
    expect(
      await metrics(
        `useRollups: ${useRollups} groupBy: [DATE] orderBy: [{ dimension: DATE }] compareTo: { between: { from: "2025-07-31", to: "2025-08-30" } }`,
        'nodes { date brandCost searchLeads roi roiPercent change { brandCost roi } } totals { brandCost roi }',
      ),
    ).toMatchObject({
      nodes: [
        { date: '2025-08-04', brandCost: 100, searchLeads: 1, roi: (1_325 - 157) / 157 },
        {
          date: '2025-08-05',
          brandCost: 20,
          searchLeads: 0,
          roi: -1,
          roiPercent: -100,
          change: { brandCost: -80 },
        },
        { date: '2025-08-06', brandCost: 0, roi: null, change: { brandCost: -20, roi: null } },
      ],
      totals: { brandCost: 120, roi: (1_325 - 177) / 177 },
    });
  });

  it('count events, by campaign through their day and UTM values', async () => {
    const fields = 'demos visitors points costPerDemo';
    expect(await metrics('', `totals { ${fields} }`)).toMatchObject({
      totals: { demos: 2, visitors: 2, points: 3, costPerDemo: 177 / 2 },
    });
    await expect
      .poll(() =>
        metrics(
          'groupBy: [CHANNEL, CAMPAIGN_ID, MATCH] orderBy: [{ dimension: CAMPAIGN_ID }]',
          'nodes { channel campaignId match demos visitors } totals { demos visitors }',
        ),
      )
      .toMatchObject({
        nodes: [
          { channel: 'ads', campaignId: 'C-1', demos: 1, visitors: 1, match: 'EXACT' },
          { channel: 'ads', campaignId: 'C-2', demos: 1, visitors: 2, match: 'EXACT' },
        ],
        // v1 has come by both.
        totals: { demos: 2, visitors: 2 },
      });
    expect(
      await metrics(
        'groupBy: [CHANNEL_GROUP] orderBy: [{ dimension: CHANNEL_GROUP }] where: { region: { eq: "fr" } }',
        'nodes { channelGroup demos cost leads visitors }',
      ),
    ).toMatchObject({ nodes: [{ channelGroup: 'Paid social', demos: 1, cost: 50, leads: 1, visitors: 2 }] });
  });

  it('of different values are united, not added', async () => {
    expect(
      await metrics(
        'groupBy: [DATE, UTM_SOURCE] fill: true compareTo: { previousPeriod: true } orderBy: [{ dimension: DATE }, { dimension: UTM_SOURCE }] first: 3 where: { utmSource: { in: ["google", "facebook"] } }',
        'nodes { date utmSource visitors previous { visitors } } totals { visitors } subtotals(by: [[UTM_SOURCE], []]) { nodes { utmSource visitors } }',
      ),
    ).toMatchObject({
      totals: { visitors: 2 },
      subtotals: [
        {
          nodes: [
            { utmSource: 'facebook', visitors: 2 },
            { utmSource: 'google', visitors: 1 },
          ],
        },
        { nodes: [{ visitors: 2 }] },
      ],
    });
  });

  it('tell of values that are no numbers', async () => {
    const warnings = async (where: string) =>
      (await metrics(where, 'totals { points orders } meta { warnings { code message } }')) as unknown as {
        meta: { warnings: readonly { code: string; message: string }[] };
      };
    expect((await warnings('')).meta.warnings).toContainEqual({
      code: 'NOT_A_NUMBER',
      message: '1 event of points has a metadata.points that is no number and counts as 0.',
    });
    const { meta } = await warnings('where: { region: { eq: "fr" } }');
    expect(meta.warnings.map(({ code }) => code)).not.toContain('NOT_A_NUMBER');
  });

  it('of money have a currency of their own', async () => {
    expect(await metrics('', 'totals { orders } meta { warnings { code } }')).toMatchObject({
      totals: { orders: null },
      meta: { warnings: expect.arrayContaining([{ code: 'MIXED_CURRENCIES' }]) },
    });
    expect(
      await metrics('groupBy: [CURRENCY] orderBy: [{ dimension: CURRENCY }]', 'nodes { currency orders }'),
    ).toEqual({
      nodes: [
        { currency: 'EUR', orders: 19.75 },
        { currency: 'SEK', orders: 100 },
      ],
    });
    expect(await metrics('currency: "EUR"', 'totals { orders } unconverted { currency orders }')).toEqual({
      totals: { orders: null },
      unconverted: [{ currency: 'SEK', orders: 100 }],
    });
    await pushRates(app, [{ date: '2025-08-05', base: 'EUR', quote: 'SEK', rate: 10 }]);
    expect(await metrics('currency: "EUR"', 'totals { orders cost }')).toEqual({
      totals: { orders: 29.75, cost: 177 },
    });
  });
});

it('the catalogue and the schema know them', async () => {
  const { data } = await app.query(
    '{ metricCatalog { measures { name field unit formula additive countedFrom isOwn } dimensions { name field description isOwn } } __type(name: "MetricsNode") { fields { name } } }',
  );
  expect(data).toMatchObject({
    metricCatalog: {
      measures: expect.arrayContaining([
        {
          name: 'COST',
          field: 'cost',
          unit: 'MONEY',
          formula: 'sum of cost',
          additive: true,
          countedFrom: ['AD_PERFORMANCE'],
          isOwn: false,
        },
        {
          name: 'BRAND_COST',
          field: 'brandCost',
          unit: 'MONEY',
          formula: 'sum of cost where utm_campaign contains brand',
          additive: true,
          countedFrom: ['AD_PERFORMANCE'],
          isOwn: true,
        },
        {
          name: 'ROI',
          field: 'roi',
          unit: 'RATIO',
          formula: '(revenue - cost) / cost',
          additive: false,
          countedFrom: ['OPPORTUNITY', 'AD_PERFORMANCE'],
          isOwn: true,
        },
        {
          name: 'VISITORS',
          field: 'visitors',
          unit: 'COUNT',
          formula: 'different values of metadata.visitor of events where service = web',
          additive: false,
          countedFrom: ['EVENT'],
          isOwn: true,
        },
      ]),
      dimensions: expect.arrayContaining([
        { name: 'CHANNEL_GROUP', field: 'channelGroup', description: 'Group.', isOwn: true },
      ]),
    },
    __type: { fields: expect.arrayContaining([{ name: 'channelGroup' }, { name: 'brandCost' }]) },
  });
  const sdl = await (await fetch(`${app.url}/schema.graphql`)).text();
  expect(sdl).toContain('brandCost: Float');
});

it('words of a new file are there after a reload, and those of the old one are told as unknown', async () => {
  const before = await app.query(`{ metrics(${days}) { totals { cost brandCost } } }`);
  expect(before.errors).toBeUndefined();
  await writeFile(
    join(folder, 'model.yaml'),
    'measures: { tiny_cost: { description: Tiny., formula: cost / 1000 } }',
  );
  await app.reload();
  expect(
    (await app.query(`{ metrics(${days} currency: "EUR") { totals { cost tinyCost } } }`)).data,
  ).toMatchObject({
    metrics: { totals: { cost: 177, tinyCost: 0.177 } },
  });
  expect((await app.query(`{ metrics(${days}) { totals { cost brandCost } } }`)).errors).toMatchObject([
    { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
  ]);
});
