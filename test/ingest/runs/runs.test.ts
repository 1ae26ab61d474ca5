import { createClient } from 'graphql-sse';
import { uuidv7 } from 'uuidv7';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { openLeaseTable } from '../../../src/clickhouse/leases/lease-table.ts';
import { openLeases } from '../../../src/clickhouse/leases/leases.ts';
import { sql } from '../../../src/clickhouse/sql.ts';
import { newRun } from '../../../src/ingest/runs/run.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../../support/app.ts';
import { silent } from '../../support/database.ts';
import { startStoreProxy } from '../../support/proxy.ts';
import { cutAfter, hang } from '../../support/source-server.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterEach(async () => {
  await app.empty();
  app.answer({});
});
afterAll(() => app.close());

const ad = (date: string, cost: number, more: Record<string, unknown> = {}) => ({
  date,
  campaign_id: 'C-1',
  channel: 'google',
  utm_campaign: 'x',
  clicks: 10,
  impressions: 100,
  cost,
  ...more,
});
const today = new Date().toISOString().slice(0, 10);
const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

const totals = async (from: string, to = from) => {
  const answer = await app.query(
    `query ($from: LocalDate!, $to: LocalDate!) { metrics(dateRange: { between: { from: $from, to: $to } }) { totals { cost clicks leads } } }`,
    { from, to },
  );
  return (answer.data as unknown as { metrics: { totals: Record<string, number> } }).metrics.totals;
};
const trigger = async (input: string) => {
  const answer = await app.query(
    `mutation { triggerIngest(input: { ${input} }) { runs { id source status since recordsWritten recordsChanged recordsRemoved recordsRejected dryRun
      changes { date added changed removed costBefore costAfter } watermark error { code message } } } }`,
  );
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return (answer.data as unknown as { triggerIngest: { runs: Run[] } }).triggerIngest.runs;
};
interface Run {
  readonly id: string;
  readonly source: string;
  readonly status: string;
  readonly since: string | null;
  readonly recordsWritten: number;
  readonly recordsChanged: number;
  readonly recordsRemoved: number;
  readonly recordsRejected: number;
  readonly changes: readonly Record<string, unknown>[];
  readonly watermark: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}
const only = async (input: string): Promise<Run> => {
  const [run] = await trigger(`sources: ["ads"] wait: true ${input}`);
  if (run === undefined) throw new Error('no run');
  return run;
};

describe('REPLACE, the default for ads', () => {
  it('a corrected UTM leaves no old row behind, so its cost counts once', async () => {
    app.answer({ ads: adsFeed([ad('2025-03-01', 10), ad('2025-03-01', 5, { utm_campaign: 'sumer' })]) });
    expect(await only('')).toMatchObject({ status: 'SUCCEEDED', recordsChanged: 2, recordsRemoved: 0 });
    app.answer({ ads: adsFeed([ad('2025-03-01', 10), ad('2025-03-01', 5, { utm_campaign: 'summer' })]) });
    expect(await only('')).toMatchObject({ status: 'SUCCEEDED', recordsChanged: 1, recordsRemoved: 1 });
    expect(await totals('2025-03-01')).toMatchObject({ cost: 15, clicks: 20 });
  });

  it('days that the source did not return stay', async () => {
    app.answer({ ads: adsFeed([ad('2025-03-01', 10), ad('2025-03-02', 7)]) });
    await only('');
    app.answer({ ads: adsFeed([ad('2025-03-02', 8)]) });
    await only('since: "2025-03-01"');
    expect(await totals('2025-03-01', '2025-03-02')).toMatchObject({ cost: 18 });
  });

  it('a feed that breaks off changes nothing, and the run says so', async () => {
    app.answer({ ads: adsFeed([ad('2025-03-01', 10)]) });
    await only('');
    const half = JSON.stringify([ad('2025-03-01', 99), ad('2025-03-01', 98, { campaign_id: 'C-2' })]).slice(
      0,
      -40,
    );
    app.answer({ ads: cutAfter(half) });
    const run = await only('');
    expect(run).toMatchObject({ status: 'FAILED', recordsWritten: 0 });
    expect(run.error?.message).toMatch(/Nothing was changed\.$/);
    expect(await totals('2025-03-01')).toMatchObject({ cost: 10 });
  });

  it('the same feed again changes nothing', async () => {
    app.answer({ ads: adsFeed([ad('2025-03-01', 10), ad('2025-03-02', 7)]) });
    await only('');
    expect(await only('')).toMatchObject({ recordsWritten: 2, recordsChanged: 0, recordsRemoved: 0 });
  });

  it('UPSERT deletes nothing', async () => {
    app.answer({ ads: adsFeed([ad('2025-03-01', 10), ad('2025-03-01', 5, { campaign_id: 'C-2' })]) });
    await only('');
    app.answer({ ads: adsFeed([ad('2025-03-01', 11)]) });
    expect(await only('mode: UPSERT')).toMatchObject({ recordsChanged: 1, recordsRemoved: 0 });
    expect(await totals('2025-03-01')).toMatchObject({ cost: 16 });
  });
});

