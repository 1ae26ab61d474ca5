import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, inject, it, vi } from 'vitest';
import { identifier, sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { createProgram, type Program } from '../faults/program.ts';
import { builtProgram } from '../support/built-program.ts';
import { openStore } from '../support/database.ts';
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts';

const secret = 'a-secret-of-thirty-bytes-or-so';
const days = 31;
const downMs = 60_000;

let folder: string;
let store: Store;
let receiver: Receiver;
/** Two processes on one database: what one leaves undone the other goes on with. */
let programs: readonly [Program, Program];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-sink-'));
  receiver = await startReceiver(secret);
  const login = inject('clickhouse');
  const database = `sink_${randomBytes(6).toString('hex')}`;
  const make = (number: number): Program =>
    createProgram({
      command: builtProgram(),
      environment: {
        DATA_DIR: join(folder, String(number)),
        CLICKHOUSE_URL: login.url,
        CLICKHOUSE_USER: login.username,
        CLICKHOUSE_PASSWORD: login.password,
        CLICKHOUSE_DATABASE: database,
        DATA_RETENTION_DAYS: '20000',
        SINK_URL: receiver.url,
        SINK_SECRET: secret,
        SINK_PAGE_ROWS: '1',
      },
    });
  programs = [make(1), make(2)];
  for (const program of programs) await program.start();
  store = await openStore(database);
  const records = Array.from({ length: days }, (_, index) => ({
    date: `2025-08-${String(index + 1).padStart(2, '0')}`,
    channel: 'google',
    campaign_id: 'C-1',
    clicks: 1,
    impressions: 10,
    cost: index + 0.25,
  }));
  const pushed = await fetch(`${programs[0].url}/ingest/ad-performance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records),
  });
  expect(pushed.status).toBeLessThan(300);
  await vi.waitFor(async () => expect(await storedCost()).toBe(cost), { timeout: 30_000, interval: 500 });
}, 180_000);
beforeEach(() => receiver.forget());
afterAll(async () => {
  await Promise.all(programs.map((program) => program.stop()));
  await store.command(sql`DROP DATABASE IF EXISTS ${identifier(store.database)}`, { changesAnswersOf: [] });
  await store.close();
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const cost = (days * (days - 1)) / 2 + days * 0.25;
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';
const storedCost = async () => {
  const { metrics } = await programs[0].graphql<{ metrics: { totals: { cost: number } } }>(
    `{ metrics(${range}) { totals { cost } } }`,
  );
  return metrics.totals.cost;
};
interface Run {
  readonly id: string;
  readonly status: string;
  readonly recordsWritten: number;
}
const start = async (program: Program, wait: boolean): Promise<Run> => {
  const { exportMetrics } = await program.graphql<{ exportMetrics: { run: Run } }>(
    `mutation { exportMetrics(input: { ${range}, groupBy: [DATE], measures: [COST], wait: ${wait} }) { run { id status recordsWritten } } }`,
  );
  return exportMetrics.run;
};
/** What a receiver that counts each id once has. */
const receivedCost = () =>
  receiver.counted.flatMap(({ page }) => page.data.rows).reduce((sum, row) => sum + Number(row.cost), 0);

it('delivers everything to a sink that was down for a minute', async () => {
  receiver.behave((attempt) => {
    // It goes away in the middle: with an answer that is never sent.
    if (attempt === 10) {
      void receiver.close();
      return 'cut after';
    }
    return 'take';
  });
  const downAt = vi.waitFor(() => expect(receiver.attempts).toBe(10), { timeout: 30_000 });
  const run = start(programs[0], true);
  await downAt;
  await delay(downMs);
  expect(receiver.attempts).toBe(10);
  await receiver.open();
  expect(await run).toMatchObject({ status: 'SUCCEEDED', recordsWritten: days });
  expect(receiver.counted).toHaveLength(days);
  expect(receivedCost()).toBe(cost);
  expect(receiver.deliveries).toHaveLength(days + 1);
}, 180_000);

it('goes on after kill -9 in the middle, in another process, with the same ids', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  receiver.behave((attempt) => (attempt > 10 ? held.then(() => 'take' as const) : 'take'));
  const { id } = await start(programs[0], false);
  await vi.waitFor(() => expect(receiver.attempts).toBe(11), { timeout: 30_000 });
  await programs[0].killHard();
  release();
  const runNow = async () => {
    const { ingestRun } = await programs[1].graphql<{ ingestRun: Run & { attempt: number } }>(
      `{ ingestRun(id: "${id}") { id status recordsWritten } }`,
    );
    return ingestRun;
  };
  await vi.waitFor(async () => expect(await runNow()).toMatchObject({ status: 'SUCCEEDED' }), {
    timeout: 90_000,
    interval: 1_000,
  });
  expect(receiver.counted).toHaveLength(days);
  expect(receivedCost()).toBe(cost);
  expect(receiver.deliveries.length).toBeGreaterThan(days);
  expect(new Set(receiver.counted.map(({ page }) => page.data.revision)).size).toBe(1);
}, 180_000);
