import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Sql } from '../../../src/clickhouse/sql.ts';
import { dropStaleStages, pushStageId } from '../../../src/ingest/storage/staged-rows.ts';
import type { Day } from '../../../src/records/day.ts';
import { openMigratedStore, truncateTables } from '../../support/database.ts';
import {
  ad,
  adsStage,
  applyOptions,
  dayOf,
  fill,
  nextVersion,
  partsOf,
  rowsOf,
  runStage,
} from './support.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeAll(async () => {
  store = await openMigratedStore();
});
afterEach(() => truncateTables(store));
afterAll(() => store.drop());

const first = dayOf('2025-08-01');
const second = dayOf('2025-08-02');
const stored = () =>
  rowsOf(
    store,
    'SELECT date, campaign_id, cost, source, extra FROM ad_performance FINAL ORDER BY date, campaign_id, source',
  );

describe('REPLACE', () => {
  it('makes a returned day what the feed says: new, changed and missing rows', async () => {
    await runStage(adsStage(store), [
      ad({ campaignId: 'same' }),
      ad({ campaignId: 'changes' }),
      ad({ campaignId: 'goes' }),
    ]);
    const applied = await runStage(adsStage(store), [
      ad({ campaignId: 'same' }),
      ad({ campaignId: 'changes', cost: 7, extra: '{"a":1}' }),
      ad({ campaignId: 'comes' }),
    ]);
    expect(applied).toEqual({
      written: 3,
      changed: 2,
      removed: 1,
      outdated: 0,
      superseded: 0,
      touched: new Set([first]),
    });
    expect(await stored()).toEqual([
      ['2025-08-01', 'changes', 7, 'feed', '{"a":1}'],
      ['2025-08-01', 'comes', 1, 'feed', ''],
      ['2025-08-01', 'same', 1, 'feed', ''],
    ]);
  });

  it('writes nothing when nothing differs', async () => {
    const records = [ad({}), ad({ campaignId: 'C-2', day: second })];
    await runStage(adsStage(store), records);
    const marked: number[] = [];
    const applied = await runStage(adsStage(store), records, {
      onDays: async (days) => void marked.push(...days),
    });
    expect(applied).toMatchObject({ written: 2, changed: 0, touched: new Set() });
    expect(marked).toEqual([]);
    expect(await partsOf(store, 'ad_performance')).toEqual([
      { partition: '2025-08-01', parts: 1, rows: 1 },
      { partition: '2025-08-02', parts: 1, rows: 1 },
    ]);
  });

  it('leaves alone days that the feed returned nothing of, other workspaces, and other sources’ rows', async () => {
    await runStage(adsStage(store), [ad({ campaignId: 'gone' }), ad({ day: second })]);
    await runStage(adsStage(store, { workspace: 'other' }), [ad({ campaignId: 'theirs' })]);
    await runStage(adsStage(store, { source: 'push' }), [ad({ campaignId: 'pushed' })], { mode: 'upsert' });
    await runStage(adsStage(store), [ad({})]);
    expect(
      await rowsOf(
        store,
        'SELECT workspace, date, campaign_id FROM ad_performance FINAL ORDER BY workspace, date, campaign_id',
      ),
    ).toEqual([
      ['default', '2025-08-01', 'C-1'],
      ['default', '2025-08-01', 'pushed'],
      ['default', '2025-08-02', 'C-1'],
      ['other', '2025-08-01', 'theirs'],
    ]);
  });

  it('takes a corrected UTM as another row: the old one goes, so that its cost does not count twice', async () => {
    await runStage(adsStage(store), [ad({ utmCampaign: 'typo', cost: 5 })]);
    await runStage(adsStage(store), [ad({ utmCampaign: 'right', cost: 5 })]);
    expect(await rowsOf(store, 'SELECT utm_campaign, cost FROM ad_performance FINAL')).toEqual([
      ['right', 5],
    ]);
  });

  it('does not ask for updated_at: the day is what the source says now', async () => {
    await runStage(adsStage(store), [ad({ cost: 1, updatedAt: Date.UTC(2025, 7, 9) })]);
    await runStage(adsStage(store), [ad({ cost: 2, updatedAt: Date.UTC(2025, 7, 5) })]);
    expect(await stored()).toMatchObject([['2025-08-01', 'C-1', 2, 'feed', '']]);
  });

  it('wins over its own rows even when their version is higher, after a clock was set back', async () => {
    const version = nextVersion();
    await runStage(adsStage(store, { version }), [ad({ cost: 1 }), ad({ campaignId: 'goes' })]);
    await runStage(adsStage(store, { version: version - 500_000 }), [ad({ cost: 2 })]);
    expect(await stored()).toMatchObject([['2025-08-01', 'C-1', 2, 'feed', '']]);
  });

  it('leaves a row that somebody pushed after the run had begun', async () => {
    const version = nextVersion();
    await runStage(adsStage(store, { source: 'push' }), [ad({ cost: 9 })], { mode: 'upsert' });
    const applied = await runStage(adsStage(store, { version }), [ad({ cost: 2 })]);
    expect(applied).toMatchObject({ written: 0, outdated: 1 });
    expect(await stored()).toMatchObject([['2025-08-01', 'C-1', 9, 'push', '']]);
  });

  it('goes from A to B and back to A', async () => {
    for (const cost of [1, 2, 1, 2, 1]) {
      await runStage(adsStage(store), [ad({ cost })]);
      expect(await stored()).toMatchObject([['2025-08-01', 'C-1', cost, 'feed', '']]);
    }
  });
});

