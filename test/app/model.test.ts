import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

let folder: string;
let app: TestApp;
const writeModel = (text: string): Promise<void> => writeFile(join(folder, 'model.yaml'), text);
const aliases = 'aliases: { utm_source: { facebook: [fb, ig] }, utm_campaign: { spring: [spring_old] } }';

const ad = (campaign_id: string, utm_source: string, utm_campaign = 'spring', cost = 10) => ({
  date: '2025-08-01',
  campaign_id,
  channel: 'ads',
  clicks: 1,
  impressions: 1,
  cost,
  utm_campaign,
  utm_source,
  utm_medium: 'paid',
});
const lead = (opportunity_id: string, utm_source: string, utm_campaign = 'spring') => ({
  opportunity_id,
  stage: 'lead',
  created_at: '2025-08-01T10:00:00Z',
  utm_campaign,
  utm_source,
  utm_medium: 'paid',
});
async function push(kind: string, records: readonly unknown[], workspace = 'default'): Promise<void> {
  const response = await fetch(`${app.url}/ingest/${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-workspace': workspace },
    body: JSON.stringify(records),
  });
  expect(response.status).toBe(200);
}
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';
async function ask(document: string, workspace = 'default'): Promise<Record<string, unknown>> {
  const { data, errors } = await app.query(document, {}, { 'x-workspace': workspace });
  expect(errors).toBeUndefined();
  return data ?? {};
}
const bySource = (rest = '', workspace?: string) =>
  ask(
    `{ metrics(${range} groupBy: [UTM_SOURCE] orderBy: [{ dimension: UTM_SOURCE }] ${rest}) {
        nodes { utmSource cost leads } totals { cost leads } } }`,
    workspace,
  ).then(({ metrics }) => metrics);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-model-'));
  await writeModel('aliases: {}');
  app = await startTestApp({
    environment: { MODEL_FILE: join(folder, 'model.yaml'), ROLLUPS: 'on', ROLLUPS_MIN_ROWS: '0' },
  });
  for (const workspace of ['default', 'other'])
    await push(
      'ad-performance',
      [ad('A', 'facebook'), ad('B', 'fb', 'spring_old', 5), ad('C', 'google')],
      workspace,
    );
  await push('opportunities', [lead('1', 'ig'), lead('2', 'facebook'), lead('3', 'bing')]);
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  await writeModel('aliases: {}');
  await app.reload();
});

const stored = {
  nodes: [
    { utmSource: 'bing', cost: 0, leads: 1 },
    { utmSource: 'facebook', cost: 10, leads: 1 },
    { utmSource: 'fb', cost: 5, leads: 0 },
    { utmSource: 'google', cost: 10, leads: 0 },
    { utmSource: 'ig', cost: 0, leads: 1 },
  ],
  totals: { cost: 25, leads: 3 },
};

it('groups and filters by what values count as, in every workspace, and as before when the aliases are gone', async () => {
  expect(await bySource()).toEqual(stored);
  await writeModel(aliases);
  await app.reload();
  const facebook = { utmSource: 'facebook', cost: 15, leads: 2 };
  expect(await bySource()).toEqual({
    nodes: [{ utmSource: 'bing', cost: 0, leads: 1 }, facebook, { utmSource: 'google', cost: 10, leads: 0 }],
    totals: { cost: 25, leads: 3 },
  });
  expect(await bySource('', 'other')).toMatchObject({
    nodes: [
      { utmSource: 'facebook', cost: 15 },
      { utmSource: 'google', cost: 10 },
    ],
  });
  for (const where of [
    '{ eq: "fb" }',
    '{ eq: "Facebook" }',
    '{ in: ["ig"] }',
    '{ startsWith: "face" }',
    '{ contains: "book" }',
  ])
    expect(await bySource(`where: { utmSource: ${where} }`), where).toEqual({
      nodes: [facebook],
      totals: { cost: 15, leads: 2 },
    });
  for (const where of ['{ ne: "fb" }', '{ notIn: ["ig"] }'])
    expect(await bySource(`where: { utmSource: ${where} }`), where).toMatchObject({
      totals: { cost: 10, leads: 1 },
    });
  await writeModel('aliases: {}');
  await app.reload();
  expect(await bySource()).toEqual(stored);
});

it('rollups and tables give the same', async () => {
  await writeModel(aliases);
  await app.reload();
  const questions = [
    '',
    'where: { utmSource: { eq: "ig" } }',
    'where: { utmCampaign: { eq: "spring_old" } }',
  ];
  let asked = 0;
  // Each time another document: an answer from before is kept.
  const source = () => {
    asked += 1;
    return ask(
      `{ metrics(${range} groupBy: [UTM_SOURCE]) { nodes { leads cost } meta { source } } } # ${asked}`,
    );
  };
  await expect
    .poll(source, { timeout: 50_000, interval: 500 })
    .toMatchObject({ metrics: { meta: { source: 'ROLLUPS' } } });
  for (const question of questions)
    expect(await bySource(question), question).toEqual(await bySource(`${question} useRollups: false`));
  expect(await bySource('where: { utmCampaign: { eq: "spring_old" } }')).toMatchObject({
    totals: { cost: 25, leads: 3 },
  });
});

it('lists of values, campaigns and spellings go by it', async () => {
  const lists = () =>
    ask(`{
      dimensionValues(${range} dimension: UTM_SOURCE search: "f") { nodes { value rows } }
      campaigns(${range} search: "spring_old") { nodes { id name } }
    }`);
  expect(await lists()).toMatchObject({
    dimensionValues: { nodes: [{ value: 'facebook' }, { value: 'fb' }] },
    campaigns: { nodes: [{ id: 'B', name: 'spring_old' }] },
  });
  await writeModel(aliases);
  await app.reload();
  expect(await lists()).toMatchObject({
    dimensionValues: { nodes: [{ value: 'facebook', rows: 4 }] },
    campaigns: { nodes: [] },
  });
});

it('aliased spellings are no near-duplicates', async () => {
  const spellings = ['back_to_school', 'back-to-school'];
  await push(
    'ad-performance',
    spellings.map((name) => ad('D', 'google', name)),
    'spelt',
  );
  const groups = async () => {
    const { dataQuality } = await ask(
      `{ dataQuality(${range}) { nearDuplicateUtms { nodes { dimension } } } }`,
      'spelt',
    );
    return dataQuality;
  };
  expect(await groups()).toEqual({ nearDuplicateUtms: { nodes: [{ dimension: 'UTM_CAMPAIGN' }] } });
  await writeModel('aliases: { utm_campaign: { back_to_school: [back-to-school] } }');
  await app.reload();
  expect(await groups()).toEqual({ nearDuplicateUtms: { nodes: [] } });
});

it('attribution of days that data touches goes by it', async () => {
  await writeModel('aliases: { utm_source: { google: [goo] } }');
  await app.reload();
  await push('opportunities', [lead('9', 'goo')], 'third');
  await push('ad-performance', [ad('C', 'google')], 'third');
  const rows = await app.store.select(
    z.object({ campaign_id: z.string(), utm_source: z.string() }),
    sql`SELECT campaign_id, utm_source FROM opportunities FINAL WHERE workspace = 'third'`,
  );
  expect(rows).toEqual([{ campaign_id: 'C', utm_source: 'goo' }]);
});

it('a file with a mistake changes nothing', async () => {
  await writeModel('aliases: { utm_source: { facebook: [] } }');
  await app.reload();
  expect(await bySource()).toEqual(stored);
});
