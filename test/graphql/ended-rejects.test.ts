import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jsonRow } from '../../src/clickhouse/json-row.ts';
import { sql } from '../../src/clickhouse/sql.ts';
import { withHistory } from '../../src/ingest/rejects/earlier-rejects.ts';
import { rejectColumns, toRejectRow } from '../../src/ingest/rejects/reject-row.ts';
import { createRejectWriter } from '../../src/ingest/rejects/reject-writer.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { ask } from '../support/explore-data.ts';
import { emptyTables, eventually } from '../support/push-records.ts';

const auditStatement = sql`SELECT details FROM audit_log WHERE action = 'dismissRejectedRecords' AND details LIKE '%"dismissed":%'`;

interface Node {
  readonly id: string;
  readonly runId: string;
  readonly record: string;
  readonly state: string;
  readonly times: number;
  readonly rejectedAt: string;
  readonly firstRejectedAt: string;
  readonly settledAt: string | null;
  readonly settledBy: string | null;
}

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { EVENT_RETENTION_DAYS: '20000' } });
});
afterAll(() => app.close());
beforeEach(() => emptyTables(app.store));

const ad = (campaign: string, rest: Record<string, unknown> = {}) => ({
  date: '2025-08-01',
  campaign_id: campaign,
  channel: 'meta',
  clicks: 1,
  cost: 2.5,
  ...rest,
});
const listed = async (where = ''): Promise<readonly Node[]> =>
  (
    await ask<{ nodes: Node[] }>(
      app,
      `rejectedRecords(first: 1000, where: { ${where} }) { nodes { id runId record state times rejectedAt firstRejectedAt settledAt settledBy } }`,
    )
  ).nodes;
