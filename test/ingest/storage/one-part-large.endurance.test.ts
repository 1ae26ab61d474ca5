import { afterEach, beforeEach, expect, it } from 'vitest';
import { openMigratedStore } from '../../support/database.ts';
import { ad, adsStage, applyOptions, dayOf, execute, fill, partsOf, rowsOf } from './support.ts';

// What readers see at once is a part. Merges are stopped, so that the parts counted here are those that were written.
let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeEach(async () => {
  store = await openMigratedStore();
  await execute(store, 'SYSTEM STOP MERGES ad_performance');
});
afterEach(() => store.drop());

const first = dayOf('2025-01-01');

// More than ClickHouse reads in one block by itself.
it(
  'a day of 1.2 million rows is one part, also when it is replaced whole',
  { timeout: 300_000 },
  async () => {
    const size = 1_200_000;
    /** A stage that has one record of the feed, and the rest from ClickHouse itself: faster than sending them. */
    const stageOf = async (runId: string, cost: number) => {
      const stage = adsStage(store, { runId });
      await fill(stage, [ad({ day: first, campaignId: 'C-0', cost })]);
      await execute(
        store,
        `INSERT INTO staged_ad_performance (run_id, position, date, channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source,
         utm_medium, utm_content, utm_term, currency, clicks, impressions, cost, updated)
       SELECT '${runId}', number + 1, toDate(${first}), 'google', concat('C-', toString(number)), '', '', 'x', 'google', 'cpc',
         'unknown', 'unknown', 'USD', 1, 2, ${cost}, 0
       FROM numbers(1, ${size - 1})`,
      );
      return stage;
    };
    const stage = await stageOf('0198a000-0000-7000-8000-000000000001', 1);
    expect(await stage.apply(applyOptions())).toMatchObject({ written: size, changed: size });
    expect(await partsOf(store, 'ad_performance')).toMatchObject([{ parts: 1, rows: size }]);
    const next = await stageOf('0198a000-0000-7000-8000-000000000002', 2);
    expect(await next.apply(applyOptions())).toMatchObject({ written: size, changed: size });
    expect(await partsOf(store, 'ad_performance')).toMatchObject([{ parts: 2, rows: 2 * size }]);
    expect(await rowsOf(store, 'SELECT count(), sum(cost) FROM ad_performance FINAL')).toEqual([
      [size, 2 * size],
    ]);
  },
);
