import { Mutex } from 'async-mutex';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { Sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { createAdsWriter } from '../../src/ingest/kinds/ad-performance.ts';
import { createOpportunityWriter } from '../../src/ingest/kinds/opportunity.ts';
import { ad, dayOf, execute, opportunity, rowsOf } from '../ingest/storage/support.ts';
import { openMigratedStore, testLimits } from '../support/database.ts';
import { type StoreProxy, startStoreProxy } from '../support/proxy.ts';
import { rounds } from '../support/rounds.ts';

// Counted without FINAL and with merges stopped: what is counted is what was physically written.
let direct: Awaited<ReturnType<typeof openMigratedStore>>;
let proxy: StoreProxy;
let store: Store;
beforeEach(async () => {
  direct = await openMigratedStore();
  for (const table of ['ad_performance', 'opportunities', 'rejected_records'])
    await execute(direct, `SYSTEM STOP MERGES ${table}`);
  const login = inject('clickhouse');
  proxy = await startStoreProxy(login.url);
  store = createStore({
    ...login,
    url: proxy.url,
    database: direct.database,
    maxConcurrency: 4,
    limits: testLimits,
  });
});
afterEach(async () => {
  await store.close();
  await proxy.close();
  await direct.drop();
});

const first = dayOf('2025-08-01');
const count = async (table: string): Promise<unknown> =>
  (await rowsOf(direct, `SELECT count() FROM ${table}`))[0]?.[0];
/** Breaks the connection after each first commit, and lets each second one pass. */
const cutEveryOther = (): void => proxy.cutWhen(({ number }) => number % 2 === 1);

const writeAds = async (
  version: number,
  records: Iterable<ReturnType<typeof ad>>,
  source = 'push',
): Promise<void> => {
  const writer = createAdsWriter({
    store,
    workspace: 'default',
    source,
    version,
    requestId: 'test',
    capacityBytes: 1_000_000,
  });
  for (const record of records) writer.add(record);
  await writer.finish();
};

describe('when the connection breaks after ClickHouse has committed', () => {
  it('however often, ads rows of several days are there once', async () => {
    cutEveryOther();
    for (let turn = 0; turn < rounds(50); turn++) {
      await writeAds(
        turn + 1,
        Array.from({ length: 30 }, (_, index) =>
          ad({ day: first + (index % 3), campaignId: `C-${turn}-${index}` }),
        ),
      );
    }
    expect(proxy.cuts.get('ad_performance')).toBeGreaterThanOrEqual(rounds(50));
    expect(await count('ad_performance')).toBe(rounds(50) * 30);
  });

  it('opportunities are there once, and so are rows sent as JSON', async () => {
    cutEveryOther();
    for (let turn = 0; turn < 5; turn++) {
      const writer = createOpportunityWriter({
        store,
        workspace: 'default',
        source: 'push',
        namespace: 'push',
        version: turn + 1,
        requestId: 'test',
        lock: new Mutex(),
      });
      for (let index = 0; index < 20; index++)
        writer.add(opportunity({ opportunityId: `O-${turn}-${index}`, day: first + (index % 3) }));
      await writer.finish();
      const reject = {
        workspace: 'default',
        date: '2025-08-01',
        run_id: '0198a000-0000-7000-8000-000000000001',
        position: turn,
      };
      await store.insert(
        'rejected_records',
        { workspace: 'String', date: 'Date', run_id: 'String', position: 'UInt64' },
        'JSONEachRow',
        [Buffer.from(`${JSON.stringify(reject)}\n`)],
        { changesAnswersOf: [] },
      );
    }
    expect(proxy.cuts.get('opportunities')).toBeGreaterThanOrEqual(5);
    expect(proxy.cuts.get('rejected_records')).toBeGreaterThan(0);
    expect(await count('opportunities')).toBe(100);
    expect(await count('rejected_records')).toBe(5);
  });

  it('the widest insert of 90 days is recognised, also after twenty others', async () => {
    const wide = (turn: number) =>
      Array.from({ length: 90 }, (_, index) => ad({ day: first + index, campaignId: `C-${turn}` }));
    for (let turn = 0; turn <= 20; turn++) await writeAds(1, wide(turn));
    await writeAds(1, wide(0));
    expect(await count('ad_performance')).toBe(21 * 90);
  });
});

describe('what is not a repeat', () => {
  it('a figure that goes from A to B and back to A under one updated_at is stored each time', async () => {
    const at = Date.UTC(2025, 7, 5);
    const costs = [1, 2, 1, 2, 1];
    for (const [turn, cost] of costs.entries()) {
      await writeAds(Date.UTC(2026, 0, 1) * 1_000 + turn, [ad({ cost, updatedAt: at })]);
      expect(await rowsOf(direct, 'SELECT cost FROM ad_performance FINAL')).toEqual([[cost]]);
    }
    expect(await count('ad_performance')).toBe(costs.length);
  });

  it('the same rows for another workspace or of another source', async () => {
    await writeAds(1, [ad({})], 'a');
    await writeAds(1, [ad({})], 'b');
    expect(await count('ad_performance')).toBe(2);
  });

  it('a server-side insert that writes the same rows twice', async () => {
    await writeAds(1, [ad({})]);
    const again = new Sql(['INSERT INTO ad_performance SELECT * FROM ad_performance LIMIT 1'], []);
    await store.command(again, { changesAnswersOf: [] });
    await store.command(again, { changesAnswersOf: [] });
    expect(await count('ad_performance')).toBe(3);
  });
});

describe('a repeatable command', () => {
  const slowly = 'SELECT number, sleepEachRow(0.1) FROM numbers(20)';
  const settings = {
    max_block_size: '1',
    min_insert_block_size_rows: '1',
    min_insert_block_size_bytes: '0',
    max_threads: 1,
  } as const;
  beforeEach(() =>
    execute(direct, 'CREATE TABLE slow (number UInt64, waited UInt8) ENGINE = MergeTree ORDER BY number'),
  );

  it('whose connection breaks in the middle is ended before it is executed again', async () => {
    const done = store.command(new Sql([`INSERT INTO slow ${slowly}`], []), {
      repeatable: true,
      settings,
      changesAnswersOf: [],
    });
    // `back` breaks the connections that are open.
    await expect.poll(() => count('slow'), { interval: 20, timeout: 10_000 }).toBeGreaterThan(1);
    await proxy.back();
    await done;
    const [[rows, distinct] = []] = await rowsOf(direct, 'SELECT count(), uniqExact(number) FROM slow');
    expect(distinct).toBe(20);
    // Of the first execution only the rows up to its end: both together, side by side, would make 40.
    expect(rows).toBeGreaterThan(21);
    expect(rows).toBeLessThan(35);
  });

  it('is not repeated unless it says that it may be', async () => {
    proxy.cutWhen(() => true);
    await expect(
      store.command(new Sql(['INSERT INTO slow SELECT 1, 0'], []), { changesAnswersOf: [] }),
    ).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(await count('slow')).toBe(1);
    let cuts = 0;
    proxy.cutWhen(() => ++cuts <= 2);
    await store.command(new Sql(['INSERT INTO slow SELECT 1, 0'], []), {
      repeatable: true,
      changesAnswersOf: [],
    });
    expect(await count('slow')).toBe(4);
  });
});
