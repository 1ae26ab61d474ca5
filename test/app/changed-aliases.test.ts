import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { identifier, sql } from '../../src/clickhouse/sql.ts';
import { newRun } from '../../src/ingest/runs/run.ts';
import { createRunRepository } from '../../src/ingest/runs/run-table.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { createMigratedDatabase, openStore } from '../support/database.ts';
import { keptDays } from '../support/template.ts';

let folder: string;
let database: string;
let app: TestApp;
const environment = () => ({
  MODEL_FILE: join(folder, 'model.yaml'),
  CLICKHOUSE_DATABASE: database,
  LOG_LEVEL: 'fatal',
  ROLLUPS: 'on',
  ROLLUPS_MIN_ROWS: '0',
  EVENT_RETENTION_DAYS: String(keptDays),
});
const write = (text: string): Promise<void> => writeFile(join(folder, 'model.yaml'), text);
const reload = async (text: string): Promise<void> => {
  await write(text);
  await app.reload();
};
const noAliases = 'aliases: {}';
const aliases = 'aliases: { utm_source: { newsletter: [nl, news], bing: [msn] } }';

const ad = (date: string, campaign_id: string, utm_source: string) => ({
  date,
  campaign_id,
  channel: `channel of ${campaign_id}`,
  clicks: 1,
  impressions: 1,
  cost: 10,
  utm_campaign: 'spring',
  utm_source,
  utm_medium: 'paid',
});
const said = (utm_source: string) => ({ utm_campaign: 'spring', utm_source, utm_medium: 'paid' });
const lead = (opportunity_id: string, day: string, utm_source: string) => ({
  opportunity_id,
  stage: 'lead',
  created_at: `${day}T10:00:00Z`,
  ...said(utm_source),
});
const event = (event_id: string, day: string, utm_source: string) => ({
  event_id,
  timestamp: `${day}T10:00:00Z`,
  ...said(utm_source),
});
async function push(kind: string, records: readonly unknown[], workspace = 'default'): Promise<void> {
  const response = await fetch(`${app.url}/ingest/${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-workspace': workspace },
    body: JSON.stringify(records),
  });
  expect(response.status).toBe(200);
}
const rows = z.object({ row: z.string() });
/** Every row of both attributed sides, with its match. */
const stored = async (): Promise<string[]> =>
  (
    await app.store.select(
      rows,
      sql`SELECT row FROM (
            SELECT concat('lead ', workspace, ' ', opportunity_id, ': ', campaign_id, ' ', channel, ' ', match) AS row FROM opportunities FINAL
            UNION ALL
            SELECT concat('set ', workspace, ' ', toString(date), ' ', utm_source, ': ', campaign_id, ' ', channel, ' ', match) AS row
            FROM event_attributions FINAL
          ) ORDER BY row`,
    )
  ).map(({ row }) => row);
const runs = z.object({
  ingestRuns: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      attempt: z.number(),
      since: z.string().nullable(),
      until: z.string().nullable(),
      recordsRead: z.number(),
      recordsChanged: z.number(),
      error: z.unknown(),
    }),
  ),
});
const runsOf = async (workspace = 'default') => {
  const { data } = await app.query(
    '{ ingestRuns(source: "attribution") { id status attempt since until recordsRead recordsChanged error { code } } }',
    {},
    { 'x-workspace': workspace },
  );
  return runs.parse(data).ingestRuns;
};
const leadsBy = async (rest: string): Promise<unknown> => {
  const { data, errors } = await app.query(
    `{ metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } } groupBy: [CAMPAIGN_ID]
        orderBy: [{ dimension: CAMPAIGN_ID }] ${rest}) { nodes { campaignId leads } } }`,
  );
  expect(errors).toBeUndefined();
  return data?.metrics;
};
const matches = async (...expected: readonly string[]): Promise<void> => {
  await expect.poll(stored, { timeout: 20_000 }).toEqual(expect.arrayContaining([...expected]));
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-aliases-'));
  database = `app_${randomBytes(6).toString('hex')}`;
  await createMigratedDatabase(database);
  await write(noAliases);
  app = await startTestApp({ environment: environment() });
  for (const workspace of ['default', 'other'])
    await push(
      'ad-performance',
      [ad('2025-08-02', 'N', 'newsletter'), ad('2025-08-09', 'B', 'bing')],
      workspace,
    );
  await push('opportunities', [
    lead('1', '2025-08-02', 'nl'),
    lead('2', '2025-08-20', 'news'),
    lead('3', '2025-08-03', 'newsletter'),
    lead('4', '2025-08-11', 'quora'),
  ]);
  await push('opportunities', [lead('1', '2025-08-09', 'msn')], 'other');
  await push('opportunities', [lead('1', '2025-08-09', 'quora')], 'untouched');
  await push('events', [event('1', '2025-08-04', 'nl'), event('2', '2025-08-04', 'quora')]);
});
afterAll(async () => {
  await app.store.command(sql`DROP DATABASE IF EXISTS ${identifier(database)}`, {
    changesAnswersOf: [],
  });
  await app.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  await reload(noAliases);
  await matches(
    'lead default 1:   UNATTRIBUTED',
    'lead other 1:   UNATTRIBUTED',
    'set default 2025-08-04 nl:   UNATTRIBUTED',
  );
  const areOver = async (workspace: string) =>
    (await runsOf(workspace)).every(({ status }) => status === 'SUCCEEDED');
  for (const workspace of ['default', 'other'])
    await expect.poll(() => areOver(workspace), { timeout: 10_000 }).toBe(true);
});

it('aliases that are added attribute what they touch, and exactly as before once they are gone', async () => {
  const before = await stored();
  const earlier = (await runsOf()).length;
  await reload(aliases);
  await matches(
    'lead default 1: N channel of n EXACT',
    'lead default 2: N channel of n WINDOW',
    'lead default 3: N channel of n WINDOW',
    'lead default 4:   UNATTRIBUTED',
    'lead other 1: B channel of b EXACT',
    'set default 2025-08-04 nl: N channel of n WINDOW',
    'set default 2025-08-04 quora:   UNATTRIBUTED',
  );
  await expect
    .poll(() => runsOf(), { timeout: 10_000 })
    .toMatchObject([
      // The days of the four leads and sets with one of the values; a set that was looked at and stayed is no change.
      {
        status: 'SUCCEEDED',
        since: '2025-08-02',
        until: '2025-08-20',
        recordsRead: 5,
        recordsChanged: 3,
        error: null,
      },
      ...Array.from({ length: earlier }, () => ({})),
    ]);
  await expect
    .poll(() => runsOf('other'), { timeout: 10_000 })
    .toMatchObject([{ status: 'SUCCEEDED', recordsChanged: 1 }]);
  expect(await runsOf('untouched')).toEqual([]);
  const expected = {
    nodes: [
      { campaignId: 'N', leads: 3 },
      { campaignId: null, leads: 1 },
    ],
  };
  expect(await leadsBy('useRollups: false')).toEqual(expected);
  expect(await leadsBy('')).toEqual(expected);
  await reload(noAliases);
  await expect.poll(stored, { timeout: 20_000 }).toEqual(before);
  expect(await leadsBy('')).toEqual(await leadsBy('useRollups: false'));
});

it('a file with a mistake, and one that says the same, start no run', async () => {
  const [before, known] = [await stored(), await runsOf()];
  await reload('aliases: { utm_source: { newsletter: [] } }');
  await reload('aliases: { utm_term: { x: [y] } }');
  await reload(noAliases);
  expect(await stored()).toEqual(before);
  expect(await runsOf()).toEqual(known);
});

it('a process that starts with another file attributes by it; a run that was killed goes on', async () => {
  const killed = newRun({
    id: '01990000-0000-7000-8000-000000000001',
    workspace: 'default',
    triggerId: '01990000-0000-7000-8000-000000000001',
    source: 'attribution',
    mode: 'upsert',
    requestedBy: 'MODEL_FILE',
    requestId: 'test',
    owner: 'a process that is gone',
    createdAt: Date.UTC(2025, 8, 1),
    status: 'running',
  });
  await app.stop();
  const store = await openStore(database);
  await createRunRepository(store).save(killed);
  await store.close();
  await write(aliases);
  app = await startTestApp({ environment: environment() });
  await matches('lead default 1: N channel of n EXACT', 'lead other 1: B channel of b EXACT');
  await expect
    .poll(async () => (await runsOf()).find(({ id }) => id === killed.id), { timeout: 10_000 })
    .toMatchObject({ status: 'SUCCEEDED', attempt: 2, recordsChanged: 3 });
});

it('pushed events are attributed a moment later, by the aliases of now', async () => {
  await reload(aliases);
  await push('events', [event('3', '2025-08-05', 'news')]);
  await matches('set default 2025-08-05 news: N channel of n WINDOW');
});