it('a dry run reports what would change by day, and changes nothing', async () => {
  app.answer({
    ads: adsFeed([ad('2025-03-01', 10), ad('2025-03-01', 5, { campaign_id: 'C-2' }), ad('2025-03-02', 1)]),
  });
  await only('');
  app.answer({
    ads: adsFeed([ad('2025-03-01', 12), ad('2025-03-02', 1), ad('2025-03-02', 3, { campaign_id: 'C-3' })]),
  });
  expect(await only('dryRun: true')).toMatchObject({
    status: 'SUCCEEDED',
    dryRun: true,
    recordsWritten: 0,
    changes: [
      { date: '2025-03-01', added: 0, changed: 1, removed: 1, costBefore: 15, costAfter: 12 },
      { date: '2025-03-02', added: 1, changed: 0, removed: 0, costBefore: 1, costAfter: 4 },
    ],
  });
  expect(await totals('2025-03-01', '2025-03-02')).toMatchObject({ cost: 16 });
  expect((await only('mode: UPSERT dryRun: true')).changes).toEqual([
    { date: '2025-03-01', added: 0, changed: 1, removed: 0, costBefore: 15, costAfter: 17 },
    { date: '2025-03-02', added: 1, changed: 0, removed: 0, costBefore: 1, costAfter: 4 },
  ]);
});

it('a dry run counts what it would reject, and keeps none of it', async () => {
  app.answer({ ads: adsFeed([ad('2025-03-01', 10), ad('never', 1)]) });
  const rejects = async (): Promise<number> => {
    const query = '{ rejectedRecords(where: { source: "ads" }) { totalCount } }';
    const { data } = await app.query(query);
    return (data as unknown as { rejectedRecords: { totalCount: number } }).rejectedRecords.totalCount;
  };
  const before = await rejects();
  const { recordsRejected } = await only('dryRun: true');
  expect([recordsRejected, await rejects()]).toEqual([1, before]);
});

it('a run until a day before the watermark has no beginning of its own', async () => {
  app.answer({ ads: adsFeed([ad(daysAgo(1), 1)]) });
  await only('');
  expect(await only(`until: "${daysAgo(30)}"`)).toMatchObject({ status: 'SUCCEEDED', since: null });
  expect(app.sourceRequests.at(-1)?.query).toMatchObject({ until: daysAgo(30) });
  expect(app.sourceRequests.at(-1)?.query.since).toBeUndefined();
});

