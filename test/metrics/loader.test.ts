import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMetricsLoader } from '../../src/metrics/loader.ts';
import { emptyQuery } from '../../src/metrics/query.ts';
import { defaultRollupSets } from '../../src/metrics/rollups/sets.ts';
import { parseIsoDay } from '../../src/records/day.ts';
import { openMigratedStore } from '../support/database.ts';
import { createRecordLoader } from '../support/records.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeAll(async () => {
  store = await openMigratedStore();
  await createRecordLoader(store).ads([
    { date: '2025-08-05', campaign_id: 'C-1', channel: 'google', clicks: 3, cost: 1.5 },
  ]);
});
afterAll(() => store.close());

const day = parseIsoDay('2025-08-05') ?? 0;
const query = {
  ...emptyQuery,
  workspace: 'default',
  policy: undefined,
  range: { from: day, to: day },
  measures: ['clicks'],
  wants: { rows: false, totals: true, totalCount: false },
} as const;

it.each([
  ['fails', () => Promise.reject(new Error('away'))],
  ['never ends', () => new Promise<never>(() => undefined)],
])('a look at the rollups that %s leaves the answer to the tables', async (_, look) => {
  const loader = createMetricsLoader(store, { sets: defaultRollupSets, look });
  expect(await loader.load(query)).toMatchObject({ totals: { clicks: 3 }, source: 'tables' });
});
