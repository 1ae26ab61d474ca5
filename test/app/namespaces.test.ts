import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { json, type SourceServer, startSourceServer } from '../support/source-server.ts';

// Many runs, one after the other.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let folder: string;
let platform: SourceServer;
/** What the platform answers, by path. */
let answers: Record<string, unknown>;
let app: TestApp | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-namespaces-'));
  answers = {};
  platform = await startSourceServer((request, response) =>
    json(answers[request.url?.split('?')[0]?.slice(1) ?? ''] ?? [])(request, response),
  );
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

/** JSON is YAML. Each source is asked at the path of its name. */
const writeSources = (sources: readonly Record<string, unknown>[]): Promise<void> =>
  writeFile(
    join(folder, 'sources.yaml'),
    JSON.stringify({
      sources: sources.map((one) => ({ url: `${platform.url}/${String(one.name)}`, ...one })),
    }),
  );

async function start(sources: readonly Record<string, unknown>[]): Promise<TestApp> {
  await writeSources(sources);
  app = await startTestApp({
    environment: { SOURCES_FILE: join(folder, 'sources.yaml'), LOG_LEVEL: 'silent' },
  });
  return app;
}

const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';
const figures = async ({ query }: TestApp): Promise<unknown> =>
  (await query(`{ metrics(${range}) { totals { leads closedWon revenue } } }`)).data?.metrics;
const total = (leads: number, revenue: number) => ({ totals: { leads, closedWon: leads, revenue } });

const deal = (opportunity_id: string, amount: number, rest: Record<string, unknown> = {}) => ({
  opportunity_id,
  amount,
  stage: 'won',
  created_at: '2025-08-01T10:00:00Z',
  updated_at: '2025-08-02T10:00:00Z',
  ...rest,
});
const generic = (name: string, rest: Record<string, unknown> = {}) => ({
  name,
  kind: 'opportunity',
  ...rest,
});