it('a run without since asks from the watermark less the days that are restated, and takes older days that come all the same', async () => {
  app.answer({ ads: adsFeed([ad(daysAgo(20), 1), ad(daysAgo(5), 1), ad(daysAgo(-1), 1)]) });
  expect(await only('')).toMatchObject({ since: null, watermark: today });
  app.answer({ ads: adsFeed([ad(daysAgo(20), 2), ad(daysAgo(5), 2)]) });
  expect(await only('')).toMatchObject({ since: daysAgo(7), recordsChanged: 2, watermark: today });
  expect(app.sourceRequests.at(-1)?.query.since).toBe(daysAgo(7));
  // A source that lags behind is asked again for what it lacked.
  app.answer({
    crm: crmFeed([{ opportunity_id: 'O-1', created_at: `${daysAgo(9)}T00:00:00Z`, stage: 'lead' }]),
  });
  const [crm] = await trigger('sources: ["crm"] wait: true');
  expect(crm).toMatchObject({ watermark: daysAgo(9) });
  // A CRM record of any age can change: a plain CRM feed is asked for everything each time.
  const [again] = await trigger('sources: ["crm"] wait: true');
  expect(again).toMatchObject({ since: null });
});

it('a failed run, a dry run and one that leaves a gap do not move the watermark', async () => {
  app.answer({ ads: adsFeed([ad(daysAgo(10), 1)]) });
  expect(await only('')).toMatchObject({ watermark: daysAgo(10) });
  app.answer({ ads: adsFeed([ad(today, 1)]) });
  expect(await only(`since: "${today}"`)).toMatchObject({ watermark: daysAgo(10) });
  expect(await only('dryRun: true')).toMatchObject({ watermark: daysAgo(10) });
  app.answer({ ads: hang });
  expect(await only('')).toMatchObject({ status: 'FAILED', watermark: null, since: daysAgo(17) });
});

it('identical calls at the same time are one run; a call with another range is a run of its own', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  app.answer({
    ads: async (request, response) => {
      await held;
      return adsFeed([ad('2025-03-01', 10)])(request, response);
    },
  });
  const runs = await Promise.all([
    trigger('sources: ["ads"]'),
    trigger('sources: ["ads"]'),
    trigger('sources: ["ads"] since: "2025-03-01"'),
  ]);
  const ids = runs.map(([run]) => run?.id);
  release();
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
  await trigger('sources: ["ads"] wait: true since: "2025-03-01"');
});

