import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { type Agent, connectAgent } from './agent.ts';

let folder: string;
let keys: TestKeys;
let app: TestApp;
let admin: Record<string, string>;
let viewer: Record<string, string>;
let agent: Agent;
let restricted: Agent;

const dateRange = { between: { from: '2025-08-01', to: '2025-08-31' } };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-mcp-'));
  const modelFile = join(folder, 'model.yaml');
  await writeFile(
    modelFile,
    `measures:
  qualified_share: { formula: opportunities / leads, description: Leads that sales took on. }
dimensions:
  paid_channel:
    description: Kind of channel.
    rules:
      - { when: { channel: meta }, value: social }
    otherwise: other
`,
  );
  keys = await makeKeys();
  admin = await keys.create({ role: 'admin', workspace: ['default'] });
  viewer = await keys.create({ role: 'viewer', workspace: ['default'] });
  const some = await keys.create({ role: 'viewer', workspace: ['default'], channel: ['google_ads'] });
  app = await startTestApp({
    environment: { API_KEYS_FILE: keys.file, MODEL_FILE: modelFile },
  });
  await push('ad-performance', [
    ad('google_ads', 'C-1', 10, 100, 'de'),
    ad('google_ads', 'C-2', 5, 50, 'at'),
    ad('meta', 'C-3', 2, 40, 'de'),
  ]);
  await push('opportunities', [
    deal(1, 'google_ads', 'closed_won', 500),
    deal(2, 'google_ads', 'lead', 0),
    deal(3, 'nobody', 'closed_won', 70),
  ]);
  agent = await connectAgent(app.url, viewer);
  restricted = await connectAgent(app.url, some);
});
afterAll(async () => {
  await agent.close();
  await restricted.close();
  await app.close();
  await keys.close();
  await rm(folder, { recursive: true });
});