const pushTo = async ({ url }: TestApp, path: string, body: unknown, headers = {}): Promise<Response> =>
  fetch(`${url}/ingest/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

it('deal 101 of two portals is two deals; of sources with one namespace, and of pushes into it, one', async () => {
  answers = { us: [deal('101', 1_000)], eu: [deal('101', 300)], eu2: [deal('101', 400)] };
  const program = await start([generic('us'), generic('eu'), generic('eu2', { namespace: 'eu' })]);
  for (let turn = 0; turn < 2; turn++) {
    await program.pull('sources: ["us"]');
    await program.pull('sources: ["eu"]');
    await program.pull('sources: ["eu2"]');
    expect(await figures(program)).toEqual(total(2, 1_400));
  }
  const body = [deal('101', 50, { updated_at: '2025-08-03T10:00:00Z' })];
  const key = { 'idempotency-key': 'one' };
  expect((await pushTo(program, 'opportunities?namespace=us', body, key)).status).toBe(200);
  expect(await figures(program)).toEqual(total(2, 450));
  // The same body for another namespace is another push.
  expect((await pushTo(program, 'opportunities', body, key)).status).toBe(422);
  expect((await pushTo(program, 'opportunities', body)).status).toBe(200);
  expect(await figures(program)).toEqual(total(3, 500));
  const mutation = `mutation { ingestOpportunities(input: { namespace: "eu", records: [
    { opportunityId: "101", amount: 7, stage: "won", createdAt: "2025-08-01T10:00:00Z" }] }) { accepted } }`;
  expect(await program.query(mutation)).toEqual({ data: { ingestOpportunities: { accepted: 1 } } });
  expect(await figures(program)).toEqual(total(3, 107));
  const shown = await program.query(
    `{ opportunities(${range} orderBy: { by: AMOUNT }) { nodes { id namespace source } } }`,
  );
  expect(shown.data?.opportunities).toEqual({
    nodes: [
      { id: '101', namespace: 'push', source: 'push' },
      { id: '101', namespace: 'us', source: 'push' },
      { id: '101', namespace: 'eu', source: 'push' },
    ],
  });
  const shared = await program.query(`{ dataQuality(${range}) { sharedIds { namespaces ids revenue } } }`);
  expect(shared.data?.dataQuality).toEqual({
    sharedIds: [{ namespaces: ['eu', 'push', 'us'], ids: 1, revenue: 107 }],
  });
  for (const path of ['opportunities?namespace=No!', 'ad-performance?namespace=us'])
    expect((await pushTo(program, path, [])).status).toBe(400);
});

describe('what a CRM says is deleted', () => {
  it('goes, stays away when an older run is replayed, and comes back when the CRM has it again', async () => {
    const sources = [
      { name: 'sf', adapter: 'salesforce_opportunities' },
      { name: 'hs', adapter: 'hubspot_deals' },
    ];
    const answer = (isDeleted: boolean): void => {
      const at = '2025-08-01T10:00:00Z';
      const changed = '2025-08-02T10:00:00Z';
      answers = {
        sf: {
          done: true,
          records: [
            {
              Id: '1',
              StageName: 'Closed Won',
              Amount: 5,
              CreatedDate: at,
              LastModifiedDate: changed,
              IsDeleted: false,
            },
            {
              Id: '2',
              StageName: 'Closed Won',
              Amount: 70,
              CreatedDate: at,
              LastModifiedDate: changed,
              IsDeleted: isDeleted,
            },
          ],
        },
        hs: {
          results: [
            {
              id: '2',
              properties: {
                amount: '900',
                dealstage: 'closedwon',
                createdate: at,
                hs_lastmodifieddate: changed,
              },
              archived: isDeleted,
            },
          ],
        },
      };
    };
    const program = await start(sources);
    answer(false);
    const [alive] = await program.pull('sources: ["sf"]');
    await program.pull('sources: ["hs"]');
    expect(await figures(program)).toEqual(total(3, 975));
    answer(true);
    for (const removed of [1, 0]) {
      const runs = await program.query(
        'mutation { triggerIngest(input: { wait: true, sources: ["sf", "hs"] }) { runs { source status recordsRemoved skippedByReason { name count } } } }',
      );
      const skippedByReason = [{ name: 'deleted', count: 1 }];
      const run = { status: 'SUCCEEDED', recordsRemoved: removed, skippedByReason };
      expect(runs.data?.triggerIngest).toEqual({
        runs: [
          { ...run, source: 'sf' },
          { ...run, source: 'hs' },
        ],
      });
      expect(await figures(program)).toEqual(total(1, 5));
    }
    const replayed = await program.query(
      `mutation { replayRun(id: "${String(alive?.id)}", wait: true) { status skippedByReason { name count } } }`,
    );
    expect(replayed.data?.replayRun).toEqual({
      status: 'SUCCEEDED',
      skippedByReason: [{ name: 'outdated', count: 1 }],
    });
    expect(await figures(program)).toEqual(total(1, 5));
    answer(false);
    const [back] = await program.pull('sources: ["sf"]');
    await program.pull('sources: ["hs"]');
    expect(back).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 2 });
    expect(await figures(program)).toEqual(total(3, 975));
  });

  it('goes by `is_deleted` and `deleted_when`, whatever else is wrong with it, and from whatever day', async () => {
    const program = await start([
      generic('flags'),
      generic('rules', { deleted_when: { state: ['trashed', 'merged*'] } }),
    ]);
    const state = (value: string) => ({ state: value });
    answers = {
      flags: [deal('1', 1), deal('2', 2), deal('3', 4)],
      rules: [deal('1', 10, state('ok')), deal('2', 20, state('ok')), deal('3', 40, state('ok'))],
    };
    await program.pull('sources: ["flags"]');
    await program.pull('sources: ["rules"]');
    expect(await figures(program)).toEqual(total(6, 77));
    answers = {
      flags: [
        deal('1', 1, { is_deleted: 'true', amount: 'many' }),
        deal('2', 2, { is_deleted: 1, created_at: '2025-08-09T10:00:00Z' }),
        deal('3', 4, { is_deleted: false }),
      ],
      rules: [
        deal('1', 10, state(' Trashed')),
        deal('2', 20, state('merged into 3')),
        deal('3', 40, state('x')),
      ],
    };
    await program.pull('sources: ["flags"]');
    await program.pull('sources: ["rules"]');
    expect(await figures(program)).toEqual(total(2, 44));
  });

  it('goes by pushes in any order: an older state that comes later does not count', async () => {
    const program = await start([]);
    const alive = deal('9', 5);
    const gone = { ...alive, is_deleted: true, updated_at: '2025-08-03T10:00:00Z' };
    for (const records of [[alive], [gone], [alive], [gone, alive], [alive, gone]]) {
      await pushTo(program, 'opportunities', records);
      const isGone = JSON.stringify(records) !== JSON.stringify([alive]);
      if (isGone) expect(await figures(program)).toEqual(total(0, 0));
    }
    await pushTo(program, 'opportunities', [alive]);
    expect(await figures(program)).toEqual(total(0, 0));
    await pushTo(program, 'opportunities', [{ ...alive, updated_at: '2025-08-04T10:00:00Z' }]);
    expect(await figures(program)).toEqual(total(1, 5));
  });
});

it('a source that gets another name, or namespace, at a reload keeps what it has', async () => {
  answers = { old: [deal('1', 5), deal('2', 6)], fresh: [deal('1', 7)] };
  const program = await start([generic('old', { mode: 'replace' })]);
  await program.pull('sources: ["old"]');
  await writeSources([generic('fresh', { mode: 'replace', formerly: 'old', namespace: 'deals' })]);
  await program.reload();
  expect(await figures(program)).toEqual(total(2, 11));
  await pushTo(program, 'opportunities?namespace=deals', [deal('2', 60, { updated_at: undefined })]);
  expect(await figures(program)).toEqual(total(2, 65));
  const [run] = await program.pull('sources: ["fresh"]');
  expect(run).toMatchObject({ status: 'SUCCEEDED' });
  expect(await figures(program)).toEqual(total(2, 67));
});

it('a source under a new name goes on where the old one ended: its watermark, its replays', async () => {
  const ad = (cost: number) => ({ date: '2025-08-01', campaign_id: 'C', channel: 'meta', clicks: 1, cost });
  const ads = (name: string, rest = {}) => ({ name, kind: 'ad_performance', ...rest });
  const asked = 'since: "2025-08-01", until: "2025-08-03"';
  const program = await start([ads('old')]);
  const pullWith = async (name: string, records: readonly unknown[]) => {
    answers[name] = records;
    return (await program.pull(`sources: ["${name}"], ${asked}`))[0];
  };
  const state = async () =>
    ((await program.query('{ ingestSources { watermark } }')).data?.ingestSources as unknown as unknown[]).at(
      -1,
    );
  const cost = async () => (await program.query(`{ metrics(${range}) { totals { cost } } }`)).data?.metrics;

  const first = await pullWith('old', [ad(5)]);
  await pullWith('old', [ad(7)]);
  const held = await pullWith('old', []);
  expect(held).toMatchObject({ status: 'HELD' });
  const before = await state();
  expect(before).toEqual({ watermark: '2025-08-01' });

  await writeSources([ads('fresh', { formerly: ['old'] })]);
  await program.reload();
  expect(await state()).toEqual(before);
  // The day is that of the second run, which was read later.
  const replayed = await program.query(
    `mutation { replayRun(id: "${first?.id}", wait: true) { source status recordsSkipped } }`,
  );
  expect(replayed).toEqual({
    data: { replayRun: { source: 'fresh', status: 'SUCCEEDED', recordsSkipped: 1 } },
  });
  expect(await cost()).toEqual({ totals: { cost: 7 } });
  const approved = await program.query(`mutation { approveRun(id: "${held?.id}") { status } }`);
  expect(approved.errors).toMatchObject([
    {
      message: expect.stringContaining('Cancel it, and trigger fresh.'),
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});
