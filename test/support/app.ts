import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { identifier, sql } from '../../src/clickhouse/sql.ts';
import { readConfig } from '../../src/config/config.ts';
import type { Logger } from '../../src/logger.ts';
import { type Clock, systemClock } from '../../src/time.ts';
import { createMigratedDatabase, silent } from './database.ts';
import { type Behaviour, json, startSourceServer } from './source-server.ts';
import { keptDays, truncateTables } from './template.ts';

interface GraphqlAnswer {
  // The tests compare with `toMatchObject`; the shape is theirs.
  readonly data: Record<string, never> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

export interface TestApp extends App {
  /** Sends GraphQL over HTTP, as a dashboard does. */
  query(
    document: string,
    variables?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<GraphqlAnswer>;
  /** What the sources answer from now on. */
  answer(routes: { ads?: Behaviour; crm?: Behaviour }): void;
  /** Runs all sources, or those named, and waits. */
  pull(input?: string): Promise<readonly Record<string, unknown>[]>;
  readonly sourceRequests: readonly { readonly path: string; readonly query: Record<string, string> }[];
  /** Waits for all runs, and takes away what was pulled and pushed: much cheaper than another program. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export const adsFeed = (records: readonly unknown[]): Behaviour =>
  json({ external: { ads: { performance: records } } });
export const crmFeed = (records: readonly unknown[]): Behaviour =>
  json({ external: { crm: { opportunities: records } } });

/** The whole program on a database of its own, with two real sources whose answers the test sets. */
export async function startTestApp(
  options: {
    environment?: Record<string, string>;
    clock?: Clock;
    logger?: Logger;
    /** What `query` and `pull` send with every request. */
    headers?: Record<string, string>;
  } = {},
): Promise<TestApp> {
  let routes: { ads?: Behaviour; crm?: Behaviour } = {};
  const source = await startSourceServer((request, response) => {
    const behave = request.url?.startsWith('/crm')
      ? (routes.crm ?? crmFeed([]))
      : (routes.ads ?? adsFeed([]));
    return behave(request, response);
  });
  const login = inject('clickhouse');
  // A test that names a database drops it, too.
  const named = options.environment?.CLICKHOUSE_DATABASE;
  const database = named ?? `app_${randomBytes(6).toString('hex')}`;
  const dataDir = await mkdtemp(join(tmpdir(), 'utmql-test-'));
  if (named === undefined) await createMigratedDatabase(database);
  const app = await startApp({
    config: readConfig({
      PORT: '0',
      DATA_DIR: dataDir,
      CLICKHOUSE_URL: login.url,
      CLICKHOUSE_USER: login.username,
      CLICKHOUSE_PASSWORD: login.password,
      CLICKHOUSE_DATABASE: database,
      ADS_API_URL: `${source.url}/ads`,
      CRM_API_URL: `${source.url}/crm`,
      CONTACT_HASH_KEY: 'a key of sixteen characters',
      DATA_RETENTION_DAYS: String(keptDays),
      // Built where a test is about them: most end before a build would.
      ROLLUPS: 'off',
      SQL_VIEWS: 'off',
      SOURCE_ATTEMPTS: '2',
      SOURCE_TIMEOUT_MS: '500',
      ...options.environment,
    }),
    environment: options.environment ?? {},
    logger: options.logger ?? silent,
    clock: options.clock ?? systemClock,
    onLost: (error) => {
      throw error;
    },
  });
  const query: TestApp['query'] = async (document, variables = {}, headers = {}) => {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...options.headers, ...headers },
      body: JSON.stringify({ query: document, variables }),
    });
    return (await response.json()) as GraphqlAnswer;
  };
  return {
    ...app,
    query,
    sourceRequests: source.requests,
    answer(next) {
      routes = next;
    },
    async pull(input = '') {
      const answer = await query(`mutation { triggerIngest(input: { wait: true ${input} }) { runs {
        id triggerId source status recordsRead recordsWritten recordsSkipped recordsRejected bytesRead durationMs since until
        skippedByReason { name count } rejectedByReason { name count } repairsByKind { name count } error { code message } } } }`);
      if (answer.errors) throw new Error(JSON.stringify(answer.errors));
      return (answer.data as unknown as { triggerIngest: { runs: Record<string, unknown>[] } }).triggerIngest
        .runs;
    },
    async empty() {
      await app.ingest.idle();
      // The rest is of the program that is running, not of its records.
      await truncateTables(app.store, {
        except: ['leases', 'data_versions', 'audit_log'],
        changesAnswersOf: ['default'],
      });
    },
    async close() {
      await app.ingest.idle();
      if (named === undefined)
        await app.store.command(sql`DROP DATABASE IF EXISTS ${identifier(database)}`, {
          everywhere: true,
          changesAnswersOf: [],
        });
      await app.stop();
      await source.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
