import { Mutex } from 'async-mutex';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Store } from '../../src/clickhouse/store.ts';
import { createOwners } from '../../src/ingest/ownership/owners.ts';
import { createDayMerger } from '../../src/ingest/storage/merge-days.ts';
import type { Source } from '../../src/sources/source.ts';
import { openMigratedStore, silent, truncateTables } from '../support/database.ts';
import {
  ad,
  adsStage,
  dayOf,
  execute,
  opportunity,
  opportunityStage,
  rowsOf,
  runStage,
} from './storage/support.ts';

// Many runs, one after the other.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeAll(async () => {
  store = await openMigratedStore();
});
afterEach(() => truncateTables(store));
afterAll(() => store.drop());

const upsert = { mode: 'upsert' } as const;
const first = dayOf('2025-08-01');

type Named = Partial<Pick<Source, 'kind' | 'workspace' | 'namespace' | 'formerly'>> & { name: string };
const source = (named: Named): Source =>
  ({
    kind: 'opportunity',
    workspace: 'default',
    namespace: named.namespace ?? named.name,
    formerly: [],
    ...named,
  }) as Source;

/** What the program does at its start with these sources, on a store that may fail. */
async function settle(sources: readonly Source[], on: Store = store): Promise<void> {
  const merger = createDayMerger({ store, logger: silent });
  const owners = createOwners({
    store: on,
    sources: () => sources,
    lock: new Mutex(),
    merger,
    clock: { now: () => 0 },
    logger: silent,
  });
  try {
    await owners.settle();
  } finally {
    await merger.stop();
    await owners.stop();
  }
}

const stored = () =>
  rowsOf(
    store,
    `SELECT opportunity_id, toString(date), amount, source, namespace, channel FROM opportunities FINAL ORDER BY ALL`,
  );

/** Rows as they were stored before there were namespaces. */
async function storeAsBefore(): Promise<void> {
  const rows = [
    opportunity({ opportunityId: '101', amount: 10 }),
    opportunity({ opportunityId: '102', amount: 20, day: first + 1 }),
  ];
  await runStage(opportunityStage(store, { source: 'crm', namespace: '' }), rows, upsert);
  const pushed = [opportunity({ opportunityId: '103', amount: 30 })];
  await runStage(opportunityStage(store, { source: 'push', namespace: '' }), pushed, upsert);
  await execute(
    store,
    `INSERT INTO opportunities SELECT * REPLACE ('google' AS channel) FROM opportunities FINAL WHERE source = 'crm'`,
  );
}

describe('rows from before there were namespaces', () => {
  it('are those of their sources, and updated in place', async () => {
    await storeAsBefore();
    const expected = [
      ['101', '2025-08-01', 10, 'crm', 'crm', 'google'],
      ['102', '2025-08-02', 20, 'crm', 'crm', 'google'],
      ['103', '2025-08-01', 30, 'push', 'push', ''],
    ];
    for (let turn = 0; turn < 2; turn++) {
      await settle([source({ name: 'crm' })]);
      expect(await stored()).toEqual(expected);
    }
    const next = opportunityStage(store, { source: 'crm', namespace: 'crm' });
    const applied = await runStage(next, [opportunity({ opportunityId: '101', amount: 11 })], upsert);
    expect(applied).toMatchObject({ written: 1, changed: 1 });
    expect((await stored()).map(([id, , amount]) => [id, amount])).toEqual([
      ['101', 11],
      ['102', 20],
      ['103', 30],
    ]);
  });

  it('are there once also after a start that was killed between any two statements', async () => {
    await storeAsBefore();
    for (let allowed = 0; ; allowed++) {
      let commands = 0;
      const failing: Store = {
        ...store,
        async command(...call) {
          commands += 1;
          if (commands > allowed) throw new Error('killed');
          await store.command(...call);
        },
      };
      const isDone = await settle([source({ name: 'crm' })], failing).then(
        () => true,
        () => false,
      );
      expect((await stored()).map(([id, , amount]) => [id, amount])).toEqual([
        ['101', 10],
        ['102', 20],
        ['103', 30],
      ]);
      if (isDone) break;
      expect(allowed).toBeLessThan(20);
    }
    expect(await rowsOf(store, "SELECT count() FROM opportunities FINAL WHERE namespace = ''")).toEqual([
      [0],
    ]);
  });

  it('written by a process of the version before, beside this one, are one record with what this one wrote', async () => {
    const record = opportunity({ opportunityId: '101', amount: 1 });
    await runStage(opportunityStage(store, { source: 'crm', namespace: 'crm' }), [record], upsert);
    const newer = opportunity({ opportunityId: '101', amount: 2, day: first + 1 });
    await runStage(opportunityStage(store, { source: 'crm', namespace: '' }), [newer], upsert);
    await settle([source({ name: 'crm' })]);
    expect(await stored()).toEqual([['101', '2025-08-02', 2, 'crm', 'crm', '']]);
  });
});

