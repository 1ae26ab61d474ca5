import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createStore } from '../../../src/clickhouse/create-store.ts';
import { createDatabase, migrate } from '../../../src/clickhouse/migrations/migrate.ts';
import { type OwnServer, startOwnServer } from '../../../src/clickhouse/own-server/server.ts';
import { applyRetention } from '../../../src/clickhouse/retention.ts';
import type { Store } from '../../../src/clickhouse/store.ts';
import type { AdPerformance } from '../../../src/records/ad-performance.ts';
import { migrationsFolder, openMigratedStore, silent, testLimits } from '../../support/database.ts';
import { ad, adsStage, applyOptions, dayOf, execute, fill, rowsOf } from './support.ts';

const day = dayOf('2025-08-01');
const keys = 50_000;

/** Two generations of a day that share half of their keys: the other half comes and goes with each switch. */
function* generation(which: 0 | 1): Generator<AdPerformance> {
  for (let index = 0; index < keys; index++) {
    yield ad({ day, campaignId: `C-${index + (which * keys) / 2}`, cost: which + 1, clicks: 1 });
  }
}
const whole = (which: 0 | 1): readonly unknown[] => [keys, keys * (which + 1), keys];
const generations = [whole(0), whole(1)];

const readDay = async (store: Store): Promise<readonly unknown[]> => {
  const [row] = await rowsOf(store, 'SELECT count(), sum(cost), sum(clicks) FROM ad_performance FINAL');
  return row ?? [];
};

/** From ClickHouse's own lock file. */
async function serverPid(dataDir: string): Promise<number> {
  const status = await readFile(join(dataDir, 'clickhouse', 'status'), 'utf8');
  return Number(/PID: (\d+)/.exec(status)?.[1]);
}

/** Stages that are filled once and applied again and again. */
const bothStages = async (store: Store) => {
  const stages = [adsStage(store), adsStage(store)] as const;
  await fill(stages[0], generation(0));
  await fill(stages[1], generation(1));
  return stages;
};

it(
  'while a day is switched between two generations 20 times, every read is one of the two',
  { timeout: 300_000 },
  async () => {
    const store = await openMigratedStore();
    try {
      const stages = await bothStages(store);
      await stages[0].apply(applyOptions());
      let reads = 0;
      let mixtures: unknown[] = [];
      const seen = new Set<unknown>();
      let switching = true;
      const reader = async (): Promise<void> => {
        while (switching) {
          const read = await readDay(store);
          reads += 1;
          seen.add(read[1]);
          if (!generations.some((known) => String(known) === String(read))) mixtures = [...mixtures, read];
        }
      };
      const readers = [reader(), reader()];
      for (let turn = 1; turn <= 20; turn++) {
        const which = turn % 2 === 0 ? 0 : 1;
        const applied = await stages[which].apply(applyOptions());
        expect(applied).toMatchObject({ written: keys, removed: keys / 2 });
        expect(await readDay(store)).toEqual(whole(which));
      }
      switching = false;
      await Promise.all(readers);
      expect(mixtures).toEqual([]);
      expect(reads).toBeGreaterThan(20);
      expect(seen.size).toBe(2);
    } finally {
      await store.drop();
    }
  },
);

it(
  'after kill -9 of ClickHouse in the middle of a switch, 5 times, the day is one generation, and the next apply makes it the wanted one',
  { timeout: 300_000 },
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'utmql-kill-'));
    let server: OwnServer | undefined;
    let store: Store | undefined;
    const start = async (): Promise<Store> => {
      server = await startOwnServer({
        dataDir,
        memoryLimitBytes: 2 * 1_024 ** 3,
        logger: silent,
        onLost: () => undefined,
      });
      const login = { ...server, maxConcurrency: 4, limits: testLimits };
      const bootstrap = createStore({ ...login, database: 'default' });
      await createDatabase(bootstrap, 'kills');
      await bootstrap.close();
      return createStore({ ...login, database: 'kills' });
    };
    /** Ends the server without a word and starts another on its folder, as if the machine had been switched off and on. */
    const kill = async (): Promise<void> => {
      process.kill(await serverPid(dataDir), 'SIGKILL');
      await server?.stop();
    };
    try {
      store = await start();
      await migrate({ store, folder: migrationsFolder, logger: silent });
      await applyRetention({ store, days: { ad_performance: 20_000 }, logger: silent });
      await execute(store, 'SYSTEM STOP MERGES ad_performance');
      let stages = await bothStages(store);
      await stages[0].apply(applyOptions());
      const started = performance.now();
      await stages[1].apply(applyOptions());
      const switchMs = performance.now() - started;
      let interrupted = 0;
      for (let turn = 0; turn < 5; turn++) {
        const which = turn % 2 === 0 ? 0 : 1;
        // At another moment of the switch each time.
        const killing = new Promise<void>((resolve) => {
          setTimeout(() => resolve(kill()), (switchMs * (turn + 0.5)) / 5);
        });
        const applying = stages[which].apply(applyOptions()).catch(() => {
          interrupted += 1;
        });
        await Promise.all([killing, applying]);
        await store.close();
        store = await start();
        expect(generations).toContainEqual(await readDay(store));
        stages = await bothStages(store);
        await stages[which].apply(applyOptions());
        expect(await readDay(store)).toEqual(whole(which));
      }
      expect(interrupted).toBeGreaterThan(0);
    } finally {
      await store?.close();
      await server?.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
);