const utms = (channel: string) => ({ utm_campaign: channel, utm_source: channel, utm_medium: 'cpc' });
const ad = (channel: string, campaign: string, cost: number, clicks: number, country: string) => ({
  date: '2025-08-01',
  campaign_id: campaign,
  channel,
  clicks,
  impressions: clicks * 10,
  cost,
  breakdowns: { country },
  ...utms(channel),
});
const deal = (id: number, channel: string, stage: string, amount: number) => ({
  opportunity_id: `O-${id}`,
  stage,
  amount,
  created_at: '2025-08-01T10:00:00Z',
  closed_at: '2025-09-02T10:00:00Z',
  ...utms(channel),
});
async function push(path: string, records: readonly unknown[]): Promise<void> {
  const response = await fetch(`${app.url}/ingest/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...admin },
    body: JSON.stringify(records),
  });
  expect(response.status).toBe(200);
}

describe('list_metrics', () => {
  it('has what the catalogue has, the team’s own words too, and says whose data it is', async () => {
    const answer = await agent.ask('list_metrics');
    expect(answer).toMatchObject({
      workspace: 'default',
      role: 'viewer',
      isRestricted: false,
      today: new Date().toISOString().slice(0, 10),
      measures: expect.arrayContaining([
        expect.objectContaining({
          name: 'CPA',
          field: 'cpa',
          unit: 'MONEY',
          formula: 'cost / leads',
          additive: false,
        }),
        expect.objectContaining({ name: 'QUALIFIED_SHARE', isOwn: true }),
      ]),
      dimensions: expect.arrayContaining([expect.objectContaining({ name: 'PAID_CHANNEL', isOwn: true })]),
    });
  });
});

describe('query_metrics', () => {
  it('gives the figures of GraphQL, with formulas and the query behind them', async () => {
    const answer = await agent.ask('query_metrics', {
      measures: ['COST', 'CPC', 'LEADS', 'REVENUE', 'QUALIFIED_SHARE'],
      dateRange,
      groupBy: ['CHANNEL'],
      orderBy: [{ measure: 'COST', direction: 'DESC' }],
    });
    expect(answer).toMatchObject({
      workspace: 'default',
      rows: [
        { channel: 'google_ads', cost: 15, cpc: 0.1, leads: 2, revenue: 500, qualifiedShare: 0.5 },
        { channel: 'meta', cost: 2, cpc: 0.05, leads: 0, revenue: 0, qualifiedShare: null },
        { channel: null, cost: 0, cpc: null, leads: 1, revenue: 70, qualifiedShare: 1 },
      ],
      totals: { cost: 17, leads: 3, revenue: 570 },
      page: { rows: 3, total: 3, after: null },
      meta: { from: '2025-08-01', to: '2025-08-31' },
      errors: [],
      measures: expect.arrayContaining([
        {
          name: 'CPC',
          field: 'cpc',
          unit: 'MONEY',
          formula: 'cost / clicks',
          description: expect.any(String),
        },
      ]),
    });
  });

  it('its query gives the same at /graphql', async () => {
    const { rows, totals, page, query } = (await agent.ask('query_metrics', {
      measures: ['COST', 'ROAS', 'QUALIFIED_SHARE'],
      dateRange,
      groupBy: ['CHANNEL', 'CAMPAIGN_ID', 'DATE'],
      compareTo: { previousPeriod: true },
    })) as unknown as {
      rows: readonly unknown[];
      totals: unknown;
      page: { total: number };
      query: { document: string; variables: Record<string, unknown> };
    };
    const { data, errors } = await app.query(query.document, query.variables, viewer);
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      metrics: { edges: rows.map((node) => ({ node })), totals, totalCount: page.total },
    });
    expect(rows).toHaveLength(4);
  });

  it('groups by breakdowns and the team’s dimensions, and compares', async () => {
    const answer = await agent.ask('query_metrics', {
      measures: ['COST'],
      dateRange,
      groupBy: ['PAID_CHANNEL'],
      breakdowns: ['country'],
      compareTo: { between: { from: '2025-07-01', to: '2025-07-31' } },
      orderBy: [{ breakdown: 'country' }, { dimension: 'PAID_CHANNEL' }],
    });
    expect(answer).toMatchObject({
      rows: [
        { breakdowns: { country: 'at' }, paidChannel: 'other', cost: 5, previous: null },
        { breakdowns: { country: 'de' }, paidChannel: 'other', cost: 10 },
        { breakdowns: { country: 'de' }, paidChannel: 'social', cost: 2 },
      ],
      meta: { comparedFrom: '2025-07-01', warnings: [{ code: 'NO_DATA' }, { code: 'NO_DATA' }] },
    });
  });

  it('says what it leaves out, and goes on from there', async () => {
    const ask = {
      measures: ['COST'],
      dateRange,
      groupBy: ['CAMPAIGN_ID'],
      orderBy: [{ measure: 'COST', direction: 'DESC' }],
    };
    const first = await agent.ask('query_metrics', { ...ask, first: 2 });
    expect(first).toMatchObject({
      rows: [{ campaignId: 'C-1' }, { campaignId: 'C-2' }],
      page: { rows: 2, total: 3, after: expect.any(String), note: expect.stringContaining('2 of 3 rows') },
    });
    const { after } = first.page as { after: string };
    expect(await agent.ask('query_metrics', { ...ask, after })).toMatchObject({
      rows: [{ campaignId: 'C-3' }],
      page: { rows: 1, total: 3, after: null },
    });
  });

  it('takes lists and objects as JSON text, as some clients send them', async () => {
    const answer = await agent.ask('query_metrics', {
      measures: '["COST"]',
      dateRange: JSON.stringify(dateRange),
      groupBy: '["CHANNEL"]',
      where: '{"channel":{"eq":"meta"}}',
    });
    expect(answer).toMatchObject({ rows: [{ channel: 'meta', cost: 2 }], totals: { cost: 2 } });
    expect(await agent.refused('query_metrics', { measures: '["COST"', dateRange })).toMatch(
      /^measures: is no list/,
    );
    // Nested too deep for code that recurses.
    const deep = `${'{"not":'.repeat(5_000)}{}${'}'.repeat(5_000)}`;
    expect(await agent.refused('query_metrics', { measures: ['COST'], dateRange, where: deep })).toMatch(
      /nests lists and objects more than 30 deep/,
    );
  });

  it('shows a restricted key its channels only', async () => {
    const answer = await restricted.ask('query_metrics', {
      measures: ['COST', 'REVENUE'],
      dateRange,
      groupBy: ['CHANNEL'],
    });
    expect(answer).toMatchObject({
      rows: [{ channel: 'google_ads', cost: 15, revenue: 500 }],
      totals: { cost: 15 },
    });
  });
});

describe('wrong arguments are told in the sentences of GraphQL', () => {
  it.each([
    [
      { measures: ['CST'], dateRange },
      /^Variable "\$measures" got invalid value "CST" at "measures\[0\]"; Value "CST" does not exist in "Measure" enum\.( Did you mean .*\?)? Choose one of .*COST.* \(BAD_USER_INPUT\)$/,
    ],
    [
      { measures: ['COST'], dateRange, groupBy: ['CHANEL'] },
      /Did you mean the enum value "CHANNEL"\? Choose one of /,
    ],
    [
      { measures: ['COST'], dateRange: { preset: 'LAST_DECADE' } },
      /"LAST_DECADE" does not exist in "DatePreset" enum/,
    ],
    [
      { measures: ['COST'], dateRange: { between: { from: '2025-08-31', to: '2025-08-01' } } },
      /from .*2025-08-31.* \(BAD_USER_INPUT\)$/,
    ],
    [
      { measures: ['COST'] },
      /argument "dateRange" of type "DateRangeInput!" is required, but it was not provided\./,
    ],
    [
      { measures: ['COST'], dateRange, orderBy: [{ dimension: 'CHANNEL' }] },
      /^orderBy: CHANNEL is not in groupBy; order by a measure\./,
    ],
    [{ measures: ['COST'], dateRange, fill: true }, /^fill needs DATE in groupBy/],
    [
      { measures: ['COST'], dateRange, where: { channel: { equals: 'meta' } } },
      /Field "equals" is not defined by type "TextFilter"/,
    ],
    [{ measures: ['COST'], dateRange, after: 'nonsense' }, /after.* \(BAD_USER_INPUT\)$/],
    [{ measures: ['COST'], dateRange, timezone: 'Mars' }, /^timezone: "Mars" is no IANA time zone/],
    [{ measures: [], dateRange }, /^measures: name at least one measure\. \(BAD_USER_INPUT\)$/],
    [{ measures: 'COST', dateRange }, /^measures: is no list\./],
    [{ dateRange }, /^Variable "\$measures" of required type "\[Measure!\]!" was not provided\./],
    [
      { measures: ['COST'], dateRange, first: 5000 },
      /^first: can be 200 at most; ask for further rows with after\./,
    ],
    [{ measures: ['COST'], dateRange, first: 'all' }, /^first: "all" is no whole number\./],
    [
      { measures: ['COST'], dateRange, grouping: ['CHANNEL'] },
      /^"grouping": there is no such argument.* accepted: measures, dateRange/,
    ],
    [{ measures: ['COST'], dateRange, groupBy: ['CHANNEL', 'CHANNEL'] }, /^groupBy names CHANNEL twice/],
  ])('%j', async (args, sentence) => {
    expect(await agent.refused('query_metrics', args)).toMatch(sentence);
  });
});

describe('dimension_values', () => {
  it('lists, searches and pages', async () => {
    const ask = { dimension: 'CHANNEL', dateRange };
    expect(await agent.ask('dimension_values', { ...ask, first: 1 })).toMatchObject({
      values: [{ value: 'google_ads', cost: 15 }],
      page: { rows: 1, total: 3, after: expect.any(String) },
    });
    expect(await agent.ask('dimension_values', { ...ask, search: 'MET' })).toMatchObject({
      values: [{ value: 'meta', rows: 1, cost: 2 }],
    });
    expect(await agent.ask('dimension_values', { breakdown: 'country', dateRange })).toMatchObject({
      values: [{ value: 'de', cost: 12 }, { value: 'at', cost: 5 }, { value: null }],
    });
    expect(await agent.refused('dimension_values', { dimension: 'DATE', dateRange })).toMatch(
      /^dimension: DATE has no list/,
    );
  });
});

describe('explain_figure', () => {
  it('gives formula, parts, records, sources and warnings', async () => {
    const answer = await agent.ask('explain_figure', { measure: 'CPA', dateRange });
    expect(answer).toMatchObject({
      measure: { name: 'CPA', formula: 'cost / leads', unit: 'MONEY' },
      value: 17 / 3,
      whyNull: null,
      parts: [
        { name: 'COST', value: 17, countedFrom: 'ads rows' },
        { name: 'LEADS', value: 3, countedFrom: 'CRM records' },
      ],
      unattributed: { leads: 1 },
      records: [
        { kind: 'ads rows', count: 3, sample: [{ campaignId: 'C-1', cost: 10, source: 'push' }, {}, {}] },
        { kind: 'CRM records', count: 3, sample: [{ id: 'O-1', amount: 500 }, { id: 'O-3' }, { id: 'O-2' }] },
      ],
      sources: expect.arrayContaining([expect.objectContaining({ source: 'push' })]),
      meta: { from: '2025-08-01', to: '2025-08-31', rowsRead: expect.any(Number) },
      errors: [],
    });
  });

  it('says why there is no figure', async () => {
    const where = { channel: { eq: 'meta' } };
    expect(await agent.ask('explain_figure', { measure: 'CPA', dateRange, where })).toMatchObject({
      value: null,
      whyNull: 'Its formula divides by zero.',
      parts: [{ value: 2 }, { value: 0 }],
      records: [{ count: 1 }, { count: 0, sample: [] }],
    });
  });

  it('lists no records by creation for a figure by closing', async () => {
    const september = { between: { from: '2025-09-01', to: '2025-09-30' } };
    expect(
      await agent.ask('explain_figure', { measure: 'REVENUE', dateRange: september, crmDate: 'CLOSED' }),
    ).toMatchObject({
      value: 570,
      records: [],
      recordsNote: expect.stringContaining('by the day of closing'),
    });
  });

  it('explains the team’s measures, and keeps the channels of a key', async () => {
    expect(await agent.ask('explain_figure', { measure: 'QUALIFIED_SHARE', dateRange })).toMatchObject({
      value: 2 / 3,
      parts: [
        { name: 'OPPORTUNITIES', value: 2 },
        { name: 'LEADS', value: 3 },
      ],
    });
    expect(await restricted.ask('explain_figure', { measure: 'COST', dateRange })).toMatchObject({
      value: 15,
      records: [{ count: 2 }],
      sources: [],
    });
    expect(await agent.refused('explain_figure', { measure: 'NOTHING', dateRange })).toMatch(
      /"Measure" enum/,
    );
    expect(await agent.refused('explain_figure', { dateRange })).toMatch(
      /"\$measure" of required type "Measure!" was not provided/,
    );
  });
});

describe('data_quality', () => {
  it('tells what is wrong, and a restricted key what it may know of it', async () => {
    expect(await agent.ask('data_quality', { dateRange })).toMatchObject({
      workspace: 'default',
      quality: { matches: expect.any(Array), sources: expect.any(Array), rejects: [], daysWithoutData: [] },
      leftOut: {},
      notShown: null,
      errors: [],
    });
    const part = await restricted.ask('data_quality', { dateRange });
    expect(part).toMatchObject({
      quality: { matches: expect.any(Array) },
      notShown: expect.stringContaining('some channels only'),
    });
    expect(part.quality).not.toHaveProperty('sources');
  });
});
