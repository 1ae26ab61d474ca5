import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mutex } from 'async-mutex';
import { inject } from 'vitest';
import { attributionAliases } from '../../src/aliases/aliases.ts';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { createStoreBreaker } from '../../src/clickhouse/guarded-store.ts';
import type { Lock } from '../../src/clickhouse/leases/store-lock.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { createPushRoutes } from '../../src/http/push-routes.ts';
import { listen } from '../../src/http/server.ts';
import { createAttribution } from '../../src/ingest/attribution/attribution.ts';
import { createAttributionQueue } from '../../src/ingest/attribution/queue.ts';
import { createPush, type Push } from '../../src/ingest/push/push.ts';
import { createPushReadings } from '../../src/ingest/push/push-reading.ts';
import { createRunRepository, type RunRepository } from '../../src/ingest/runs/run-table.ts';
import { createVersions } from '../../src/ingest/runs/versions.ts';
import type { NamedMapping } from '../../src/sources/mapping/named-mapping.ts';
import { createTelemetry, type Telemetry } from '../../src/telemetry.ts';
import { type Clock, systemClock } from '../../src/time.ts';
import { openBuffer, type WriteAheadBuffer } from '../../src/wal/wal.ts';
import { openMigratedStore, silent, testLimits } from './database.ts';
import { testGate } from './gate.ts';
import { type StoreProxy, startStoreProxy } from './proxy.ts';
import { testRules } from './records.ts';

export interface TestPush {
  readonly url: string;
  /** Straight to ClickHouse, whatever the proxy does. */
  readonly store: Store;
  readonly push: Push;
  readonly buffer: WriteAheadBuffer;
  readonly runs: RunRepository;
  readonly telemetry: Telemetry;
  /** The lock of all who write opportunities. */
  readonly opportunityLock: Lock;
  /** Between the program and ClickHouse. */
  readonly proxy: StoreProxy;
  /** Sends a body of JSON, or as it is. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<PushResponse>;
  /** Ends this program and starts another on the same folder and database. */
  restart(options?: TestPushOptions): Promise<TestPush>;
  close(): Promise<void>;
}

interface PushResponse {
  readonly status: number;
  readonly headers: Headers;
  // The tests compare with `toMatchObject`; the shape is theirs.
  readonly body: Record<string, never>;
}

export interface TestPushOptions {
  readonly maxRecords?: number;
  readonly batchSize?: number;
  readonly drainIntervalMs?: number;
  readonly dataRetentionDays?: number;
  readonly breakerOpenMs?: number;
  readonly clock?: Clock;
  readonly mappings?: readonly NamedMapping[];
  /** Makes the store that is pushed to out of the one that goes through the proxy. */
  readonly storeOf?: (store: Store) => Store;
}

type Kept = { readonly folder: string; readonly store: Store & { drop(): Promise<void> } };

/** Push and its HTTP routes on a database of its own, with a proxy before ClickHouse that a test can cut. */
export async function startTestPush(options: TestPushOptions = {}): Promise<TestPush> {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-push-'));
  return startOn({ folder, store: await openMigratedStore() }, options);
}

async function startOn(kept: Kept, options: TestPushOptions): Promise<TestPush> {
  const clock = options.clock ?? systemClock;
  const { folder, store: direct } = kept;
  const login = inject('clickhouse');
  const proxy = await startStoreProxy(login.url);
  const proxied = createStore({
    ...login,
    url: proxy.url,
    database: direct.database,
    maxConcurrency: 8,
    limits: testLimits,
  });
  const store = options.storeOf?.(proxied) ?? proxied;
  const buffer = await openBuffer({
    folder: join(folder, 'buffer'),
    maxRecords: options.maxRecords ?? 50_000,
    maxBytes: 256 * 1_048_576,
    logger: silent,
    clock,
  });
  const opportunityLock = new Mutex();
  const attributionQueue = await createAttributionQueue({
    attribution: createAttribution({
      store,
      windowDays: 30,
      aliases: attributionAliases,
      lock: opportunityLock,
      eventLock: new Mutex(),
    }),
    file: join(folder, 'pending-days.json'),
    logger: silent,
  });
  const telemetry = createTelemetry();
  const runs = createRunRepository(store);
  const breaker = createStoreBreaker({
    failures: 5,
    openMs: options.breakerOpenMs ?? 30_000,
    successes: 2,
  });
  const push = createPush({
    store,
    buffer,
    breaker,
    attributionQueue,
    opportunityLock,
    runs,
    owner: 'test',
    rulesOf: () => testRules,
    readings: createPushReadings({ mappings: options.mappings ?? [], folder, rules: testRules }),
    ownerOf: (_workspace, source) => ({ source, namespace: source }),
    sourceOf: () => undefined,
    retention: {
      DATA_RETENTION_DAYS: options.dataRetentionDays ?? 20_000,
      EVENT_RETENTION_DAYS: 20_000,
      MAX_FUTURE_DAYS: 2,
    },
    clock,
    versions: createVersions(clock),
    logger: silent,
    telemetry,
    batchSize: options.batchSize ?? 5_000,
    drainIntervalMs: options.drainIntervalMs ?? 100,
    batchBytes: 8 * 1_048_576,
  });
  const gate = testGate();
  const http = await listen({
    host: '127.0.0.1',
    port: 0,
    logger: silent,
    telemetry,
    ...gate,
    routes: createPushRoutes({ push, limits: gate.gate.limits }),
  });
  const stop = async (): Promise<void> => {
    await http.close(10_000);
    await push.stop();
    await attributionQueue.stop();
    await buffer.close();
    await store.close();
    await proxy.close();
  };
  return {
    url: http.url,
    store: direct,
    push,
    buffer,
    runs,
    telemetry,
    opportunityLock,
    proxy,
    async post(path, body, headers = {}) {
      const isRaw = typeof body === 'string' || body instanceof Uint8Array;
      const response = await fetch(`${http.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: isRaw ? (body as BodyInit) : JSON.stringify(body),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: JSON.parse(text) };
    },
    async restart(next = options) {
      await stop();
      return startOn(kept, next);
    },
    async close() {
      await stop();
      await direct.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
