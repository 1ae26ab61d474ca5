import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { emptyTables } from '../support/push-records.ts';
import { json, type SourceServer, startSourceServer } from '../support/source-server.ts';

type Row = Readonly<Record<string, unknown>>;
let feed: readonly Row[] = [];
let server: SourceServer;
let folder: string;
let app: TestApp;
beforeAll(async () => {
  server = await startSourceServer((request, response) => json(feed)(request, response));
  folder = await mkdtemp(join(tmpdir(), 'utmql-breakdowns-'));
  await writeFile(
    join(folder, 'sources.yaml'),
    `
sources:
  - { name: fine, kind: ad_performance, url: "${server.url}/ads", channel: x, breakdowns: { country: geo.country, device: device }, map: { device: { MOBILE: phone } } }
  - { name: coarse, kind: ad_performance, url: "${server.url}/ads", channel: x }
  - { name: added, kind: ad_performance, url: "${server.url}/ads", channel: x, mode: upsert, duplicates: sum, breakdowns: { country: geo.country } }
mappings:
  - { name: laender, kind: ad_performance, channel: x, fields: { campaign_id: Kampagne, date: Tag, cost: Kosten }, breakdowns: { country: Land } }
`,
  );
  app = await startTestApp({
    environment: {
      SOURCES_FILE: join(folder, 'sources.yaml'),
      LOG_LEVEL: 'silent',
      RESPONSE_CACHE_TTL_MS: '0',
    },
  });
});
beforeEach(() => emptyTables(app.store));
afterAll(async () => {
  await app.close();
  await server.close();
  await rm(folder, { recursive: true });
});

const row = (country: unknown, device: unknown, cost: number, more: Row = {}): Row => ({
  date: '2025-08-01',
  campaign_id: 'C-1',
  clicks: 1,
  impressions: 10,
  cost,
  utm_campaign: 'a',
  geo: { country },
  device,
  ...more,
});
const report = [
  row('DE', 'MOBILE', 10),
  row('DE', 'desktop', 20),
  row('US', 'mobile', 40),
  row(null, 'desktop', 80),
];
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-02" } }';

const pull = async (source: string, input = ''): Promise<Record<string, unknown>> => {
  const [run] = await app.pull(`sources: ["${source}"] ${input}`);
  return run ?? {};
};
const ask = async <Answer>(text: string): Promise<Answer> => {
  const { data, errors } = await app.query(`{ answer: ${text} }`);
  if (errors) throw new Error(JSON.stringify(errors));
  return (data as unknown as { answer: Answer }).answer;
};
const refusal = async (text: string): Promise<string> => {
  const { errors } = await app.query(`{ ${text} }`);
  return errors?.[0]?.message ?? '';
};
interface Metrics {
  readonly nodes: readonly (Row & { readonly cost: number })[];
  readonly totals: { readonly cost: number };
  readonly subtotals: readonly {
    readonly by: string[];
    readonly breakdowns: string[];
    readonly nodes: readonly Row[];
  }[];
}
const metrics = (args: string, fields: string): Promise<Metrics> =>
  ask<Metrics>(`metrics(${range}, ${args}) { nodes { ${fields} cost } totals { cost } }`);