describe('UPSERT', () => {
  it('deletes nothing', async () => {
    await runStage(adsStage(store), [ad({ campaignId: 'a' })], { mode: 'upsert' });
    await runStage(adsStage(store), [ad({ campaignId: 'b' })], { mode: 'upsert' });
    expect(await stored()).toHaveLength(2);
  });

  it('goes by updated_at: an older state is outdated, an equal one with other content is written', async () => {
    const at = Date.UTC(2025, 7, 5);
    const run = (cost: number, updatedAt: number) =>
      runStage(adsStage(store), [ad({ cost, updatedAt })], { mode: 'upsert' });
    await run(1, at);
    expect(await run(2, at - 1)).toMatchObject({ written: 0, outdated: 1 });
    expect(await stored()).toMatchObject([['2025-08-01', 'C-1', 1, 'feed', '']]);
    expect(await run(3, at)).toMatchObject({ written: 1, changed: 1 });
    expect(await stored()).toMatchObject([['2025-08-01', 'C-1', 3, 'feed', '']]);
    expect(await run(1, at)).toMatchObject({ written: 1, changed: 1 });
    expect(await stored()).toMatchObject([['2025-08-01', 'C-1', 1, 'feed', '']]);
  });

  it('brings back what a later REPLACE had deleted, when the feed has it again with its old updated_at', async () => {
    const old = ad({ campaignId: 'back', updatedAt: Date.UTC(2025, 7, 5) });
    await runStage(adsStage(store), [old], { mode: 'upsert' });
    await runStage(adsStage(store), [ad({})]);
    expect(await stored()).toHaveLength(1);
    const applied = await runStage(adsStage(store), [old], { mode: 'upsert' });
    expect(applied).toMatchObject({ written: 1, changed: 1 });
    expect(await stored()).toHaveLength(2);
  });
});

