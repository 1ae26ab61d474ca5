import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from 'vitest';
import { createSqlReader, type SqlReader } from '../faults/sql-reader.ts';
import { runProgram } from '../support/child-program.ts';
import { createMigratedDatabase } from '../support/database.ts';
import { type StoreProxy, startStoreProxy } from '../support/proxy.ts';
import { hang, type SourceServer, startSourceServer } from '../support/source-server.ts';

/** A program for each test of the present file, on a database of its own. */
export function useStoppingProgram() {
  let source: SourceServer;
  let storeProxy: StoreProxy;
  let reader: SqlReader;
  let environment: Record<string, string>;
  beforeAll(async () => {
    source = await startSourceServer(hang);
  });
  afterAll(() => source.close());
  beforeEach(async () => {
    const login = inject('clickhouse');
    storeProxy = await startStoreProxy(login.url);
    const database = `stop_${randomBytes(6).toString('hex')}`;
    reader = createSqlReader(login, database);
    await createMigratedDatabase(database);
    environment = {
      CLICKHOUSE_URL: storeProxy.url,
      CLICKHOUSE_USER: login.username,
      CLICKHOUSE_PASSWORD: login.password,
      CLICKHOUSE_DATABASE: database,
      ADS_API_URL: `${source.url}/ads`,
      SOURCE_TIMEOUT_MS: '600000',
      DATA_RETENTION_DAYS: '20000',
      EVENT_RETENTION_DAYS: '20000',
    };
  });
  afterEach(async () => {
    await createSqlReader(inject('clickhouse'), 'default').command(
      `DROP DATABASE IF EXISTS ${environment.CLICKHOUSE_DATABASE}`,
    );
    await storeProxy.close();
  });

  /** Starts it, with a source that never answers. */
  async function start(extra: Record<string, string> = {}) {
    const program = runProgram({ ...environment, ...extra });
    const { url = '' } = await program.logged('utmql is ready');
    const origin = new URL(url).origin;
    return {
      ...program,
      url: origin,
      graphql: (query: string) =>
        fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query }),
        }),
      /** Sends the signal; gives the exit code and how long that took. */
      async stop(signal: NodeJS.Signals = 'SIGTERM') {
        const started = performance.now();
        program.child.kill(signal);
        const code = await program.ended;
        return { code, ms: performance.now() - started };
      },
    };
  }
  return {
    start,
    /** The network between the program and ClickHouse. */
    proxy: () => storeProxy,
    /** The database of the program, past it. */
    sql: () => reader,
  };
}

export const inTime = { code: 0, ms: expect.toSatisfy((ms: number) => ms < 15_000) };
export const far = 90_000;
