import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openMigratedStore, truncateTables } from '../../support/database.ts';
import {
  applyOptions,
  dayOf,
  execute,
  fill,
  nextVersion,
  opportunity,
  opportunityStage,
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
    'SELECT opportunity_id, date, stage_name, amount FROM opportunities FINAL ORDER BY opportunity_id, date',
  );
const upsert = { mode: 'upsert' } as const;

describe('UPSERT', () => {
  it('writes new and different records, and only those', async () => {
    await runStage(opportunityStage(store), [opportunity({}), opportunity({ opportunityId: 'O-2' })], upsert);
    const applied = await runStage(
      opportunityStage(store),
      [
        opportunity({}),
        opportunity({
          opportunityId: 'O-2',
          stage: 'closed_won',
          stageName: 'Won',
          amount: 5,
          extra: '{"a":1}',
        }),
        opportunity({ opportunityId: 'O-3', day: second }),
      ],
      upsert,
    );
    expect(applied).toEqual({
      written: 3,
      changed: 2,
      removed: 0,
      deleted: 0,
      outdated: 0,
      superseded: 0,
      touched: new Set([first, second]),
    });
    expect(
      await rowsOf(
        store,
        'SELECT opportunity_id, stage, amount, extra, source FROM opportunities FINAL ORDER BY ALL',
      ),
    ).toEqual([
      ['O-1', 'lead', 1, '', 'feed'],
      ['O-2', 'closed_won', 5, '{"a":1}', 'feed'],
      ['O-3', 'lead', 1, '', 'feed'],
    ]);
    expect(await rowsOf(store, "SELECT count() FROM opportunities WHERE opportunity_id = 'O-1'")).toEqual([
      [1],
    ]);
  });

  it('moves a record whose day has changed, and back', async () => {
    for (const day of [first, second, first, second]) {
      await runStage(opportunityStage(store), [opportunity({ day })], upsert);
      expect(await rowsOf(store, 'SELECT toUInt16(date) FROM opportunities FINAL')).toEqual([[day]]);
    }
  });

  it('leaves a record that is stored in a newer state, on whatever day; an equal state is written', async () => {
    const at = Date.UTC(2025, 7, 5);
    await runStage(opportunityStage(store), [opportunity({ day: second, updatedAt: at, amount: 1 })], upsert);
    const older = await runStage(
      opportunityStage(store),
      [opportunity({ day: first, updatedAt: at - 1, amount: 2 })],
      upsert,
    );
    expect(older).toMatchObject({ written: 0, outdated: 1, touched: new Set() });
    expect(await stored()).toEqual([['O-1', '2025-08-02', 'New', 1]]);
    for (const amount of [3, 1, 3]) {
      await runStage(opportunityStage(store), [opportunity({ day: second, updatedAt: at, amount })], upsert);
      expect(await stored()).toEqual([['O-1', '2025-08-02', 'New', amount]]);
    }
  });

  it('of several rows with one id the newest counts, and of those the last', async () => {
    const at = Date.UTC(2025, 7, 5);
    const stage = opportunityStage(store, { capacityBytes: 1 });
    await runStage(
      stage,
      [
        opportunity({ updatedAt: at, amount: 2, day: second }),
        opportunity({ updatedAt: at - 1, amount: 1 }),
        opportunity({ opportunityId: 'O-2', amount: 1 }),
        opportunity({ opportunityId: 'O-2', amount: 1 }),
        opportunity({ opportunityId: 'O-2', amount: 5 }),
      ],
      upsert,
    );
    expect(stage.progress().duplicates).toEqual({ identical: 1, conflicting: 2 });
    expect(await stored()).toEqual([
      ['O-1', '2025-08-02', 'New', 2],
      ['O-2', '2025-08-01', 'New', 5],
    ]);
    expect(await rowsOf(store, 'SELECT count() FROM opportunities')).toEqual([[2]]);
  });

  it('brings back what a later REPLACE had deleted, when the feed has it again with its old updated_at', async () => {
    const back = opportunity({ opportunityId: 'back', updatedAt: Date.UTC(2025, 7, 5) });
    await runStage(opportunityStage(store), [back], upsert);
    await runStage(opportunityStage(store), [opportunity({})]);
    expect(await stored()).toHaveLength(1);
    expect(await runStage(opportunityStage(store), [back], upsert)).toMatchObject({ written: 1, changed: 1 });
    expect(await stored()).toHaveLength(2);
  });

  it('leaves other workspaces alone, also their records of the same id', async () => {
    await runStage(opportunityStage(store, { workspace: 'other' }), [opportunity({ amount: 7 })], upsert);
    await runStage(opportunityStage(store), [opportunity({ day: second })], upsert);
    expect(
      await rowsOf(store, 'SELECT workspace, date, amount FROM opportunities FINAL ORDER BY ALL'),
    ).toEqual([
      ['default', '2025-08-02', 1],
      ['other', '2025-08-01', 7],
    ]);
  });
});