const byCountry = async (): Promise<Record<string, number>> => {
  const { nodes } = await metrics('breakdowns: ["country"]', 'country: breakdown(name: "country")');
  return Object.fromEntries(nodes.map(({ country, cost }) => [String(country), cost]));
};
const post = async (path: string, body: string, type = 'application/json') => {
  const response = await fetch(`${app.url}/ingest/ad-performance${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const pushed = (campaign: string, cost: number, breakdowns?: unknown): Row => ({
  date: '2025-08-01',
  campaign_id: campaign,
  channel: 'x',
  cost,
  breakdowns,
});

describe('a source with breakdowns', () => {
  it('keeps the rows of its report apart, and a replay changes nothing', async () => {
    feed = report;
    for (let turn = 0; turn < 2; turn++) {
      expect(await pull('fine')).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 4 });
      expect(await byCountry()).toEqual({ DE: 30, US: 40, unknown: 80 });
    }
    const { nodes } = await ask<{ nodes: readonly Row[] }>(
      `adPerformance(${range}, orderBy: { by: COST, direction: ASC }) { nodes { cost breakdowns { name value } device: breakdown(name: "device") none: breakdown(name: "none") } }`,
    );
    expect(nodes[0]).toEqual({
      cost: 10,
      breakdowns: [
        { name: 'country', value: 'DE' },
        { name: 'device', value: 'phone' },
      ],
      device: 'phone',
      none: null,
    });
  });

  it('lists rows by a breakdown that it does not show', async () => {
    feed = report;
    await pull('fine');
    const { nodes } = await ask<{ nodes: readonly Row[] }>(
      `adPerformance(${range}, where: { breakdowns: [{ name: "country", eq: "US" }] }) { nodes { cost } }`,
    );
    expect(nodes).toEqual([{ cost: 40 }]);
  });

  it('replaces what it has, deletions included', async () => {
    feed = report;
    await pull('fine');
    feed = [row('DE', 'mobile', 11), row('FR', 'mobile', 5)];
    expect(await pull('fine', 'guard: OFF')).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 2 });
    expect(await byCountry()).toEqual({ DE: 11, FR: 5 });
  });

  it('sums what is still finer, within its breakdowns', async () => {
    feed = report;
    expect(await pull('added')).toMatchObject({ status: 'SUCCEEDED' });
    expect(await byCountry()).toEqual({ DE: 30, US: 40, unknown: 80 });
  });

  it('ends when no record has the column of one, and names it', async () => {
    feed = report;
    await pull('fine');
    feed = report.map(({ geo, ...rest }) => ({ ...rest, land: geo }));
    expect(await pull('fine')).toMatchObject({
      status: 'FAILED',
      error: {
        code: 'SOURCE_MALFORMED',
        message: expect.stringMatching(
          /^No record has the breakdown country; .*Set `breakdowns` of the source/,
        ),
      },
    });
    expect(await byCountry()).toEqual({ DE: 30, US: 40, unknown: 80 });
  });

  it('that lacks them is told of them', async () => {
    feed = report;
    expect(await pull('coarse')).toMatchObject({
      status: 'FAILED',
      error: {
        message: expect.stringMatching(
          /differ in (geo\.country, device|device, geo\.country), cost\..*`breakdowns: \{ (country: geo\.country|device: device), (country: geo\.country|device: device) \}`/,
        ),
      },
    });
  });
});

describe('pushed breakdowns', () => {
  it('come as objects, as JSON text in a cell and by a mapping; a blank is unknown', async () => {
    const rows = [
      pushed('A', 1, { country: ' D\u200bE ', device: 'phone' }),
      pushed('A', 2, { device: 'phone', country: 'FR' }),
      pushed('A', 4, { country: '' }),
      pushed('A', 8),
      pushed('A', 16, { device: 'phone', country: 'FR' }),
      pushed('A', 32, {}),
    ];
    expect(await post('', JSON.stringify(rows))).toMatchObject({ status: 200, body: { accepted: 6 } });
    expect(await byCountry()).toEqual({ DE: 1, FR: 16, unknown: 4, null: 32 });
    await emptyTables(app.store);
    await post('', `${rows.map((one) => JSON.stringify(one)).join('\n')}\n`, 'application/x-ndjson');
    await post(
      '?mapping=laender',
      'Tag;Kampagne;Kosten;Land\n2025-08-01;B;64;DE\n2025-08-01;B;128;\n',
      'text/csv',
    );
    await post(
      '',
      'date,campaign_id,channel,cost,breakdowns\n2025-08-01,C,x,256,"{""country"":""DE""}"\n2025-08-01,C,x,512,\n',
      'text/csv',
    );
    const { errors } = await app.query(
      'mutation ($rows: [AdPerformanceInput!]!) { ingestAdPerformance(input: { records: $rows }) { accepted } }',
      {
        rows: [
          { date: '2025-08-01', campaignId: 'D', channel: 'x', cost: 1024, breakdowns: { country: 'DE' } },
        ],
      },
    );
    expect(errors).toBeUndefined();
    expect(await byCountry()).toEqual({ DE: 1 + 64 + 256 + 1024, FR: 16, unknown: 4 + 128, null: 32 + 512 });
  });

  it.each([
    [{ Country: 'DE' }, 'invalid_breakdowns'],
    [Object.fromEntries([...'abcdefghi'].map((name) => [name, 'x'])), 'invalid_breakdowns'],
    ['DE', 'invalid_breakdowns'],
    [{ country: 'x'.repeat(201) }, 'text_too_long'],
    [{ country: { code: 'DE' } }, 'invalid_text'],
  ])('that are none are rejected: %j', async (breakdowns, reason) => {
    const { body } = await post('', JSON.stringify([pushed('A', 1, breakdowns)]));
    expect(body).toMatchObject({ accepted: 0, rejects: [{ reason }] });
    const { data } = await app.query(
      'mutation ($input: RetryRejectedRecordsInput!) { retryRejectedRecords(input: $input) { accepted } }',
      { input: { where: { source: 'push' }, patch: { breakdowns: { country: 'DE' } } } },
    );
    expect(data).toEqual({ retryRejectedRecords: { accepted: 1 } });
    expect(await byCountry()).toEqual({ DE: 1 });
  });

  it('of a large push are apart, too', async () => {
    const rows = Array.from({ length: 1_500 }, (_, index) =>
      pushed(`C-${index % 500}`, 1, index < 500 ? undefined : { country: index < 1_000 ? 'DE' : 'FR' }),
    );
    expect(await post('?duplicates=fail', JSON.stringify(rows))).toMatchObject({ status: 200 });
    expect(await byCountry()).toEqual({ null: 500, DE: 500, FR: 500 });
  });
});

describe('metrics', () => {
  beforeEach(async () => {
    feed = report;
    await pull('fine');
    await post('', JSON.stringify([{ ...pushed('C-2', 160), utm_campaign: 'a', clicks: 1_000 }]));
    const crm = { created_at: '2025-08-01T10:00:00Z', stage: 'closed_won', amount: 100, utm_campaign: 'a' };
    await fetch(`${app.url}/ingest/opportunities`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ opportunity_id: 'O-1', ...crm }]),
    });
  });

  it('are grouped by breakdowns beside dimensions, with order, the rest of a fold, subtotals and a comparison', async () => {
    const answer = await ask<Metrics>(
      `metrics(${range}, groupBy: [CAMPAIGN_ID], breakdowns: ["country", "device"], orderBy: [{ breakdown: "country", direction: DESC }, { measure: COST, direction: DESC }],
         limitBy: { n: 2, breakdown: "country", others: true }, compareTo: { previousYear: true }) {
        nodes { campaignId country: breakdown(name: "country") device: breakdown(name: "device") absent: breakdown(name: "absent") isOther cost leads previous { cost } }
        totals { cost leads }
        subtotals(by: [[], [CAMPAIGN_ID]], breakdowns: [["device"]]) { by breakdowns nodes { campaignId device: breakdown(name: "device") cost leads } }
      }`,
    );
    const shown = answer.nodes.map(({ campaignId, country, device, cost, leads }) => [
      campaignId,
      country,
      device,
      cost,
      leads,
    ]);
    expect(shown).toEqual([
      ['C-1', 'unknown', 'desktop', 80, 0],
      ['C-1', '(other)', 'phone', 50, 0],
      ['C-1', '(other)', 'desktop', 20, 0],
      ['C-2', null, null, 160, 1],
    ]);
    expect(answer.nodes.map(({ isOther }) => isOther)).toEqual([false, true, true, false]);
    expect(answer.nodes[0]).toMatchObject({ absent: null, previous: null });
    expect(answer.totals).toEqual({ cost: 310, leads: 1 });
    expect(answer.subtotals).toEqual([
      {
        by: [],
        breakdowns: ['device'],
        nodes: [
          { campaignId: null, device: null, cost: 160, leads: 1 },
          { campaignId: null, device: 'desktop', cost: 100, leads: 0 },
          { campaignId: null, device: 'phone', cost: 50, leads: 0 },
        ],
      },
      {
        by: ['CAMPAIGN_ID'],
        breakdowns: [],
        nodes: [
          { campaignId: 'C-2', device: null, cost: 160, leads: 1 },
          { campaignId: 'C-1', device: null, cost: 150, leads: 0 },
        ],
      },
    ]);
  });

  it.each([
    ['eq: "DE"', 30],
    ['in: ["DE", "US"]', 70],
    ['ne: "DE"', 280],
    ['isUnknown: true', 240],
    ['eq: null', 160],
    ['startsWith: "U"', 40],
  ])('are filtered by them: %s', async (condition, cost) => {
    const { totals } = await metrics(`where: { breakdowns: [{ name: "country", ${condition} }] }`, 'channel');
    expect(totals).toEqual({ cost });
  });

  it('refuse what is no breakdown, with a sentence', async () => {
    expect(await refusal(`metrics(${range}, breakdowns: ["Land"]) { totals { cost } }`)).toMatch(
      /^breakdowns\[0\]: "Land" is no name of a breakdown; expected a lower-case letter/,
    );
    expect(await refusal(`metrics(${range}, breakdowns: ["a", "a"]) { totals { cost } }`)).toMatch(
      /names "a" twice/,
    );
    expect(
      await refusal(
        `metrics(${range}, where: { breakdowns: [{ name: "x' OR 1", eq: "1" }] }) { totals { cost } }`,
      ),
    ).toMatch(/^where\.breakdowns\[0\]\.name: /);
    expect(await refusal(`metrics(${range}, orderBy: [{ breakdown: "a" }]) { totals { cost } }`)).toMatch(
      /"a" is not in groupBy/,
    );
    expect(await refusal(`dimensionValues(${range}) { totalCount }`)).toMatch(/give dimension or breakdown/);
  });

  it('are suggested names and values, and shown of each campaign', async () => {
    expect(await ask(`breakdowns(${range}) { totalCount nodes { value rows cost } }`)).toEqual({
      totalCount: 2,
      nodes: [
        { value: 'country', rows: 4, cost: 150 },
        { value: 'device', rows: 4, cost: 150 },
      ],
    });
    expect(
      await ask(`dimensionValues(breakdown: "country", search: "d", ${range}) { nodes { value cost } }`),
    ).toEqual({
      nodes: [{ value: 'DE', cost: 30 }],
    });
    expect(
      await ask(
        `campaign(id: "C-1") { byBreakdown(breakdowns: ["country"], ${range}) { country: breakdown(name: "country") cost } }`,
      ),
    ).toEqual({
      byBreakdown: [
        { country: 'DE', cost: 30 },
        { country: 'US', cost: 40 },
        { country: 'unknown', cost: 80 },
      ],
    });
  });

  it('read the column only where a breakdown is asked for', async () => {
    const readsThem = async (selection: string): Promise<boolean> => {
      const id = `breakdowns-${randomUUID()}`;
      const { errors } = await app.query(`{ ${selection} }`, {}, { 'x-request-id': id });
      expect(errors).toBeUndefined();
      const readColumns = async (): Promise<string[]> => {
        await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
        const rows = await app.store.select(
          z.object({ name: z.string() }),
          sql`SELECT DISTINCT arrayJoin(columns) AS name FROM system.query_log
              WHERE type = 'QueryFinish' AND log_comment = ${bind('String', id)} ORDER BY name`,
        );
        return rows.map(({ name }) => name);
      };
      // A query is in the log a moment after its answer.
      await expect.poll(readColumns).toContainEqual(expect.stringMatching(/\.ad_performance\.cost$/));
      return (await readColumns()).some((name) => name.includes('.ad_performance.breakdowns'));
    };
    expect(await readsThem(`metrics(${range}, groupBy: [CAMPAIGN_ID]) { nodes { campaignId cost } }`)).toBe(
      false,
    );
    expect(await readsThem(`adPerformance(${range}) { nodes { campaignId cost } }`)).toBe(false);
    expect(await readsThem(`campaigns(${range}) { nodes { id metrics(${range}) { cost } } }`)).toBe(false);
    expect(await readsThem(`metrics(${range}, breakdowns: ["country"]) { nodes { cost } }`)).toBe(true);
  });
});

it('a source that gets a breakdown and upserts changes nothing: its rows of before would count, too; replace takes them away', async () => {
  const cost = async (): Promise<number> =>
    (await ask<Metrics>(`metrics(${range}) { totals { cost } }`)).totals.cost;
  feed = [row('DE', 'desktop', 10), row('DE', 'desktop', 5, { campaign_id: 'C-2' })];
  expect(await pull('coarse')).toMatchObject({ status: 'SUCCEEDED' });
  // As if these rows were of the source before it had the breakdown.
  await app.store.command(
    sql`INSERT INTO ad_performance SELECT * REPLACE ('added' AS source, version + 1 AS version) FROM ad_performance`,
    { changesAnswersOf: [] },
  );
  feed = [row('DE', 'desktop', 4), row('US', 'desktop', 6), row('DE', 'desktop', 5, { campaign_id: 'C-2' })];
  expect(await pull('added', ', dryRun: true')).toMatchObject({ error: { code: 'CONFLICT' } });
  expect(await pull('added')).toMatchObject({
    status: 'FAILED',
    error: {
      code: 'CONFLICT',
      message: expect.stringMatching(
        /broken down by country now, and those that it has stored by nothing, such as those of campaign C-[12] on 2025-08-01: .*mode: replace/,
      ),
    },
  });
  expect(await cost()).toBe(15);
  expect(await pull('added', ', mode: REPLACE')).toMatchObject({ status: 'SUCCEEDED' });
  expect(await cost()).toBe(15);
  expect(await pull('added')).toMatchObject({ status: 'SUCCEEDED' });
  expect(await cost()).toBe(15);
});
