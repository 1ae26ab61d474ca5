import { Mutex } from 'async-mutex';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Aliases, attributionAliases } from '../../../src/aliases/aliases.ts';
import { changedValues } from '../../../src/ingest/attribution/alias-changes.ts';
import {
  type AliasRegister,
  createAliasRegister,
  madeByAlone,
} from '../../../src/ingest/attribution/alias-register.ts';
import { openMigratedStore, truncateTables } from '../../support/database.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
let register: AliasRegister;
beforeAll(async () => {
  store = await openMigratedStore();
  register = createAliasRegister({ store, lock: new Mutex() });
});
afterEach(() => truncateTables(store));
afterAll(() => store.drop());

const source = (names: Readonly<Record<string, string>>): Aliases =>
  attributionAliases({ utm_source: new Map(Object.entries(names)) });
const [usual, a, b] = [attributionAliases(), source({ x: 'google' }), source({ y: 'bing' })];
const noted = async (workspace = 'default') =>
  (await register.noted(workspace)).map(({ aliases }) => aliases.utm_source?.size);
const sizes = (...aliases: readonly Aliases[]) => aliases.map(({ utm_source }) => utm_source?.size);

it('the usual aliases are noted only beside others', async () => {
  await register.note('default', usual);
  expect(await noted()).toEqual([]);
  expect(madeByAlone([], usual)).toBe(true);
  expect(madeByAlone([], a)).toBe(false);
  await register.note('default', a);
  expect(await noted()).toEqual(sizes(usual, a));
  expect((await register.noted('default'))[1]?.aliases.utm_source).toEqual(a.utm_source);
  expect(await noted('other')).toEqual([]);
});

it('what has been noted again since it was seen is not forgotten', async () => {
  await register.note('default', a);
  const seen = await register.noted('default');
  await register.note('default', source({ x: 'google', y: 'bing' }));
  // A process that still goes by the earlier ones has attributed.
  await register.note('default', a);
  await register.forget('default', seen);
  const left = await register.noted('default');
  expect(left.map(({ aliases }) => aliases.utm_source)).toEqual([
    source({ x: 'google', y: 'bing' }).utm_source,
    a.utm_source,
  ]);
  expect(madeByAlone(left, a)).toBe(false);
  await register.forget('default', left.slice(0, 1));
  expect(madeByAlone(await register.noted('default'), a)).toBe(true);
});

it('of processes that note at once none is lost', async () => {
  const processes = [usual, a, b, source({ z: 'tiktok' })];
  await Promise.all(processes.map((aliases) => register.note('default', aliases)));
  const all = await register.noted('default');
  expect(new Set(all.map(({ number }) => number)).size).toBe(all.length);
  for (const aliases of [a, b])
    expect(all.map((one) => one.aliases.utm_source)).toContainEqual(aliases.utm_source);
});

it('the values that may match otherwise are those of the groups that have changed', () => {
  const of = (before: Aliases, after: Aliases) =>
    Object.fromEntries(
      [...changedValues([{ digest: '', number: 1, aliases: before }], after)].map(([column, values]) => [
        column,
        values === 'all' ? values : [...values].sort(),
      ]),
    );
  const names = (utm_campaign: Readonly<Record<string, string>>): Aliases => ({
    utm_campaign: new Map(Object.entries(utm_campaign)),
  });
  expect(of(names({}), names({}))).toEqual({});
  expect(of(names({ a: 'x' }), names({ a: 'x', b: 'x', c: 'y' }))).toEqual({
    utm_campaign: ['a', 'b', 'c', 'x', 'y'],
  });
  expect(of(names({ a: 'x', c: 'y' }), names({ a: 'z', c: 'y' }))).toEqual({ utm_campaign: ['a', 'x', 'z'] });
  expect(of(names({ a: 'x' }), names({ x: 'y' }))).toEqual({ utm_campaign: ['a', 'x', 'y'] });
  expect(of(names({}), names({ 'brand_{network}': 'brand' }))).toEqual({ utm_campaign: 'all' });
  expect(of(names({ a: 'x' }), { utm_term: new Map([['b', 'c']]) })).toEqual({ utm_campaign: ['a', 'x'] });
});