describe('rows of one feed with one key', () => {
  it('are one, the last, however far apart; identical and conflicting ones are counted', async () => {
    const stage = adsStage(store, { capacityBytes: 1 });
    await runStage(stage, [
      ad({ cost: 1 }),
      ad({ cost: 2 }),
      ad({ campaignId: 'twice' }),
      ad({ cost: 2 }),
      ad({ campaignId: 'twice' }),
      ad({ cost: 3 }),
      ad({ day: second }),
    ]);
    expect(stage.progress()).toMatchObject({ staged: 7, duplicates: { identical: 2, conflicting: 2 } });
    expect(await rowsOf(store, 'SELECT date, campaign_id, cost FROM ad_performance ORDER BY ALL')).toEqual([
      ['2025-08-01', 'C-1', 3],
      ['2025-08-01', 'twice', 1],
      ['2025-08-02', 'C-1', 1],
    ]);
  });

  const hourly = [
    ad({ clicks: 1, cost: 0.1, extra: '{"hour":0,"device":"phone"}' }),
    ad({ clicks: 2, cost: 0.2, extra: '{"hour":1,"device":"phone"}' }),
    // With the figures of another hour: spend all the same.
    ad({ clicks: 2, cost: 0.2, extra: '{"hour":2,"device":"phone"}' }),
    ad({ day: second, clicks: 5, cost: 3 }),
  ];

  it('are added up where the source says so, once whatever is repeated', async () => {
    const summed = [
      ['2025-08-01', 'C-1', 5, 0.5],
      ['2025-08-02', 'C-1', 5, 3],
    ];
    const rows = () =>
      rowsOf(store, 'SELECT date, campaign_id, clicks, cost FROM ad_performance FINAL ORDER BY date');
    for (const mode of ['replace', 'upsert'] as const) {
      const stage = adsStage(store, { duplicates: 'sum', capacityBytes: 1 });
      await fill(stage, hourly);
      // What a run that could not write does again.
      expect(await stage.changes({ mode })).toHaveLength(mode === 'replace' ? 2 : 0);
      const applied = await stage.apply(applyOptions({ mode }));
      expect(applied).toMatchObject({ written: 2, changed: mode === 'replace' ? 2 : 0 });
      expect(await stage.apply(applyOptions({ mode }))).toMatchObject({ changed: 0 });
      expect(stage.progress()).toMatchObject({
        staged: 4,
        duplicates: { identical: 0, conflicting: 0, summed: 2 },
      });
      await stage.discard();
      expect(await rows()).toEqual(summed);
    }
  });

  it('change nothing where they are a mistake, and the error says in what they differ', async () => {
    await runStage(adsStage(store), [ad({ cost: 9 })]);
    const before = await stored();
    const stage = adsStage(store, { duplicates: 'fail' });
    await fill(stage, hourly);
    await expect(stage.apply(applyOptions())).rejects.toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringMatching(
        /^The feed of source feed has \d rows with the key .* campaign C-1 on 2025-08-01; they differ in hour, clicks, cost\. Say with `duplicates`/,
      ),
    });
    expect(await stored()).toEqual(before);
  });

  it('are no mistake where they are identical, or say that they are states of one row', async () => {
    const records = [
      ad({ cost: 1 }),
      ad({ cost: 1 }),
      ad({ campaignId: 'restated', cost: 1, updatedAt: Date.UTC(2025, 7, 5) }),
      ad({ campaignId: 'restated', cost: 2, updatedAt: Date.UTC(2025, 7, 9) }),
    ];
    expect(await runStage(adsStage(store, { duplicates: 'fail' }), records)).toMatchObject({ written: 2 });
  });

  it('also where the day holds rows already', async () => {
    await runStage(adsStage(store), [ad({ cost: 9 })]);
    const applied = await runStage(adsStage(store), [ad({ cost: 1 }), ad({ cost: 2 })]);
    expect(applied).toMatchObject({ written: 1, changed: 1 });
    expect(await stored()).toMatchObject([['2025-08-01', 'C-1', 2, 'feed', '']]);
  });

  it('with UPSERT the newest by updated_at counts, with REPLACE the last', async () => {
    const records = [
      ad({ cost: 1, updatedAt: Date.UTC(2025, 7, 9) }),
      ad({ cost: 2, updatedAt: Date.UTC(2025, 7, 5) }),
    ];
    await runStage(adsStage(store), records, { mode: 'upsert' });
    expect(await stored()).toMatchObject([['2025-08-01', 'C-1', 1, 'feed', '']]);
    await runStage(adsStage(store), records);
    expect(await stored()).toMatchObject([['2025-08-01', 'C-1', 2, 'feed', '']]);
  });
});

it('changes() says what apply() then does, and writes nothing', async () => {
  await runStage(adsStage(store), [
    ad({ campaignId: 'same', cost: 10 }),
    ad({ campaignId: 'changes', cost: 20 }),
    ad({ campaignId: 'goes', cost: 40 }),
    ad({ day: second, campaignId: 'same', cost: 5 }),
  ]);
  await runStage(adsStage(store, { source: 'push' }), [ad({ campaignId: 'pushed', cost: 100 })], {
    mode: 'upsert',
  });
  const before = await stored();
  const records = [
    ad({ campaignId: 'same', cost: 10 }),
    ad({ campaignId: 'changes', cost: 20.5 }),
    ad({ campaignId: 'comes', cost: 1.25 }),
    ad({ day: second, campaignId: 'same', cost: 5 }),
    ad({ day: second + 1, cost: 3 }),
  ];
  const stage = adsStage(store);
  await fill(stage, records);
  expect(await stage.changes({ mode: 'replace' })).toEqual([
    { day: first, added: 1, changed: 1, removed: 1, costBefore: 70, costAfter: 31.75 },
    { day: second + 1, added: 1, changed: 0, removed: 0, costBefore: 0, costAfter: 3 },
  ]);
  expect(await stage.changes({ mode: 'upsert' })).toEqual([
    { day: first, added: 1, changed: 1, removed: 0, costBefore: 70, costAfter: 71.75 },
    { day: second + 1, added: 1, changed: 0, removed: 0, costBefore: 0, costAfter: 3 },
  ]);
  expect(await stage.changes({ mode: 'replace', skipDays: new Set([first, second + 1]) })).toEqual([]);
  expect(await stored()).toEqual(before);
  expect(await stage.apply(applyOptions())).toMatchObject({ written: 5, changed: 3, removed: 1 });
});

it('skipDays are left as they are, and their records counted', async () => {
  await runStage(adsStage(store), [ad({ cost: 1 })]);
  const applied = await runStage(
    adsStage(store),
    [ad({ cost: 2 }), ad({ campaignId: 'C-2' }), ad({ campaignId: 'C-2' }), ad({ day: second })],
    { skipDays: new Set([first]) },
  );
  expect(applied).toMatchObject({ written: 1, superseded: 2, touched: new Set([second]) });
  expect(await stored()).toMatchObject([
    ['2025-08-01', 'C-1', 1, 'feed', ''],
    ['2025-08-02', 'C-1', 1, 'feed', ''],
  ]);
});

