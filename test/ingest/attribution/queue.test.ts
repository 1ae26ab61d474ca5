import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mutex } from 'async-mutex';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { attributionAliases } from '../../../src/aliases/aliases.ts';
import { sql } from '../../../src/clickhouse/sql.ts';
import { UtmqlError } from '../../../src/errors.ts';
import { type Attribution, createAttribution } from '../../../src/ingest/attribution/attribution.ts';
import { type AttributionQueue, createAttributionQueue } from '../../../src/ingest/attribution/queue.ts';
import { type Day, parseIsoDay } from '../../../src/records/day.ts';
import { openMigratedStore, silent } from '../../support/database.ts';
import { createRecordLoader } from '../../support/records.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
let folder: string;
let file: string;
const queues: AttributionQueue[] = [];
beforeAll(async () => {
  store = await openMigratedStore();
});
afterAll(() => store.drop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-queue-'));
  file = join(folder, 'pending.json');
});
afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.stop();
  await rm(folder, { recursive: true });
});

const day = parseIsoDay('2025-05-01') ?? 0;
const call = { requestId: 'test' };
const open = async (attribution: Attribution): Promise<AttributionQueue> => {
  const queue = await createAttributionQueue({
    attribution,
    file,
    logger: silent,
  });
  queues.push(queue);
  return queue;
};
const attributionOf = (): Attribution =>
  createAttribution({
    store,
    windowDays: 30,
    aliases: attributionAliases,
    lock: new Mutex(),
    eventLock: new Mutex(),
  });
const pendingOnDisk = async () => JSON.parse(await readFile(file, 'utf8')) as unknown;

it('days that a killed process had marked are attributed by the next one', async () => {
  const load = createRecordLoader(store);
  await load.crm([
    {
      opportunity_id: 'O-1',
      created_at: '2025-05-01T10:00:00Z',
      stage: 'lead',
      utm_campaign: 'x',
      utm_source: 's',
      utm_medium: 'm',
    },
  ]);
  const killed = await open(attributionOf());
  await killed.mark('default', 'ads', [day]);
  // The write happens, and the process dies before it settles: the ads rows are there without their attribution.
  await load.adsOnly([
    {
      date: '2025-05-01',
      campaign_id: 'C-1',
      channel: 'google',
      utm_campaign: 'x',
      utm_source: 's',
      utm_medium: 'm',
      clicks: 1,
    },
  ]);
  const match = async () =>
    (await store.select(z.object({ match: z.string() }), sql`SELECT match FROM opportunities FINAL`))[0]
      ?.match;
  expect(await match()).toBe('UNATTRIBUTED');
  await open(attributionOf());
  await vi.waitFor(async () => expect(await match()).toBe('EXACT'), { timeout: 10_000 });
  await vi.waitFor(async () => expect(await pendingOnDisk()).toEqual([]), { timeout: 10_000 });
});

/** An attribution that notes its calls, and takes its time or fails as told. */
function recorded(behave: (round: number) => Promise<void>) {
  const rounds: Day[][] = [];
  const run = async (_workspace: string, days: Iterable<Day>) => {
    rounds.push([...days].sort((a, b) => a - b));
    await behave(rounds.length);
    return [];
  };
  return {
    rounds,
    attribution: {
      afterAds: run,
      afterOpportunities: run,
      afterEvents: run,
      daysOfNewEvents: async () => [],
    } satisfies Attribution,
  };
}

it('writers that settle while a round is at work share the next one', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { rounds, attribution } = recorded((round) => (round === 1 ? held : Promise.resolve()));
  const queue = await open(attribution);
  let settling = 0;
  const write = async (written: Day) => {
    await queue.mark('default', 'ads', [written]);
    settling += 1;
    await queue.settle('default', 'ads', [written], call);
  };
  const writes = [write(day)];
  await vi.waitFor(() => expect(rounds).toHaveLength(1));
  writes.push(...[1, 2, 3].map((offset) => write(day + offset)));
  await vi.waitFor(() => expect(settling).toBe(4));
  expect(await pendingOnDisk()).toMatchObject([{ days: { length: 4 } }]);
  release();
  await Promise.all(writes);
  expect(rounds).toEqual([[day], [day + 1, day + 2, day + 3]]);
  expect(await pendingOnDisk()).toEqual([]);
});

it('a round that fails is told to its writers, and its days stay on disk', async () => {
  const { attribution } = recorded(() =>
    Promise.reject(new UtmqlError('STORE_UNAVAILABLE', 'away', { retryable: true })),
  );
  const queue = await open(attribution);
  await queue.mark('default', 'ads', [day]);
  await expect(queue.settle('default', 'ads', [day], call)).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
  });
  expect(await pendingOnDisk()).toEqual([{ workspace: 'default', side: 'ads', days: [day] }]);
});

it('a round that failed is tried again in the background until it is made good', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { rounds, attribution } = recorded((round) =>
      round < 3
        ? Promise.reject(new UtmqlError('STORE_UNAVAILABLE', 'away', { retryable: true }))
        : Promise.resolve(),
    );
    const queue = await open(attribution);
    await queue.mark('default', 'ads', [day]);
    await expect(queue.settle('default', 'ads', [day], call)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    await vi.advanceTimersByTimeAsync(15_000);
    expect(rounds).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(rounds).toHaveLength(3);
  } finally {
    vi.useRealTimers();
  }
  await vi.waitFor(async () => expect(await pendingOnDisk()).toEqual([]));
});