describe('what a record is attributed to', () => {
  const attributed = () => rowsOf(store, 'SELECT channel, campaign_id, match FROM opportunities FINAL');
  beforeEach(async () => {
    await runStage(opportunityStage(store), [opportunity({})], upsert);
    expect(await attributed()).toEqual([['', '', 'UNATTRIBUTED']]);
    // As the attribution does, with the record's version.
    await execute(
      store,
      `INSERT INTO opportunities SELECT * REPLACE ('google' AS channel, 'C-1' AS campaign_id, 'EXACT' AS match) FROM opportunities FINAL`,
    );
  });

  it('stays while its day and UTMs stay', async () => {
    await runStage(
      opportunityStage(store),
      [opportunity({ stage: 'closed_won', amount: 9, utmTerm: 'other' })],
      upsert,
    );
    expect(await attributed()).toEqual([['google', 'C-1', 'EXACT']]);
  });

  it.each([
    ['UTM', opportunity({ utmSource: 'bing' })],
    ['day', opportunity({ day: second })],
  ])('is open again when its %s has changed', async (_, record) => {
    await runStage(opportunityStage(store), [record], upsert);
    expect(await attributed()).toEqual([['', '', 'UNATTRIBUTED']]);
  });
});

describe('REPLACE', () => {
  it('deletes the source’s records of the returned days that the feed lacks', async () => {
    const records = ['stays', 'goes', 'moves'].map((opportunityId) => opportunity({ opportunityId }));
    await runStage(
      opportunityStage(store),
      [...records, opportunity({ opportunityId: 'later', day: second + 1 })],
      upsert,
    );
    await runStage(
      opportunityStage(store, { source: 'push' }),
      [opportunity({ opportunityId: 'pushed' })],
      upsert,
    );
    const applied = await runStage(opportunityStage(store), [
      opportunity({ opportunityId: 'stays' }),
      opportunity({ opportunityId: 'moves', day: second }),
    ]);
    expect(applied).toEqual({
      written: 2,
      changed: 1,
      removed: 1,
      deleted: 0,
      outdated: 0,
      superseded: 0,
      touched: new Set([first, second]),
    });
    expect(await stored()).toEqual([
      ['later', '2025-08-03', 'New', 1],
      ['moves', '2025-08-02', 'New', 1],
      ['pushed', '2025-08-01', 'New', 1],
      ['stays', '2025-08-01', 'New', 1],
    ]);
  });

  it('wins over its own newer state, but not over what was pushed since', async () => {
    const version = nextVersion();
    await runStage(opportunityStage(store), [opportunity({ amount: 8 })], upsert);
    await runStage(
      opportunityStage(store, { source: 'push' }),
      [opportunity({ opportunityId: 'O-2', amount: 9 })],
      upsert,
    );
    const applied = await runStage(opportunityStage(store, { version }), [
      opportunity({ day: second, amount: 2 }),
      opportunity({ opportunityId: 'O-2', amount: 2 }),
    ]);
    expect(applied).toMatchObject({ written: 1, outdated: 1 });
    expect(await stored()).toEqual([
      ['O-1', '2025-08-02', 'New', 2],
      ['O-2', '2025-08-01', 'New', 9],
    ]);
  });
});

