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
  const loader = createMetricsLoader(store, {
    sets: defaultRollupSets,
    leastRows: 0,
    last: () => undefined,
    steady: () => undefined,
    look,
  });
  expect(await loader.load(query)).toMatchObject({ totals: { clicks: 3 }, source: 'tables' });
});

it.each([
  { stored: 99, looks: 0, from: 'tables by choice' },
  { stored: 100, looks: 1, from: 'tables' },
])('a range of $stored rows, with rollups from 100 on, takes $looks looks', async ({
  stored,
  looks,
  from,
}) => {
  let taken = 0;
  const sent: string[] = [];
  const read: typeof store.read = (statement) => {
    sent.push(statement.compile().sql);
    return store.read(statement);
  };
  const last = {
    sets: defaultRollupSets,
    rows: new Map([
      [day, stored],
      [day + 1, 1_000],
    ]),
    stale: [],
    built: { day: new Map<number, string>(), month: new Map<number, string>() },
  };
  const loader = createMetricsLoader(
    { read },
    {
      sets: defaultRollupSets,
      leastRows: 100,
      last: () => last,
      steady: () => undefined,
      look: async () => {
        taken += 1;
        return { ...last, stale: [day] };
      },
    },
  );
  const answer = await loader.load(query);
  expect(answer).toMatchObject({ totals: { clicks: 3 }, source: 'tables' });
  expect(taken).toBe(looks);
  // The log of queries says why; who asked is shown the statement only.
  expect(sent).toEqual([`WITH 'metrics of ads; by ; picked ; from ${from}' AS asked ${answer.sql}`]);
});

const found = {
  sets: defaultRollupSets,
  rows: new Map([[day, 1]]),
  stale: [day],
  built: { day: new Map<number, string>(), month: new Map<number, string>() },
};
/** Nothing is stored under this number: whoever reads by it finds no clicks. */
const outdated = { ...found, stale: [], built: { ...found.built, day: new Map([[day, '7']]) } };

it.each([
  { title: 'the same', steady: found, reads: 1 },
  { title: 'something else', steady: outdated, reads: 2 },
])('where a look finds $title, $reads reads give the answer by it', async ({ steady, reads }) => {
  let taken = 0;
  const counted = {
    read: ((...call) => {
      taken += 1;
      return store.read(...call);
    }) satisfies typeof store.read,
  };
  const loader = createMetricsLoader(counted, {
    sets: defaultRollupSets,
    leastRows: 0,
    last: () => steady,
    steady: () => steady,
    look: async () => found,
  });
  expect(await loader.load(query)).toMatchObject({ totals: { clicks: 3 }, source: 'tables' });
  expect(taken).toBe(reads);
});
