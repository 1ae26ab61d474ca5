import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueryWeight, Store } from '../../src/clickhouse/store.ts';
import { createMetricsLoader } from '../../src/metrics/loader.ts';
import { emptyQuery, type MetricsQuery } from '../../src/metrics/query.ts';
import type { Rollups } from '../../src/metrics/rollups/current.ts';
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

describe('how heavy a query is', () => {
  const week = { from: day - 6, to: day };
  const rows = new Map(Array.from({ length: 365 }, (_, index) => [day - index, 100_000]));
  const current = {
    sets: defaultRollupSets,
    rows,
    stale: [day - 1, day],
    built: {
      day: new Map(Array.from({ length: 363 }, (_, index) => [day - 2 - index, '1'])),
      month: new Map<number, string>(),
    },
  };
  const unserved = { groupBy: ['adId'], wants: { rows: true, totals: false, totalCount: false } } as const;
  const weightOf = async (changes: Partial<MetricsQuery>, rollups?: Partial<Rollups>) => {
    let weight: QueryWeight | undefined;
    const read: Store['read'] = (statement, options) => {
      weight = options?.weight;
      return store.read(statement);
    };
    const known = {
      sets: defaultRollupSets,
      leastRows: 0,
      last: () => current,
      steady: () => undefined,
      look: async () => current,
    };
    await createMetricsLoader({ read }, rollups && { ...known, ...rollups }).load({ ...query, ...changes });
    return weight;
  };

  it.each([
    ['five days of the tables', 'light', { ...unserved, range: { from: day - 4, to: day } }, {}],
    ['six days of the tables', 'heavy', { ...unserved, range: { from: day - 5, to: day } }, {}],
    ['a week, each side of it', 'heavy', { ...unserved, range: week, measures: ['clicks', 'leads'] }, {}],
    ['a year of rollups but for two days', 'light', { range: { from: day - 364, to: day } }, {}],
    ['the same with six days to build', 'heavy', { range: week }, { stale: [1, 2, 3, 4, 5, 6] }],
    ['the same without rollups', 'heavy', { range: week, useRollups: false }, {}],
  ] as const)('%s: %s', async (_, expected, changes, { stale }: { stale?: readonly number[] }) => {
    const look = { ...current, ...(stale && { stale: stale.map((back) => day - back) }) };
    expect(await weightOf(changes, { last: () => look, look: async () => look })).toBe(expected);
  });

  it.each([
    ['a month', 'light', 30],
    ['more than a month', 'heavy', 31],
  ] as const)('%s of unknown rows: %s', async (_, expected, back) => {
    const range = { from: day - back, to: day };
    expect(await weightOf({ ...unserved, range })).toBe(expected);
    expect(await weightOf({ ...unserved, range }, { last: () => undefined })).toBe(expected);
  });
});

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
  const sent: string[] = [];
  const counted = {
    read: ((statement, options) => {
      sent.push(statement.compile().sql);
      return store.read(statement, options);
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
  // The log of queries has each question once.
  expect(sent.map((text) => text.startsWith("WITH 'metrics of "))).toEqual([true, false].slice(0, reads));
});