it('sources that share a namespace from now on have one record where they had two: the newest', async () => {
  const at = Date.UTC(2025, 7, 5);
  const one = [
    opportunity({ opportunityId: 'both', amount: 1, updatedAt: at + 1 }),
    opportunity({ opportunityId: 'other day', amount: 2, updatedAt: at }),
    opportunity({ opportunityId: 'mine', amount: 3 }),
  ];
  const two = [
    opportunity({ opportunityId: 'both', amount: 4, updatedAt: at }),
    opportunity({ opportunityId: 'other day', amount: 5, updatedAt: at + 1, day: first + 1 }),
    opportunity({ opportunityId: 'yours', amount: 6 }),
  ];
  await runStage(opportunityStage(store, { source: 'one', namespace: 'one' }), one, upsert);
  await runStage(opportunityStage(store, { source: 'two', namespace: 'two' }), two, upsert);
  const shared = [source({ name: 'one', namespace: 'two' }), source({ name: 'two' })];
  for (let turn = 0; turn < 2; turn++) {
    await settle(shared);
    expect(await stored()).toEqual([
      ['both', '2025-08-01', 1, 'one', 'two', ''],
      ['mine', '2025-08-01', 3, 'one', 'two', ''],
      ['other day', '2025-08-02', 5, 'two', 'two', ''],
      ['yours', '2025-08-01', 6, 'two', 'two', ''],
    ]);
  }
  // Back again, and once more: no block is taken for a repeat of the first.
  for (const namespace of ['one', 'two', 'one']) {
    await settle([source({ name: 'one', namespace }), source({ name: 'two' })]);
    expect((await stored()).filter(([, , , name]) => name === 'one').map((row) => row[4])).toEqual([
      namespace,
      namespace,
    ]);
  }
});

it('what was pushed into a namespace stays there, whatever sources are called', async () => {
  await runStage(opportunityStage(store, { source: 'push', namespace: 'crm' }), [opportunity({})], upsert);
  await settle([source({ name: 'crm' }), source({ name: 'other', formerly: ['old'] })]);
  expect((await stored()).map((row) => row.slice(3, 5))).toEqual([['push', 'crm']]);
});

it('a source under a new name has what it sent under the old one, so that REPLACE deletes of it', async () => {
  const days = ['2025-08-01', '2025-08-02'].map(dayOf);
  await runStage(adsStage(store, { source: 'old' }), [
    ...days.map((day) => ad({ day, campaignId: 'stays', cost: 5 })),
    ad({ campaignId: 'goes', cost: 7 }),
  ]);
  await runStage(opportunityStage(store, { source: 'old', namespace: 'old' }), [opportunity({ amount: 9 })]);
  await runStage(adsStage(store, { source: 'old', workspace: 'other' }), [ad({ cost: 1 })]);
  const renamed = [
    source({ name: 'ads', kind: 'ad_performance', formerly: ['old'] }),
    source({ name: 'crm', namespace: 'shared', formerly: ['older', 'old'] }),
  ];
  const ads = () =>
    rowsOf(
      store,
      'SELECT workspace, source, count(), sum(cost) FROM ad_performance FINAL GROUP BY ALL ORDER BY ALL',
    );
  for (let turn = 0; turn < 2; turn++) {
    await settle(renamed);
    expect(await ads()).toEqual([
      ['default', 'ads', 3, 17],
      ['other', 'old', 1, 1],
    ]);
    expect(await stored()).toEqual([['O-1', '2025-08-01', 9, 'crm', 'shared', '']]);
  }
  const applied = await runStage(adsStage(store, { source: 'ads' }), [ad({ campaignId: 'stays', cost: 6 })]);
  expect(applied).toMatchObject({ written: 1, changed: 1, removed: 1 });
  expect(await ads()).toEqual([
    ['default', 'ads', 2, 11],
    ['other', 'old', 1, 1],
  ]);
});

it('gives exchange rates of a former name to the source that has it now, and leaves those of others', async () => {
  await execute(
    store,
    `INSERT INTO exchange_rates (workspace, date, base, quote, rate, source, version)
     SELECT workspace, toDate('2025-01-01') + number * 100, 'EUR', 'USD', toDecimal128('1.1', 18), source, 5
     FROM numbers(4) ARRAY JOIN ['default', 'default', 'other'] AS workspace, ['old', 'bank', 'old'] AS source
     WHERE workspace = 'other' OR (number = 3) = (source = 'bank')`,
  );
  const renamed = [source({ name: 'ecb', kind: 'exchange_rate', formerly: ['old'] })];
  for (let turn = 0; turn < 2; turn++) {
    await settle(renamed);
    expect(
      await rowsOf(
        store,
        'SELECT workspace, source, count(), toString(sum(rate)) FROM exchange_rates FINAL GROUP BY ALL ORDER BY ALL',
      ),
    ).toEqual([
      ['default', 'bank', 1, '1.1'],
      ['default', 'ecb', 3, '3.3'],
      ['other', 'old', 4, '4.4'],
    ]);
  }
});