describe('cancelIngest', () => {
  const cancel = (id: string) =>
    app.query('mutation ($id: ID!) { cancelIngest(id: $id) { status error { code message } } }', { id });

  it('ends a run that waits for its source, and one that waits for its turn', async () => {
    app.answer({ ads: hang });
    const [first] = await trigger('sources: ["ads"]');
    const [second] = await trigger('sources: ["ads"] since: "2025-03-01"');
    expect((await cancel(second?.id ?? '')).data).toEqual({
      cancelIngest: {
        status: 'CANCELLED',
        error: { code: 'CANCELLED', message: 'The run was cancelled by anonymous.' },
      },
    });
    expect((await cancel(first?.id ?? '')).data).toMatchObject({ cancelIngest: { status: 'CANCELLED' } });
    app.answer({ ads: adsFeed([ad('2025-03-01', 10)]) });
    expect(await only('')).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('leaves an ended run as it is, and knows no other', async () => {
    const run = await only('');
    expect((await cancel(run.id)).data).toMatchObject({ cancelIngest: { status: 'SUCCEEDED' } });
    const { errors } = await cancel('019837c2-1b6e-7000-8000-000000000000');
    expect(errors?.[0]?.extensions.code).toBe('NOT_FOUND');
  });
});

it('subscription ingestRun follows a run to its end over SSE, also one that has ended', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  app.answer({
    ads: async (request, response) => {
      await held;
      return adsFeed([ad('2025-03-01', 10)])(request, response);
    },
  });
  const [run] = await trigger('sources: ["ads"]');
  const client = createClient({ url: `${app.url}/graphql`, retryAttempts: 0 });
  const follow = async (): Promise<string[]> => {
    const statuses: string[] = [];
    const states = client.iterate<{ ingestRun: { status: string; recordsWritten: number } }>({
      query: 'subscription ($id: ID!) { ingestRun(id: $id) { status recordsWritten } }',
      variables: { id: run?.id },
    });
    for await (const state of states) {
      statuses.push(state.data?.ingestRun.status ?? JSON.stringify(state.errors));
      release();
    }
    return statuses;
  };
  const statuses = await follow();
  expect(['QUEUED', 'RUNNING']).toContain(statuses[0]);
  expect(statuses.at(-1)).toBe('SUCCEEDED');
  expect(await follow()).toEqual(['SUCCEEDED']);
  client.dispose();
});

it('subscription ingestRun of an unknown run is an error, not silence', async () => {
  const client = createClient({ url: `${app.url}/graphql`, retryAttempts: 0 });
  const results: unknown[] = [];
  const states = client.iterate({
    query: 'subscription { ingestRun(id: "019837c2-1b6e-7000-8000-000000000000") { status } }',
  });
  for await (const state of states) results.push(state);
  client.dispose();
  expect(results).toMatchObject([{ errors: [{ extensions: { code: 'NOT_FOUND' } }] }]);
});

describe('replayRun', () => {
  const replay = async (id: string) => {
    const answer = await app.query(
      'mutation ($id: ID!) { replayRun(id: $id, wait: true) { status replayOf recordsRead recordsWritten recordsChanged skippedByReason { name count } error { code message } } }',
      { id },
    );
    return answer.errors
      ? { errors: answer.errors }
      : (answer.data as unknown as { replayRun: unknown }).replayRun;
  };

  it('reads again what the run had read, though the source has moved on', async () => {
    app.answer({ ads: adsFeed([ad('2025-03-01', 10)]) });
    const run = await only('');
    app.answer({ ads: hang });
    expect(await replay(run.id)).toMatchObject({
      status: 'SUCCEEDED',
      replayOf: run.id,
      recordsRead: 1,
      recordsWritten: 1,
      recordsChanged: 0,
    });
    await app.store.command(sql`TRUNCATE TABLE ad_performance`, { changesAnswersOf: [] });
    expect(await replay(run.id)).toMatchObject({ status: 'SUCCEEDED', recordsChanged: 1 });
    expect(await totals('2025-03-01')).toMatchObject({ cost: 10 });
  });

  it('leaves days alone that a newer run has read', async () => {
    app.answer({ ads: adsFeed([ad('2025-03-01', 10), ad('2025-03-02', 10)]) });
    const old = await only('');
    app.answer({ ads: adsFeed([ad('2025-03-02', 20)]) });
    await only('since: "2025-03-02"');
    expect(await replay(old.id)).toMatchObject({
      status: 'SUCCEEDED',
      recordsWritten: 1,
      skippedByReason: [{ name: 'superseded', count: 1 }],
    });
    expect(await totals('2025-03-01', '2025-03-02')).toMatchObject({ cost: 30 });
  });

  it('an older state of a CRM record does not come back', async () => {
    const lead = { opportunity_id: 'O-1', created_at: '2025-03-01T00:00:00Z' };
    app.answer({ crm: crmFeed([{ ...lead, stage: 'lead', amount: 1 }]) });
    const [old] = await trigger('sources: ["crm"] wait: true');
    app.answer({ crm: crmFeed([{ ...lead, stage: 'closed_won', amount: 100 }]) });
    await trigger('sources: ["crm"] wait: true');
    expect(await replay(old?.id ?? '')).toMatchObject({ status: 'SUCCEEDED', recordsChanged: 0 });
    const [row] = await app.store.select(
      z.object({ stage: z.string() }),
      sql`SELECT stage FROM opportunities FINAL`,
    );
    expect(row).toEqual({ stage: 'closed_won' });
  });

  it('refuses a run that did not read its source to the end', async () => {
    app.answer({ ads: hang });
    const run = await only('');
    expect(await replay(run.id)).toMatchObject({ errors: [{ extensions: { code: 'CONFLICT' } }] });
  });
});

describe('a run that a crash interrupted', () => {
  const leave = async (more: Partial<ReturnType<typeof newRun>>): Promise<string> => {
    const [template] = await app.ingest.runs.list('default', { limit: 1 });
    if (template === undefined) throw new Error('no run');
    const id = uuidv7();
    await app.ingest.runs.save({
      ...newRun({
        id,
        workspace: 'default',
        triggerId: template.triggerId,
        source: 'ads',
        mode: 'replace',
        requestedBy: 'scheduler',
        requestId: 'r-1',
        owner: template.owner,
        createdAt: Date.now(),
      }),
      status: 'running',
      startedAt: Date.now(),
      ...more,
    });
    return id;
  };
  const ended = async (id: string) => {
    for await (const run of await app.ingest.follow(
      id,
      { workspace: 'default', requestId: 'r', name: 'test' },
      AbortSignal.timeout(20_000),
    )) {
      if (run.finishedAt !== undefined) return run;
    }
    return undefined;
  };

  it('is begun again at start under its own id, and ends well', async () => {
    app.answer({ ads: adsFeed([ad('2025-03-01', 10)]) });
    await only('');
    // However often its call had started its source before.
    const id = await leave({ retry: 300 });
    app.answer({ ads: adsFeed([ad('2025-03-01', 11)]) });
    await app.ingest.resume();
    expect(await ended(id)).toMatchObject({ status: 'succeeded', attempt: 2, retry: 300, recordsChanged: 1 });
    expect(await totals('2025-03-01')).toMatchObject({ cost: 11 });
  });

  it('is not begun a fourth time, nor when its source is gone; a living process’s run is left alone', async () => {
    await only('');
    const another = await openLeases({
      table: await openLeaseTable(app.store),
      owner: 'another',
      logger: silent,
    });
    const often = await leave({ attempt: 3 });
    const gone = await leave({ source: 'gone' });
    const foreign = await leave({ owner: 'another' });
    await app.ingest.resume();
    const states = await app.ingest.runs.list('default', { limit: 10 });
    const find = (id: string) => states.find((run) => run.id === id);
    expect(find(often)).toMatchObject({ status: 'failed', errorCode: 'INTERRUPTED' });
    expect(find(gone)).toMatchObject({ status: 'failed', errorCode: 'INTERRUPTED' });
    expect(find(foreign)).toMatchObject({ status: 'running' });
    await another.stop();
    await app.ingest.resume();
    expect(await ended(foreign)).toMatchObject({
      status: 'succeeded',
      attempt: 2,
      owner: find(often)?.owner,
    });
  });
});

describe('a run whose rows are cut off on their way to the store', () => {
  let proxy: Awaited<ReturnType<typeof startStoreProxy>>;
  let cut: TestApp;
  beforeAll(async () => {
    proxy = await startStoreProxy(inject('clickhouse').url);
    cut = await startTestApp({ environment: { CLICKHOUSE_URL: proxy.url } });
  });
  afterEach(async () => {
    proxy.cutWhen(() => false);
    await cut.empty();
  });
  afterAll(async () => {
    await cut.close();
    await proxy.close();
  });

  it('a run whose first row was stored but never acknowledged is not left waiting for ever', async () => {
    proxy.cutWhen(({ table }) => table === 'ingest_runs');
    const { errors } = await cut.query('mutation { triggerIngest { runs { id } } }');
    expect(errors?.[0]?.extensions.code).toBe('STORE_UNAVAILABLE');
    proxy.cutWhen(() => false);
    await vi.waitFor(
      async () => {
        const { data } = await cut.query('{ ingestRuns { status error { code } } }');
        expect(data).toEqual({
          ingestRuns: [{ status: 'FAILED', error: { code: 'STORE_UNAVAILABLE' } }],
        });
      },
      { timeout: 20_000, interval: 200 },
    );
  });

  it('a call that broke off before all of its runs had begun is completed by the same call', async () => {
    const call =
      'mutation { triggerIngest(input: { wait: true, idempotencyKey: "k" }) { runs { id triggerId source status } } }';
    const list = async () => {
      const { data } = await cut.query('{ ingestRuns { id triggerId source status } }');
      return (data as unknown as { ingestRuns: Record<string, string>[] }).ingestRuns;
    };
    let runRows = 0;
    proxy.cutWhen(({ table }) => table === 'ingest_runs' && ++runRows > 1);
    expect((await cut.query(call)).errors?.[0]?.extensions.code).toBe('STORE_UNAVAILABLE');
    proxy.cutWhen(() => false);
    const [first] = await vi.waitFor(
      async () => {
        const runs = await list();
        expect(runs.map(({ status }) => status).sort()).toEqual(['FAILED', 'SUCCEEDED']);
        return runs.filter(({ status }) => status === 'SUCCEEDED');
      },
      { timeout: 20_000, interval: 200 },
    );
    const { data } = await cut.query(call);
    const { runs } = (data as unknown as { triggerIngest: { runs: Record<string, string>[] } }).triggerIngest;
    expect(runs.map(({ source }) => source).sort()).toEqual(['ads', 'crm']);
    expect(runs.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(runs.map(({ triggerId }) => triggerId)).toEqual([first?.triggerId, first?.triggerId]);
    expect(runs).toContainEqual(first);
    expect((await cut.query(call)).data).toEqual(data);
  });
});

describe('a feed that is not what its source was configured for', () => {
  const day = today;
  const stored = { cost: 100, clicks: 20, leads: 0 };
  const load = async (records: readonly unknown[], input = '') => {
    app.answer({ ads: adsFeed(records) });
    return (await trigger(`sources: ["ads"], wait: true ${input}`))[0];
  };
  const good = [ad(day, 60), ad(day, 40, { campaign_id: 'C-2' })];

  it('fails without a change when no record has the cost any more, in either mode', async () => {
    expect(await load(good)).toMatchObject({ status: 'SUCCEEDED' });
    const renamed = good.map(({ cost, ...rest }) => ({ ...rest, amount_spent: cost }));
    for (const mode of ['REPLACE', 'UPSERT']) {
      const run = await load(renamed, `, mode: ${mode}`);
      expect(run).toMatchObject({ status: 'FAILED', error: { code: 'SOURCE_MALFORMED' } });
      expect(run?.error?.message).toMatch(/figure cost;.*amount_spent.*Nothing was changed\./);
      expect(await totals(day)).toEqual(stored);
    }
  });

  it('succeeds where some record has the cost', async () => {
    const run = await load([ad(day, 60), ad(day, 0, { campaign_id: 'C-2', cost: undefined })]);
    expect(run).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 2 });
  });

  it('fails when every record is rejected', async () => {
    expect(await load([{ nonsense: 1 }, { nonsense: 2 }])).toMatchObject({ status: 'FAILED' });
  });

  it('replaces nothing when more than a tenth of more than 20 records cannot be read', async () => {
    await load(good);
    const many = Array.from({ length: 27 }, (_, index) => ad(day, 1, { campaign_id: `N-${index}` }));
    const wrong = Array.from({ length: 3 }, (_, index) =>
      ad(day, 1, { campaign_id: `W-${index}`, cost: 'x' }),
    );
    const tooMany = [...many.slice(1), ...wrong, ad(day, 1, { campaign_id: 'W-3', cost: 'x' })];
    expect(await load(tooMany)).toMatchObject({ status: 'FAILED', recordsRejected: 4 });
    expect(await totals(day)).toEqual(stored);
    expect(await load([...many, ...wrong])).toMatchObject({ status: 'HELD' });
    expect(await load([...good, ...many, ...wrong])).toMatchObject({ status: 'PARTIAL', error: null });
    expect((await totals(day)).cost).toBe(stored.cost + 27);
  });
});
