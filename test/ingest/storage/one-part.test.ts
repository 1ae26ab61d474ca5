import { afterEach, beforeEach, expect, it } from 'vitest';
import { openMigratedStore } from '../../support/database.ts';
import { ad, adsStage, dayOf, execute, partsOf, runStage } from './support.ts';

// What readers see at once is a part. Merges are stopped, so that the parts counted here are those that were written.
let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeEach(async () => {
  store = await openMigratedStore();
  await execute(store, 'SYSTEM STOP MERGES ad_performance');
});
afterEach(() => store.drop());

const first = dayOf('2025-01-01');

it('80 days of one apply are one part each: at first, when rows change, come and go, and whatever the order of the feed', async () => {
  const records = (cost: number, left: (index: number) => boolean) =>
    Array.from({ length: 8_000 }, (_, index) => index)
      .filter((index) => !left(index))
      .map((index) => ad({ day: first + ((index * 7) % 80), campaignId: `C-${index}`, cost }));
  await runStage(
    adsStage(store),
    records(1, (index) => Math.floor(index / 80) % 10 === 3),
  );
  const fresh = await partsOf(store, 'ad_performance');
  expect(fresh).toHaveLength(80);
  expect(fresh.filter(({ parts }) => parts !== 1)).toEqual([]);
  expect(fresh.reduce((sum, { rows }) => sum + rows, 0)).toBe(7_200);

  const applied = await runStage(
    adsStage(store),
    records(2, (index) => Math.floor(index / 80) % 10 === 5),
  );
  expect(applied).toMatchObject({ written: 7_200, changed: 7_200, removed: 800 });
  const replaced = await partsOf(store, 'ad_performance');
  expect(replaced.filter(({ parts }) => parts !== 2)).toEqual([]);
  expect(replaced.reduce((sum, { rows }) => sum + rows, 0)).toBe(7_200 + 8_000);
});
