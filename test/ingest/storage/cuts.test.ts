import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { createStore } from '../../../src/clickhouse/create-store.ts';
import type { Store } from '../../../src/clickhouse/store.ts';
import { openMigratedStore, testLimits } from '../../support/database.ts';
import { type StoreProxy, startStoreProxy } from '../../support/proxy.ts';
import { ad, adsStage, dayOf, opportunity, opportunityStage, rowsOf, runStage } from './support.ts';

let direct: Awaited<ReturnType<typeof openMigratedStore>>;
let proxy: StoreProxy;
let store: Store;
beforeEach(async () => {
  direct = await openMigratedStore();
  const login = inject('clickhouse');
  proxy = await startStoreProxy(login.url);
  const { database } = direct;
  store = createStore({ ...login, url: proxy.url, database, maxConcurrency: 4, limits: testLimits });
  // Every INSERT is stored, and its answer lost, before it is sent again and answered. Several are on their way at a time.
  const cut = new Set<string>();
  proxy.cutWhen(({ number, token }) => {
    if (token === '') return number % 2 === 1;
    if (cut.has(token)) return false;
    cut.add(token);
    return true;
  });
});
afterEach(async () => {
  await store.close();
  await proxy.close();
  await direct.drop();
});

const first = dayOf('2025-08-01');

it('when each answer is lost once, ads are what the feed says, and counted right', async () => {
  const records = (cost: number, from: number) =>
    Array.from({ length: 40 }, (_, index) =>
      ad({ day: first + (index % 4), campaignId: `C-${from + index}`, cost }),
    );
  const none = { removed: 0, outdated: 0, superseded: 0 };
  const touched = new Set([0, 1, 2, 3].map((index) => first + index));
  const run = (stage: ReturnType<typeof adsStage>, cost: number, from: number) =>
    runStage(stage, records(cost, from));
  const duplicates = { identical: 0, conflicting: 0 };
  const stage = adsStage(store, { capacityBytes: 500 });
  expect(await run(stage, 1, 0)).toEqual({ ...none, written: 40, changed: 40, touched });
  expect(stage.progress()).toMatchObject({ staged: 40, duplicates });
  expect(await run(adsStage(store), 1, 0)).toMatchObject({ written: 40, changed: 0 });
  expect(await run(adsStage(store), 2, 20)).toMatchObject({ written: 40, changed: 40, removed: 20 });
  expect(proxy.cuts.get('staged_ad_performance')).toBeGreaterThan(5);
  expect(proxy.cuts.get('ad_performance')).toBeGreaterThan(1);
  const totals = await rowsOf(
    direct,
    'SELECT count(), sum(cost), min(campaign_id) FROM ad_performance FINAL',
  );
  expect(totals).toEqual([[40, 80, 'C-20']]);
});

it('and so are opportunities', async () => {
  const records = (amount: number, from: number, move: number) =>
    Array.from({ length: 40 }, (_, index) =>
      opportunity({ day: first + ((index + move) % 4), opportunityId: `O-${from + index}`, amount }),
    );
  const stage = opportunityStage(store, { capacityBytes: 500 });
  expect(await runStage(stage, records(1, 0, 0))).toMatchObject({ written: 40, changed: 40, removed: 0 });
  expect(stage.progress()).toMatchObject({ staged: 40, duplicates: { identical: 0, conflicting: 0 } });
  const again = await runStage(opportunityStage(store), records(1, 0, 0));
  expect(again).toMatchObject({ written: 40, changed: 0 });
  const moved = await runStage(opportunityStage(store), records(2, 20, 1));
  expect(moved).toMatchObject({ written: 40, changed: 40, removed: 20 });
  expect(proxy.cuts.get('planned_opportunities')).toBeGreaterThan(3);
  expect(proxy.cuts.get('opportunities')).toBeGreaterThan(1);
  const totals = await rowsOf(
    direct,
    'SELECT count(), uniqExact(opportunity_id), sum(amount), min(opportunity_id) FROM opportunities FINAL',
  );
  expect(totals).toEqual([[40, 40, 80, 'O-20']]);
});
