import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createStore } from '../../../src/clickhouse/create-store.ts';
import { type LeaseTable, openLeaseTable } from '../../../src/clickhouse/leases/lease-table.ts';
import { type Leases, openLeases } from '../../../src/clickhouse/leases/leases.ts';
import { createStoreLock } from '../../../src/clickhouse/leases/store-lock.ts';
import { openStore, silent, testLimits } from '../../support/database.ts';
import { startStoreProxy } from '../../support/proxy.ts';

let store: Awaited<ReturnType<typeof openStore>>;
let table: LeaseTable;
beforeAll(async () => {
  store = await openStore();
  table = await openLeaseTable(store);
});
afterAll(() => store.drop());

const open = (owner: string, at = table): Promise<Leases> => openLeases({ table: at, owner, logger: silent });

/** Work that says how many did it at once at most. */
const counted = () => {
  let inside = 0;
  let most = 0;
  return {
    work: async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await delay(5);
      inside -= 1;
    },
    most: () => most,
  };
};

it('of many who want it at once one has it at a time, and everyone gets it', async () => {
  const processes = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => open(owner)));
  const { work, most } = counted();
  await Promise.all(
    processes.flatMap((leases) => Array.from({ length: 4 }, () => leases.runExclusive('wanted', work))),
  );
  expect(most()).toBe(1);
  await Promise.all(processes.map((leases) => leases.stop()));
});

it('a lock over it excludes the work of other processes, and gives them their turns', async () => {
  const processes = await Promise.all(['a', 'b'].map((owner) => open(owner)));
  const locks = processes.map((leases) => createStoreLock(leases, 'locked'));
  const { work, most } = counted();
  await Promise.all(locks.flatMap((lock) => Array.from({ length: 20 }, () => lock.runExclusive(work))));
  expect(most()).toBe(1);
  await Promise.all(locks.map((lock) => lock.stop()));
  await Promise.all(processes.map((leases) => leases.stop()));
});

it('who cannot renew knows that it is lost before another gets it', async () => {
  const short = await openLeaseTable(store, 2);
  let isCut = false;
  const cut: LeaseTable = {
    ...short,
    hold: (...call) => (isCut ? Promise.reject(new Error('The store is away.')) : short.hold(...call)),
  };
  const silenced = await open('silenced', cut);
  const other = await open('other', short);
  const lease = await silenced.acquire('precious');
  isCut = true;
  const order: string[] = [];
  lease.lost.addEventListener('abort', () => order.push('lost'));
  const next = await other.acquire('precious');
  order.push('acquired');
  expect(order).toEqual(['lost', 'acquired']);
  expect(lease.isHeld()).toBe(false);
  expect(next.isHeld()).toBe(true);
  expect(await other.livingOwners()).not.toContain('silenced');
  await Promise.all([silenced.stop(), other.stop()]);
});

it('a store that takes a statement and never answers does not hold up the next renewal', async () => {
  const clickhouse = inject('clickhouse');
  const proxy = await startStoreProxy(clickhouse.url);
  const behind = createStore({
    ...clickhouse,
    url: proxy.url,
    database: store.database,
    maxConcurrency: 2,
    limits: testLimits,
  });
  try {
    const short = await openLeaseTable(behind, 3);
    await proxy.away('silent');
    const renewal = short.hold(['silent'], ['019837c2-1b6e-7000-8000-000000000003'], 'silent').then(
      () => 'stored',
      () => 'given up',
    );
    expect(await Promise.race([renewal, delay(3_000, 'expired')])).toBe('given up');
  } finally {
    await behind.close();
    await proxy.close();
  }
});

it('a renewal that comes after the claim was declared expired is of no use', async () => {
  const short = await openLeaseTable(store, 1);
  const [late, other] = ['019837c2-1b6e-7000-8000-000000000001', '019837c2-1b6e-7000-8000-000000000002'];
  await short.hold(['late'], [late], 'late');
  await delay(1_100);
  const [expired] = await short.claims(['late']);
  expect(expired).toMatchObject({ token: late, isLive: false });
  await short.hold(['late'], [other], 'other');
  await short.end([{ name: 'late', token: late, owner: 'late' }], 'broken');
  expect((await short.claims(['late'])).map(({ token }) => token)).toEqual([other]);
  await short.hold(['late'], [late], 'late');
  // Whoever looks now gives way; and the late one sees that it is broken.
  const claims = await short.claims(['late']);
  expect(claims.find(({ token }) => token === late)).toMatchObject({ isLive: true, isBroken: true });
});

it('what a process held is its successor’s to take, at once', async () => {
  // It expires long after this test has failed.
  const long = await openLeaseTable(store, 600);
  const killed = await open('restarted', long);
  await killed.acquire('kept');
  const successor = await open('restarted', long);
  const lease = await successor.acquire('kept');
  expect(lease.isHeld()).toBe(true);
  await successor.stop();
  await killed.stop();
});

it('a held lease outlives its expiry, for it is renewed', async () => {
  const short = await openLeaseTable(store, 4);
  const leases = await open('renewing', short);
  const lease = await leases.acquire('long');
  await delay(5_000);
  expect(lease.isHeld()).toBe(true);
  expect(lease.lost.aborted).toBe(false);
  await leases.stop();
});
