import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/clickhouse/sql.ts';
import { createTelemetry } from '../../src/telemetry.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { status } from '../support/source-server.ts';

const ad = { date: '2025-08-01', campaign_id: 'C-1', channel: 'google', clicks: -1, cost: 2 };
const push = (app: TestApp, path: string, records: unknown) =>
  fetch(`${app.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records),
  });

async function scrape(app: TestApp): Promise<string> {
  return (await fetch(`${app.url}/metrics`)).text();
}

/** Scrapes until it is there: what the tables say arrives behind a scrape. */
async function scrapeUntil(app: TestApp, wanted: RegExp): Promise<string> {
  for (let left = 100; ; left -= 1) {
    const text = await scrape(app);
    if (wanted.test(text)) return text;
    if (left === 0) throw new Error(`no ${wanted} in\n${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

let now: number;
let app: TestApp;
beforeAll(async () => {
  now = Date.UTC(2025, 7, 20);
  app = await startTestApp({ clock: { now: () => now } });
});
afterAll(() => app?.close());

it('records are counted by their kind, and by what became of them, pulled and pushed', async () => {
  app.answer({ ads: adsFeed([ad, { ...ad, date: 'never' }]) });
  await app.pull('sources: ["ads"]');
  await push(app, '/ingest/opportunities', [
    { opportunity_id: 'O-1', created_at: '2025-08-01T10:00:00Z', stage: 'lead', amount: 1 },
  ]);
  const text = await scrape(app);
  for (const line of [
    'ingest_records_total{kind="ad_performance",outcome="written"} 1',
    'ingest_records_total{kind="ad_performance",outcome="rejected"} 1',
    'ingest_records_total{kind="opportunity",outcome="written"} 1',
    'ingest_rejects_total{kind="ad_performance",reason="invalid_date"} 1',
    'ingest_requests_total{source="ads",status="partial"} 1',
    'circuit_breaker_state{name="ads"} 0',
    'circuit_breaker_state{name="crm"} 0',
    'circuit_breaker_state{name="clickhouse"} 0',
    'buffer_records_limit 50000',
    'buffer_bytes_limit 1073741824',
  ])
    expect(text).toContain(`${line}\n`);
  expect(text).toMatch(/ingest_repairs_total\{kind="ad_performance",repair="negative\w*"\} 1/);
});

it('operations have their names only where a manifest has the document', async () => {
  const manifest = JSON.parse(
    await readFile(new URL('../../schema/persisted/manifest.json', import.meta.url), 'utf8'),
  ) as { operations: { name: string; body: string }[] };
  const overview = manifest.operations.find(({ name }) => name === 'IngestStatus');
  await app.query(overview?.body ?? '');
  await app.query('query MadeUpByACaller { metricCatalog { measures { name } } }');
  const text = await scrape(app);
  expect(text).toContain('graphql_operations_total{operation="IngestStatus",kind="query"');
  expect(text).toContain('operation="other"');
  expect(text).not.toContain('MadeUpByACaller');
});

describe('what only the tables know', () => {
  it('is there of runs and rejects of any process, and ages between two looks', async () => {
    now += 120_000;
    await scrapeUntil(app, /data_freshness_seconds\{source="ads"\}/);
    now += 3_600_000;
    const text = await scrapeUntil(app, /rejected_records\{kind="ad_performance",reason="invalid_date"\} 1/);
    expect(text).toContain('data_freshness_seconds{source="ads"} 3720\n');
    expect(text).toContain('ingest_consecutive_failures{source="ads"} 0');
    expect(text).toContain('clickhouse_up 1');
    // It has never run: else nobody would hear of it.
    expect(text).toContain('data_freshness_seconds{source="crm"} 3720\n');
  });

  it('counts the failures since the last good run', async () => {
    app.answer({ ads: status(404) });
    for (const _ of [1, 2, 3]) {
      now += 61_000;
      await app.pull('sources: ["ads"]');
    }
    now += 61_000;
    await scrapeUntil(app, /ingest_consecutive_failures\{source="ads"\} 3/);
    app.answer({ ads: adsFeed([ad]) });
    await app.pull('sources: ["ads"]');
    now += 61_000;
    await scrapeUntil(app, /ingest_consecutive_failures\{source="ads"\} 0/);
  });
});

it('operations that no caller can mend are told from those that their caller can, though both are answered 200', async () => {
  const cost = '{ totals { cost } }';
  await app.query(`{ metrics(dateRange: { between: { from: "2025-08-02", to: "2025-08-01" } }) ${cost} }`);
  const before = await scrape(app);
  expect(before).toMatch(/graphql_operations_total\{.*outcome="caller_error"\} 1/);
  expect(before).not.toContain('outcome="server_error"');
  await app.store.command(sql`RENAME TABLE ad_performance TO ad_performance_gone`, { changesAnswersOf: [] });
  try {
    const answer = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: `{ metrics(dateRange: { preset: LAST_7_DAYS }) ${cost} }` }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL' } }] });
  } finally {
    await app.store.command(sql`RENAME TABLE ad_performance_gone TO ad_performance`, {
      changesAnswersOf: [],
    });
  }
  expect(await scrape(app)).toMatch(/graphql_operations_total\{.*outcome="server_error"\} 1/);
});

describe('a store that does not answer', () => {
  it('neither delays nor fails a scrape, and is seen to be down', async () => {
    const telemetry = createTelemetry();
    let answer: (up: boolean) => void = () => undefined;
    telemetry.observeStore({
      isUp: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
      census: () => Promise.reject(new Error('away')),
      failed: () => undefined,
      now: () => 0,
    });
    expect(await telemetry.registry.metrics()).not.toMatch(/^clickhouse_up 1/m);
    answer(false);
    await new Promise(setImmediate);
    expect(await telemetry.registry.metrics()).toMatch(/^clickhouse_up 0$/m);
    answer(true);
    await new Promise(setImmediate);
    expect(await telemetry.registry.metrics()).toMatch(/^clickhouse_up 1$/m);
  });
});
