import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { type LeaseTable, openLeaseTable } from '../../../src/clickhouse/leases/lease-table.ts';
import { openLeases } from '../../../src/clickhouse/leases/leases.ts';
import { type StoreLogin, startThreadedRenewal } from '../../../src/clickhouse/leases/threaded-renewal.ts';
import { bind, sql } from '../../../src/clickhouse/sql.ts';
import { createLogger } from '../../../src/logger.ts';
import { openStore } from '../../support/database.ts';
import type { Wanted } from './rival.ts';

/** How long a claim holds here without being renewed. */
const seconds = 5;

let store: Awaited<ReturnType<typeof openStore>>;
let table: LeaseTable;
let login: StoreLogin;
beforeAll(async () => {
  store = await openStore();
  table = await openLeaseTable(store, seconds);
  login = { ...inject('clickhouse'), database: store.database };
});
afterAll(() => store.drop());

const open = async (owner: string, options: { login?: StoreLogin; longestStillMs?: number } = {}) => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'warn', destination: { write: (line) => void lines.push(line) } });
  const renewal = startThreadedRenewal({
    login,
    settings: {},
    seconds,
    owner,
    longestStillMs: 60_000,
    logger,
    ...options,
  });
  return { leases: await openLeases({ table, owner, logger, renewal }), lines };
};

/** Nothing else happens in this thread meanwhile. */
const standStill = (ms: number): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Resolves once a claim of this owner has been renewed: its thread is at work. */
const untilRenewing = (owner: string): Promise<boolean> =>
  vi.waitUntil(
    async () => {
      const row = z.object({ times: z.number() });
      const statement = sql`SELECT count() AS times FROM leases WHERE owner = ${bind('String', owner)} AND state = 'held' GROUP BY token`;
      return (await store.select(row, statement)).some(({ times }) => times > 1);
    },
    { timeout: 20_000 },
  );

/** Another process that waits for the lease; `said` is what it has told so far. */
async function startRival(lease: string) {
  const path = fileURLToPath(new URL('./rival.ts', import.meta.url));
  const child = fork(path, [], { execArgv: ['--import', 'tsx'] });
  const said: unknown[] = [];
  child.on('message', (word) => said.push(word));
  child.send({ login, seconds, lease } satisfies Wanted);
  await once(child, 'message');
  return { said, heard: () => once(child, 'message'), ended: once(child, 'exit') };
}

it('a lease stays held, and others do not get it, while the loop stands still for longer than it holds', async () => {
  const { leases } = await open('busy');
  await untilRenewing('busy');
  const lease = await leases.acquire('precious');
  const rival = await startRival('precious');
  standStill(1.2 * seconds * 1_000);
  expect(lease.isHeld()).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(rival.said).toEqual(['waiting']);
  expect(lease.lost.aborted).toBe(false);
  expect(await leases.livingOwners()).toContain('busy');
  const heard = rival.heard();
  await lease.release();
  await heard;
  expect(rival.said).toEqual(['waiting', 'acquired']);
  await rival.ended;
  await leases.stop();
});

it('the leases of a process that stands still for good go to others', async () => {
  const { leases } = await open('hanging', { longestStillMs: 1_500 });
  await untilRenewing('hanging');
  const lease = await leases.acquire('left');
  standStill(1.2 * seconds * 1_000);
  expect(lease.isHeld()).toBe(false);
  await leases.stop();
});

it('leases are lost, and not believed held, where their thread ends; another one is started', async () => {
  const { leases, lines } = await open('crashing', { login: { ...login, url: 'no address' } });
  const lease = await leases.acquire('unrenewed');
  await once(lease.lost, 'abort');
  expect(lease.isHeld()).toBe(false);
  const ends = () => lines.filter((line) => line.includes('the thread that renews leases has ended'));
  await vi.waitUntil(() => ends().length > 1, { timeout: 20_000 });
  await leases.stop();
});