it('days are announced before their rows are written', async () => {
  await runStage(adsStage(store), [ad({ cost: 1 })]);
  const announced = new Map<Day, unknown>();
  await runStage(adsStage(store), [ad({ cost: 2 }), ad({ day: second, cost: 2 })], {
    onDays: async (days) => {
      for (const day of days) {
        const statement = `SELECT count() FROM ad_performance WHERE cost = 2 AND date = toDate(${day})`;
        announced.set(day, await rowsOf(store, statement));
      }
    },
  });
  expect(announced).toEqual(
    new Map([
      [first, [[0]]],
      [second, [[0]]],
    ]),
  );
});

it('a cancelled apply stops between statements: no day is half written', async () => {
  const cancel = new AbortController();
  const records = Array.from({ length: 200 }, (_, index) => ad({ day: first + index }));
  const stage = adsStage(store);
  await fill(stage, records);
  let announced = 0;
  await expect(
    stage.apply(
      applyOptions({
        signal: cancel.signal,
        onDays: async () => {
          announced += 1;
          if (announced === 3) cancel.abort();
        },
      }),
    ),
  ).rejects.toThrow();
  const [[days] = []] = await rowsOf(store, 'SELECT uniqExact(date) FROM ad_performance');
  expect(days).toBeGreaterThan(0);
  expect(days).toBeLessThan(200);
  // The same stage goes on where it was.
  expect(await stage.apply(applyOptions())).toMatchObject({ written: 200 });
});

it('an empty feed changes nothing', async () => {
  await runStage(adsStage(store), [ad({})]);
  const applied = await runStage(adsStage(store), []);
  expect(applied).toMatchObject({ written: 0, removed: 0, touched: new Set() });
  expect(await stored()).toHaveLength(1);
});

it('a row with long texts is staged whole', async () => {
  const extra = JSON.stringify({ text: 'é'.repeat(200_000) });
  await runStage(adsStage(store), [ad({ extra }), ad({ campaignId: 'C-2' })]);
  expect(await rowsOf(store, 'SELECT campaign_id, length(extra) FROM ad_performance ORDER BY ALL')).toEqual([
    ['C-1', Buffer.byteLength(extra)],
    ['C-2', 0],
  ]);
});

describe('staged rows', () => {
  const staged = () => rowsOf(store, 'SELECT run_id, count() FROM staged_ad_performance GROUP BY run_id');

  it('are gone after discard', async () => {
    const stage = adsStage(store);
    await fill(stage, [ad({})]);
    expect(await staged()).toHaveLength(1);
    await stage.discard();
    expect(await staged()).toEqual([]);
  });

  it('of an earlier attempt of the same run do not count', async () => {
    const runId = '0198a000-0000-7000-8000-000000000001';
    await fill(adsStage(store, { runId }), [ad({ campaignId: 'old' }), ad({ campaignId: 'older' })]);
    await runStage(adsStage(store, { runId }), [ad({ campaignId: 'new' })]);
    expect(await stored()).toMatchObject([['2025-08-01', 'new', 1, 'feed', '']]);
  });

  it('of an earlier attempt are not written by a statement of it that still goes on', async () => {
    const runId = '0198a000-0000-7000-8000-000000000002';
    const lingering = store
      .command(
        new Sql(
          [
            `INSERT INTO ad_performance (date, campaign_id, version, channel) SELECT '2025-08-01', 'late', 1, toString(sleepEachRow(0.2)) FROM numbers(30)`,
          ],
          [],
        ),
        { queryIdPrefix: `${runId}.`, settings: { max_block_size: '1' }, changesAnswersOf: [] },
      )
      .catch((error: unknown) => error);
    const running = `SELECT count() FROM system.processes WHERE startsWith(query_id, '${runId}')`;
    await expect.poll(() => rowsOf(store, running), { interval: 10 }).toEqual([[1]]);
    await runStage(adsStage(store, { runId }), [ad({})]);
    // Not to be repeated: it was ended on purpose.
    expect(await lingering).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false });
    expect(await stored()).toMatchObject([['2025-08-01', 'C-1', 1, 'feed', '']]);
  });

  it('of runs and own pushes that are over are dropped at the start, those of others are not', async () => {
    const [dead, alive] = ['0198a000-0000-7000-8000-00000000000d', '0198a000-0000-7000-8000-00000000000a'];
    for (const runId of [dead, alive]) await fill(adsStage(store, { runId }), [ad({})]);
    const [own, other] = [pushStageId('this process'), pushStageId('another')];
    for (const runId of [own, other]) await fill(adsStage(store, { runId }), [ad({})]);
    await dropStaleStages(store, 'this process', async () => new Set([alive]));
    expect((await staged()).map(([id]) => id).sort()).toEqual([alive, other].sort());
  });
});