const pull = async (feed: readonly unknown[], input = 'sources: ["ads"], mode: UPSERT'): Promise<string> => {
  app.answer({ ads: adsFeed(feed), crm: crmFeed(feed) });
  const [run] = await app.pull(`, ${input}`);
  return String(run?.id);
};
const push = async (path: string, body: readonly unknown[]): Promise<void> => {
  const response = await fetch(`${app.url}/ingest/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(await response.json()).toMatchObject({ stored: true });
};
const mutate = async (document: string): Promise<Record<string, unknown>> => {
  const { data, errors } = await app.query(`mutation { ${document} }`);
  if (errors) throw new Error(errors[0]?.message);
  return data ?? {};
};

describe('a rejected record', () => {
  it('is one while run after run rejects it, with how often and since when', async () => {
    const first = await pull([ad('C-1', { clicks: 'x' }), ad('C-2', { date: 'x' }), ad('C-3')]);
    const before = await listed();
    expect(before).toMatchObject([
      { runId: first, times: 1 },
      { runId: first, times: 1 },
    ]);
    // What is known by its key may change beside it; what is not, by its text.
    const second = await pull([ad('C-1', { clicks: 'y' }), ad('C-2', { date: 'x' }), ad('C-3')]);
    const third = await pull([ad('C-1', { clicks: 'z' }), ad('C-2', { date: 'x' }), ad('C-3')]);
    const open = await listed();
    expect(open).toMatchObject([
      { runId: third, times: 3 },
      { runId: third, times: 3 },
    ]);
    expect(open.map(({ firstRejectedAt }) => firstRejectedAt).sort()).toEqual(
      before.map(({ rejectedAt }) => rejectedAt).sort(),
    );
    expect(open.filter(({ record }) => record.includes('"z"'))).toHaveLength(1);
    expect(await listed('state: [OPEN, RESOLVED, DISMISSED]')).toHaveLength(2);
    const runs = await ask<{ id: string; recordsRejected: number; recordsRejectedOpen: number }[]>(
      app,
      'ingestRuns(source: "ads", first: 3) { id recordsRejected recordsRejectedOpen }',
    );
    expect(runs).toEqual([
      { id: third, recordsRejected: 2, recordsRejectedOpen: 2 },
      { id: second, recordsRejected: 2, recordsRejectedOpen: 0 },
      { id: first, recordsRejected: 2, recordsRejectedOpen: 0 },
    ]);
  });

  it('that a feed has twice is there twice, and so it stays', async () => {
    const twice = [ad('C-1', { date: 'x' }), ad('C-1', { date: 'x' }), ad('C-2')];
    await pull(twice);
    const second = await pull(twice);
    const one = { runId: second, times: 2 };
    expect(await listed()).toMatchObject([one, one]);
  });

  it('is resolved by the run that stores its key, and counts no more', async () => {
    await pull([ad('C-1', { clicks: 'x' }), ad('C-2', { clicks: 'x' })]);
    const failed = await pull([ad('C-9', { date: 'x' })]);
    const mended = await pull([ad('C-1')]);
    expect((await listed()).map(({ runId, record }) => [runId === failed, record.includes('C-2')])).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(await listed('state: RESOLVED')).toMatchObject([
      {
        state: 'RESOLVED',
        record: expect.stringContaining('C-1'),
        settledBy: mended,
        settledAt: expect.any(String),
      },
    ]);
    const quality = await ask(
      app,
      'dataQuality(dateRange: { last: { count: 1, unit: DAY, includeToday: true } }) { rejectedRecords { reason count } }',
    );
    expect(quality).toEqual({
      rejectedRecords: [
        { reason: 'invalid_date', count: 1 },
        { reason: 'invalid_number', count: 1 },
      ],
    });
  });

  it('stays open where the key is not stored: in a dry run, a held one, or beside another row of its feed', async () => {
    await pull([ad('C-1', { clicks: 'x' })]);
    await pull([ad('C-1')], 'sources: ["ads"], dryRun: true');
    expect(await listed()).toHaveLength(1);
    const both = await pull([ad('C-1', { clicks: 'x' }), ad('C-1')]);
    expect(await listed()).toMatchObject([{ runId: both }]);
  });

  it('of a CRM is resolved by its id, whatever was wrong', async () => {
    const deal = { opportunity_id: 'O-1', created_at: '2025-08-01T10:00:00Z', stage: 'lead' };
    const crm = 'sources: ["crm"]';
    await pull(
      [
        { ...deal, created_at: 'x' },
        { ...deal, opportunity_id: 'O-2', amount: 'x' },
      ],
      crm,
    );
    // Another id, that of the source's namespace.
    await push('opportunities', [deal]);
    expect(await listed()).toHaveLength(2);
    await push('opportunities?namespace=crm', [deal]);
    expect((await listed()).map(({ record }) => record)).toEqual([expect.stringContaining('O-2')]);
    await pull([{ ...deal, opportunity_id: 'O-2' }], crm);
    expect(await listed()).toEqual([]);
  });

  it.each([
    ['few', 0],
    ['many, past the buffer', 1_200],
  ])('is resolved by pushes of its key: %s', async (_, more) => {
    const beside = Array.from({ length: more }, (__, index) => ad(`D-${index}`));
    await push('ad-performance', [ad('C-1', { clicks: 'x' }), ad('C-2', { clicks: 'x' }), ...beside]);
    await push('ad-performance', [ad('C-1'), ...beside]);
    expect((await listed()).map(({ record }) => record)).toEqual([expect.stringContaining('C-2')]);
    expect(await listed('state: RESOLVED')).toMatchObject([{ record: expect.stringContaining('C-1') }]);
    await push('events', [{ event_id: 'E-1', timestamp: 'x' }]);
    await push('events', [{ event_id: 'E-1' }]);
    expect(await listed('kind: EVENT')).toEqual([]);
    // One that comes after it is not.
    await push('ad-performance', [ad('C-1', { clicks: 'x' }), ...beside]);
    expect(await listed('kind: AD_PERFORMANCE')).toHaveLength(2);
  });

  it('is resolved by retryRejectedRecords', async () => {
    await pull([ad('C-1', { clicks: 'x' })]);
    await mutate(
      'retryRejectedRecords(input: { where: { source: "ads" }, patch: { clicks: 1 } }) { accepted }',
    );
    expect(await listed()).toEqual([]);
    expect(await listed('state: RESOLVED')).toMatchObject([
      { settledBy: 'anonymous', settledAt: expect.any(String) },
    ]);
  });

  it('is as it was after each step that broke off, and the next run goes on from there', async () => {
    const { store } = app;
    const [oldest, older, newest] = [uuidv7(), uuidv7(), uuidv7()] as const;
    const row = (runId: string) =>
      toRejectRow(
        {
          workspace: 'default',
          runId,
          position: 1,
          line: 1,
          source: 'ads',
          kind: 'ad_performance',
          requestId: 'r',
          record: { a: 1 },
          reject: { reason: 'invalid_date', field: 'date', detail: '' },
        },
        Date.now(),
      );
    const write = async (runId: string): Promise<void> => {
      const run = { id: runId, workspace: 'default', source: 'ads', requestId: 'r' };
      const writer = createRejectWriter({ store, run, kind: 'ad_performance', now: () => Date.now() });
      writer.add(1, { a: 1 }, { reason: 'invalid_date', field: 'date', detail: '' });
      await writer.send(true);
    };
    await write(oldest);
    // Killed before the earlier one went.
    const { rows } = await withHistory(store, [row(older)], 'r');
    await store.insert('rejected_records', rejectColumns, 'JSONEachRow', rows.map(jsonRow), {
      changesAnswersOf: ['default'],
    });
    expect(await listed()).toHaveLength(2);
    // The same run, begun again.
    await write(older);
    expect(await listed()).toMatchObject([{ runId: older, times: 2 }]);
    await write(newest);
    expect(await listed()).toMatchObject([{ runId: newest, times: 3 }]);
    // An older run that ends late takes nothing from a newer one.
    await write(older);
    expect((await listed()).some(({ runId }) => runId === newest)).toBe(true);
  });
});

describe('dismissRejectedRecords', () => {
  const dismiss = async (input: string): Promise<unknown> =>
    (
      (await mutate(`dismissRejectedRecords(input: { ${input} }) { dismissed }`)).dismissRejectedRecords as {
        dismissed: number;
      }
    ).dismissed;

  it('ends those of ids, of a filter, or of both; repeats find nothing to do', async () => {
    await push('events', [{ timestamp: 'x' }, { timestamp: 'y' }, { timestamp: 'z' }]);
    const run = await pull([ad('C-1', { clicks: 'x' }), ad('C-2', { date: 'x' })]);
    const [one, two] = (await listed('source: "push"')).map(({ id }) => id);
    expect(await dismiss(`ids: ["${one}"], where: { source: "ads" }`)).toBe(0);
    expect(await dismiss(`ids: ["${one}", "${two}"]`)).toBe(2);
    expect(await dismiss(`where: { runId: "${run}", reason: "invalid_date" }`)).toBe(1);
    expect(await dismiss(`where: { runId: "${run}", reason: "invalid_date" }`)).toBe(0);
    expect(await listed()).toHaveLength(2);
    expect(await listed('state: DISMISSED, source: "ads"')).toMatchObject([
      { runId: run, state: 'DISMISSED', settledBy: 'anonymous', record: expect.stringContaining('C-2') },
    ]);
    expect(
      await mutate(
        `retryRejectedRecords(input: { ids: ["${one}"], patch: { timestamp: null } }) { accepted records { reason } }`,
      ),
    ).toEqual({ retryRejectedRecords: { accepted: 0, records: [{ reason: 'not_found' }] } });
    await eventually(async () => {
      const { rows } = await app.store.read(auditStatement);
      return rows.length === 4;
    });
    const again = await pull([ad('C-2', { date: 'x' })]);
    expect(await listed('source: "ads"')).toContainEqual(expect.objectContaining({ runId: again, times: 1 }));
  });

  it.each([
    ['', /give ids, or where with a condition/],
    ['where: {}', /give ids, or where with a condition/],
    ['ids: []', /between 1 and 1000 ids/],
    ['ids: ["x"]', /no id of a rejected record/],
    ['where: { state: DISMISSED, source: "ads" }', /only open records can be changed/],
  ])('says what is wrong with { %s }', async (input, message) => {
    await expect(dismiss(input)).rejects.toThrow(message);
  });
});
