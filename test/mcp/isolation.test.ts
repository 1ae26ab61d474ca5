import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { type Agent, connectAgent } from './agent.ts';

let keys: TestKeys;
let app: TestApp;
let acme: Record<string, string>;
let both: Record<string, string>;
let agent: Agent;

const dateRange = { between: { from: '2025-08-01', to: '2025-08-31' } };
/** What only the other workspace has. */
const secrets = /beta|4711|O-secret/i;

beforeAll(async () => {
  keys = await makeKeys();
  acme = await keys.create({ role: 'viewer', workspace: ['acme'] });
  both = await keys.create({ role: 'admin', workspace: ['acme', 'beta'] });
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file, TRUSTED_DOCUMENTS: 'only' } });
  await push('acme', 'acme-campaign', 1);
  await push('beta', 'beta-campaign', 4711);
  agent = await connectAgent(app.url, acme);
});
afterAll(async () => {
  await agent.close();
  await app.close();
  await keys.close();
});

async function push(workspace: string, campaign: string, cost: number): Promise<void> {
  const utms = { utm_campaign: campaign, utm_source: campaign, utm_medium: 'cpc' };
  const day = '2025-08-01';
  const send = async (path: string, record: unknown) => {
    const response = await fetch(`${app.url}/ingest/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-workspace': workspace, ...both },
      body: JSON.stringify([record]),
    });
    expect(response.status).toBe(200);
  };
  await send('ad-performance', {
    date: day,
    campaign_id: campaign,
    channel: campaign,
    clicks: 1,
    impressions: 1,
    cost,
    breakdowns: { [workspace]: campaign },
    ...utms,
  });
  await send('opportunities', {
    opportunity_id: workspace === 'beta' ? 'O-secret' : 'O-1',
    stage: 'closed_won',
    amount: cost,
    created_at: `${day}T10:00:00Z`,
    ...utms,
  });
}

const questions: readonly (readonly [string, Record<string, unknown>])[] = [
  ['list_metrics', {}],
  ['query_metrics', { measures: ['COST', 'REVENUE'], dateRange, groupBy: ['CHANNEL', 'UTM_CAMPAIGN'] }],
  ['query_metrics', { measures: ['COST'], dateRange, breakdowns: ['beta', 'acme'] }],
  ['dimension_values', { dimension: 'CAMPAIGN_ID', dateRange }],
  ['dimension_values', { breakdown: 'beta', dateRange }],
  ['explain_figure', { measure: 'ROAS', dateRange }],
  ['data_quality', { dateRange }],
];

describe('an agent sees one workspace', () => {
  it.each(questions)('%s', async (name, args) => {
    const { text, isError, structured } = await agent.call(name, args);
    expect(isError, text).toBe(false);
    expect(structured.workspace).toBe('acme');
    const { query: _query, ...told } = structured;
    expect(JSON.stringify(told).replaceAll('{"beta":null', '')).not.toMatch(secrets);
  });

  it.each(questions)('%s, whatever argument names another', async (name, args) => {
    for (const more of [
      { workspace: 'beta' },
      { workspaces: ['acme', 'beta'] },
      { 'x-workspace': 'beta' },
      { headers: { 'x-workspace': 'beta' } },
      { where: { workspace: { eq: 'beta' } } },
      { _meta: { workspace: 'beta' } },
    ]) {
      const sentence = await agent.refused(name, { ...args, ...more });
      expect(sentence).toMatch(/BAD_USER_INPUT/);
      expect(sentence).not.toMatch(/4711|O-secret/);
    }
    expect(await agent.refused(name, { ...args, workspace: 'beta' })).toBe(
      '"workspace": no argument chooses a workspace. This connection reads acme; the header X-Workspace of a connection says which of the workspaces of its key it reads. (BAD_USER_INPUT)',
    );
  });

  it('nor by what is no argument: injected SQL and GraphQL, names of the prototype, metadata of the protocol', async () => {
    const texts = [
      "' OR workspace = 'beta' --",
      "beta' UNION ALL SELECT * FROM ad_performance --",
      'acme") { cost } } query Q { metrics(dateRange: {preset: TODAY}) { totals { cost } } } #',
      '{p1:String}',
      '%',
      '\u0000beta',
      '__proto__',
      'constructor',
    ];
    for (const text of texts) {
      for (const [name, args] of [
        [
          'query_metrics',
          { measures: ['COST'], dateRange, groupBy: ['CHANNEL'], where: { channel: { contains: text } } },
        ],
        [
          'query_metrics',
          { measures: ['COST'], dateRange, groupBy: ['CHANNEL'], where: { or: [{ channel: { eq: text } }] } },
        ],
        ['query_metrics', { measures: ['COST'], dateRange, breakdowns: [text] }],
        ['query_metrics', { measures: [text], dateRange }],
        ['query_metrics', { measures: ['COST'], dateRange, groupBy: [text] }],
        ['query_metrics', { measures: ['COST'], dateRange, after: text }],
        ['query_metrics', { measures: ['COST'], dateRange, currency: text }],
        ['query_metrics', { measures: ['COST'], dateRange, timezone: text }],
        ['dimension_values', { dimension: 'CHANNEL', dateRange, search: text }],
        ['dimension_values', { breakdown: text, dateRange }],
        ['explain_figure', { measure: 'COST', dateRange, where: { utmCampaign: { startsWith: text } } }],
        ['explain_figure', { measure: text, dateRange }],
        ['data_quality', { dateRange, currency: text }],
        ['data_quality', { dateRange: { between: { from: text, to: text } } }],
      ] as const) {
        const { structured, text: answer, isError } = await agent.call(name, args);
        if (isError) expect(answer).not.toMatch(/INTERNAL|ClickHouse|SELECT count|4711|O-secret/);
        else {
          const { query: _query, ...told } = structured;
          expect(JSON.stringify(told), `${name} ${text}`).not.toMatch(/4711|beta-campaign|O-secret/);
        }
      }
    }
    const meta = await agent.client.callTool({
      name: 'query_metrics',
      arguments: { measures: ['COST'], dateRange },
      _meta: { workspace: 'beta', 'x-workspace': 'beta' },
    });
    expect(meta.structuredContent).toMatchObject({ workspace: 'acme', totals: { cost: 1 } });
  });

  it('nor by a cursor of another, or a header that its key does not have', async () => {
    const other = await connectAgent(app.url, { ...both, 'x-workspace': 'beta' });
    const ask = { measures: ['COST'], dateRange, groupBy: ['CHANNEL', 'DATE'], first: 1, fill: true };
    const { page, totals } = await other.ask('query_metrics', ask);
    expect(totals).toEqual({ cost: 4711 });
    const sentence = await agent.refused('query_metrics', {
      ...ask,
      after: (page as { after: string }).after,
    });
    expect(sentence).toMatch(/^after: .*\(BAD_USER_INPUT\)$/);
    await other.close();
    await expect(connectAgent(app.url, { ...acme, 'x-workspace': 'beta' })).rejects.toThrow(
      /X-Workspace names no workspace that this key may use/,
    );
  });

  it('the share of a key with several is what its connection names', async () => {
    const cost = async (headers: Record<string, string>) => {
      const one = await connectAgent(app.url, headers);
      const { workspace, totals } = await one.ask('query_metrics', { measures: ['COST'], dateRange });
      await one.close();
      return [workspace, (totals as { cost: number }).cost];
    };
    expect(await cost(both)).toEqual(['acme', 1]);
    expect(await cost({ ...both, 'x-workspace': 'beta' })).toEqual(['beta', 4711]);
  });

  it('and what is stored stays as it is', async () => {
    const { z } = await import('zod');
    const rows = await app.store.select(
      z.object({ n: z.coerce.number() }),
      sql`SELECT count() AS n FROM ad_performance FINAL`,
    );
    expect(rows).toEqual([{ n: 2 }]);
  });
});

describe('huge and wrong arguments end in a sentence', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => `C-${index}`);
  it.each([
    [
      { measures: Array.from({ length: 5_000 }, () => 'COST'), dateRange },
      /^measures: has more than 100 names/,
    ],
    [
      { measures: ['COST'], dateRange, groupBy: Array.from({ length: 20_000 }, () => 'CHANNEL') },
      /^groupBy names CHANNEL twice/,
    ],
    [
      { measures: ['COST'], dateRange, groupBy: Array.from({ length: 9_000 }, (_, index) => `D${index}`) },
      /"Dimension" enum/,
    ],
    [{ measures: ['COST'], dateRange, breakdowns: many }, /^breakdowns has 20000 names; at most 8/],
    [
      {
        measures: ['COST'],
        dateRange,
        where: { or: many.slice(0, 2_000).map((eq) => ({ channel: { eq } })) },
      },
      /input objects/,
    ],
    [
      { measures: ['COST'], dateRange, orderBy: many.slice(0, 3_000).map(() => ({ measure: 'COST' })) },
      /input objects/,
    ],
    [{ measures: { COST: true }, dateRange }, /^measures: is no list/],
    [{ measures: [{ name: 'COST' }], dateRange }, /Measure cannot be an object/],
    [{ measures: ['COST'], dateRange: 'last month' }, /Expected type "DateRangeInput" to be an object/],
    [{ measures: ['COST'], dateRange: [] }, /DateRangeInput/],
    [{ measures: ['COST'], dateRange: { last: { count: 1e9, unit: 'YEAR' } } }, /last/],
    [{ measures: ['COST'], dateRange, first: 1.5 }, /^first: 1.5 is no whole number/],
    [{ measures: ['COST'], dateRange, first: -1 }, /^first: must be at least 1/],
    [{ measures: ['COST'], dateRange, after: 7 }, /^after: 7 is no text/],
    [{ measures: null, dateRange }, /^measures: is no list/],
    [{ measures: ['COST'], dateRange, where: 'channel = meta' }, /MetricsWhere/],
  ])('%#', async (args, sentence) => {
    const told = await agent.refused('query_metrics', args as Record<string, unknown>);
    expect(told).toMatch(sentence);
    expect(told.length).toBeLessThan(3_000);
    expect(told).not.toContain('INTERNAL');
  });
});
