import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { identifier, sql } from '../../src/clickhouse/sql.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { createMigratedDatabase, openStore } from '../support/database.ts';
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts';

const secret = 'a-secret-of-thirty-bytes-or-so';
const database = `alerts_${randomBytes(6).toString('hex')}`;
const yesterday = (): string => new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);

let folder: string;
let receiver: Receiver;
const apps: TestApp[] = [];
const start = async (): Promise<TestApp> => {
  const app = await startTestApp({
    environment: {
      CLICKHOUSE_DATABASE: database,
      ALERTS_FILE: join(folder, 'alerts.yaml'),
      ALERTS_WEBHOOK_URL: receiver.url,
      ALERTS_WEBHOOK_SECRET: secret,
    },
  });
  apps.push(app);
  return app;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-alerts-'));
  await writeFile(
    join(folder, 'alerts.yaml'),
    'alerts:\n  - { name: spends, measure: cost, above: 10 }\n  - { name: idle, measure: clicks, below: 1 }\n',
  );
  receiver = await startReceiver(secret);
  await createMigratedDatabase(database);
});
afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()));
  const store = await openStore(database);
  await store.command(sql`DROP DATABASE IF EXISTS ${identifier(database)}`, { changesAnswersOf: [] });
  await store.close();
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
});

const shown = async (app: TestApp) => {
  const { data } = await app.query('{ alerts { name state checkedAt pendingMessages } }');
  return (
    data as unknown as {
      alerts: { name: string; state: string; checkedAt: string; pendingMessages: number }[];
    }
  ).alerts;
};
const messages = () =>
  receiver.counted.map(({ body }) => JSON.parse(body) as { type: string; data: { alert: string } });

it('is told once by several processes, and not again after a restart', async () => {
  const [one, two] = [await start(), await start()];
  const feed = (cost: number) =>
    adsFeed([{ date: yesterday(), channel: 'google', campaign_id: 'C-1', clicks: 5, impressions: 9, cost }]);
  const pullAll = async (cost: number) => {
    for (const app of [one, two]) app.answer({ ads: feed(cost) });
    // At the same time: both look for what has changed.
    await Promise.all([one.pull('sources: ["ads"]'), two.pull('sources: ["ads"]')]);
  };
  await pullAll(15);
  await vi.waitFor(async () => {
    expect(await shown(one)).toMatchObject([
      { name: 'spends', state: 'FIRING', pendingMessages: 0 },
      { name: 'idle', state: 'OK' },
    ]);
  }, 30_000);
  expect(messages()).toMatchObject([{ type: 'alert.firing', data: { alert: 'spends' } }]);
  const [before] = await shown(one);
  const three = await start();
  await vi.waitFor(async () => {
    const [now] = await shown(three);
    expect(now?.checkedAt).not.toBe(before?.checkedAt);
    expect(now).toMatchObject({ state: 'FIRING', pendingMessages: 0 });
  }, 30_000);
  expect(messages()).toHaveLength(1);
  // Not so much less that the guard holds the run.
  await pullAll(9);
  await vi.waitFor(
    () => expect(messages().map(({ type }) => type)).toEqual(['alert.firing', 'alert.resolved']),
    30_000,
  );
});

it('reads its file again on reload: all of it, or nothing of a wrong one', async () => {
  const [app] = apps;
  if (app === undefined) throw new Error('no program');
  await writeFile(join(folder, 'alerts.yaml'), 'alerts:\n  - { name: other, measure: cost, above: 1 }\n');
  await app.reload();
  await vi.waitFor(
    async () => expect(await shown(app)).toMatchObject([{ name: 'other', state: 'FIRING' }]),
    30_000,
  );
  await writeFile(join(folder, 'alerts.yaml'), 'alerts:\n  - { name: other, mesure: cost, above: 1 }\n');
  await app.reload();
  expect(await shown(app)).toMatchObject([{ name: 'other' }]);
});