it('a record that a crash has left on two days is on one day after the next run', async () => {
  await runStage(opportunityStage(store), [opportunity({})], upsert);
  await execute(
    store,
    `INSERT INTO opportunities SELECT * REPLACE (toDate('2025-08-05') AS date) FROM opportunities FINAL`,
  );
  expect(await stored()).toHaveLength(2);
  await runStage(opportunityStage(store), [opportunity({})], upsert);
  expect(await stored()).toEqual([['O-1', '2025-08-01', 'New', 1]]);
});

it('skipDays are left as they are: neither written to nor moved away from', async () => {
  await runStage(
    opportunityStage(store),
    [opportunity({}), opportunity({ opportunityId: 'O-2', day: second })],
    upsert,
  );
  const applied = await runStage(
    opportunityStage(store),
    [
      opportunity({ amount: 2 }),
      opportunity({ opportunityId: 'O-3' }),
      opportunity({ opportunityId: 'O-2', amount: 5, day: second }),
      opportunity({ opportunityId: 'O-4', day: second }),
    ],
    { skipDays: new Set([first]) },
  );
  expect(applied).toMatchObject({ written: 2, superseded: 2, touched: new Set([second]) });
  const moved = await runStage(opportunityStage(store), [opportunity({ day: second })], {
    ...upsert,
    skipDays: new Set([first]),
  });
  expect(moved).toMatchObject({ written: 0, superseded: 1, touched: new Set() });
  expect(await stored()).toEqual([
    ['O-1', '2025-08-01', 'New', 1],
    ['O-2', '2025-08-02', 'New', 5],
    ['O-4', '2025-08-02', 'New', 1],
  ]);
});

it('changes() says what apply() then does, and writes nothing', async () => {
  const ids = ['same', 'changes', 'moves', 'goes'];
  await runStage(
    opportunityStage(store),
    ids.map((opportunityId) => opportunity({ opportunityId })),
    upsert,
  );
  const before = await stored();
  const stage = opportunityStage(store);
  await fill(stage, [
    opportunity({ opportunityId: 'same' }),
    opportunity({ opportunityId: 'changes', amount: 2 }),
    opportunity({ opportunityId: 'moves', day: second }),
    opportunity({ opportunityId: 'comes', day: second }),
  ]);
  const none = { costBefore: 0, costAfter: 0 };
  expect(await stage.changes({ mode: 'replace' })).toEqual([
    { day: first, added: 0, changed: 1, removed: 2, ...none },
    { day: second, added: 2, changed: 0, removed: 0, ...none },
  ]);
  expect(await stage.changes(upsert)).toEqual([
    { day: first, added: 0, changed: 1, removed: 1, ...none },
    { day: second, added: 2, changed: 0, removed: 0, ...none },
  ]);
  expect(await stored()).toEqual(before);
  expect(await stage.apply(applyOptions())).toMatchObject({ written: 4, changed: 3, removed: 1 });
  await stage.discard();
  expect(await rowsOf(store, 'SELECT count() FROM planned_opportunities')).toEqual([[0]]);
});

it('400 days in shuffled order are one part a day', async () => {
  const records = Array.from({ length: 2_000 }, (_, index) =>
    opportunity({ opportunityId: `O-${index}`, day: first + ((index * 7) % 400) }),
  );
  await execute(store, 'SYSTEM STOP MERGES opportunities');
  await runStage(opportunityStage(store, { capacityBytes: 10_000 }), records, upsert);
  const parts = await partsOf(store, 'opportunities');
  expect(parts).toHaveLength(400);
  expect(parts.every(({ parts, rows }) => parts === 1 && rows === 5)).toBe(true);
});
