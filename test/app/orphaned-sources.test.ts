import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { json, type SourceServer, startSourceServer } from '../support/source-server.ts';

// Many runs, one after the other.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let folder: string;
let platform: SourceServer;
let app: TestApp;
/** What the platform answers, by path. */
let answers: Record<string, unknown>;

const writeSources = (kinds: Record<string, string>): Promise<void> =>
  writeFile(
    join(folder, 'sources.yaml'),
    JSON.stringify({
      sources: Object.entries(kinds).map(([name, kind]) => ({ name, kind, url: `${platform.url}/${name}` })),
    }),
  );
async function configure(kinds: Record<string, string>): Promise<void> {
  await writeSources(kinds);
  await app.reload();
}

const utm = { utm_campaign: 'x', utm_source: 'google', utm_medium: 'cpc' };
const row = (campaign_id: string, cost: number) => ({
  date: '2025-08-01',
  campaign_id,
  channel: 'google',
  clicks: 1,
  impressions: 1,
  cost,
  ...utm,
});
const deal = (opportunity_id: string, amount: number) => ({
  opportunity_id,
  amount,
  stage: 'won',
  created_at: '2025-08-01T10:00:00Z',
  updated_at: '2025-08-01T10:00:00Z',
  ...utm,
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-orphans-'));
  answers = { old_ads: [row('C-1', 10)], old_crm: [deal('1', 100), deal('2', 200)] };
  platform = await startSourceServer((request, response) =>
    json(answers[request.url?.split('?')[0]?.slice(1) ?? ''] ?? [])(request, response),
  );
  await writeSources({ old_ads: 'ad_performance', old_crm: 'opportunity' });
  app = await startTestApp({
    environment: { SOURCES_FILE: join(folder, 'sources.yaml'), LOG_LEVEL: 'silent' },
  });
  await app.pull('sources: ["old_ads", "old_crm"]');
});
afterEach(async () => {
  await app.close();
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';
async function ask(document: string): Promise<unknown> {
  const { data, errors } = await app.query(document);
  expect(errors).toBeUndefined();
  return data;
}
const figures = () =>
  ask(
    `{ metrics(${range}) { totals { cost leads revenue } } opportunities(${range}) { nodes { id match } } }`,
  );
const orphans = async () =>
  (
    (await ask(
      `{ dataQuality(${range}) { orphanedSources { source kind records from to cost revenue } } }`,
    )) as { dataQuality: { orphanedSources: unknown } }
  ).dataQuality.orphanedSources;
const settle = (input: string) =>
  ask(
    `mutation { settleOrphanedSource(input: { ${input} }) { source handedOverTo dryRun records { kind records days } } }`,
  );

it('rows of sources that are gone are told of, and handed over to another with the figures as they were', async () => {
  expect(await orphans()).toEqual([]);
  await configure({ new_ads: 'ad_performance', new_crm: 'opportunity' });
  const day = { from: '2025-08-01', to: '2025-08-01' };
  expect(await orphans()).toEqual([
    { source: 'old_ads', kind: 'AD_PERFORMANCE', records: 1, cost: 10, revenue: 0, ...day },
    { source: 'old_crm', kind: 'OPPORTUNITY', records: 2, cost: 0, revenue: 300, ...day },
  ]);
  const before = await figures();
  const records = [{ kind: 'OPPORTUNITY', records: 2, days: 1 }];
  const answer = { source: 'old_crm', handedOverTo: 'new_crm', dryRun: false, records };
  for (const dryRun of [true, false]) {
    expect(await settle(`source: "old_crm", handOverTo: "new_crm", dryRun: ${dryRun}`)).toEqual({
      settleOrphanedSource: { ...answer, dryRun },
    });
    expect(await figures()).toEqual(before);
  }
  expect(await settle('source: "old_crm", handOverTo: "new_crm"')).toEqual({
    settleOrphanedSource: { ...answer, records: [] },
  });
  await settle('source: "old_ads", handOverTo: "new_ads"');
  expect(await figures()).toEqual(before);
  expect(await orphans()).toEqual([]);
  // What the new ones send updates what they have now.
  answers = { new_ads: [row('C-2', 7)], new_crm: [deal('2', 250)] };
  await app.pull('sources: ["new_ads", "new_crm"]');
  expect(await figures()).toMatchObject({ metrics: { totals: { cost: 7, leads: 2, revenue: 350 } } });
});

it('they are removed, once and for all callers, and opportunities are attributed without them', async () => {
  await configure({ new_crm: 'opportunity' });
  expect(await figures()).toMatchObject({
    metrics: { totals: { cost: 10, leads: 2, revenue: 300 } },
    opportunities: { nodes: [{ match: 'EXACT' }, { match: 'EXACT' }] },
  });
  for (const records of [[{ kind: 'AD_PERFORMANCE', records: 1, days: 1 }], []]) {
    expect(await settle('source: "old_ads", remove: true')).toMatchObject({
      settleOrphanedSource: { handedOverTo: null, records },
    });
    expect(await figures()).toMatchObject({
      metrics: { totals: { cost: 0, leads: 2, revenue: 300 } },
      opportunities: { nodes: [{ match: 'UNATTRIBUTED' }, { match: 'UNATTRIBUTED' }] },
    });
  }
  await settle('source: "old_crm", remove: true');
  expect(await figures()).toMatchObject({ metrics: { totals: { cost: 0, leads: 0, revenue: 0 } } });
  // Under its own name it brings them back, though nothing of them has changed.
  await configure({ old_crm: 'opportunity', old_ads: 'ad_performance' });
  await app.pull('sources: ["old_ads", "old_crm"]');
  expect(await figures()).toMatchObject({ metrics: { totals: { cost: 10, leads: 2, revenue: 300 } } });
});

it('refuses what is no orphan, and the audit log tells who did what', async () => {
  await configure({ old_crm: 'opportunity' });
  for (const [input, message] of [
    ['source: "old_crm", remove: true', /old_crm, which is configured/],
    ['source: "push", remove: true', /what was pushed/],
    ['source: "old_ads", handOverTo: "nobody"', /no source nobody; configured: old_crm/],
    ['source: "old_ads"', /either handOverTo or remove/],
    ['source: "old_ads", handOverTo: "old_crm", remove: true', /either handOverTo or remove/],
  ] as const) {
    const { errors } = await app.query(`mutation { settleOrphanedSource(input: { ${input} }) { dryRun } }`);
    expect(errors?.[0], input).toMatchObject({
      message: expect.stringMatching(message),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
  await settle('source: "old_ads", remove: true, dryRun: true');
  expect(await figures()).toMatchObject({ metrics: { totals: { cost: 10 } } });
  await expect
    .poll(async () =>
      JSON.stringify(await ask('{ auditLog(first: 20) { nodes { action outcome details } } }')),
    )
    .toContain('"details":{"dryRun":true,"sources":["old_ads"]}');
});
