import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, get, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createSqlReader, type SqlReader } from '../faults/sql-reader.ts';
import { runProgram } from '../support/child-program.ts';
import { type StoreProxy, startStoreProxy } from '../support/proxy.ts';
import { ad, event, ndjson } from '../support/push-records.ts';
import { hang, type SourceServer, startSourceServer } from '../support/source-server.ts';

let source: SourceServer;
let proxy: StoreProxy;
let sql: SqlReader;
let environment: Record<string, string>;
beforeAll(async () => {
  source = await startSourceServer(hang);
});
afterAll(() => source.close());
beforeEach(async () => {
  const login = inject('clickhouse');
  proxy = await startStoreProxy(login.url);
  const database = `stop_${randomBytes(6).toString('hex')}`;
  sql = createSqlReader(login, database);
  environment = {
    CLICKHOUSE_URL: proxy.url,
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
  await proxy.close();
});

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

const inTime = { code: 0, ms: expect.toSatisfy((ms: number) => ms < 15_000) };
const far = 90_000;

describe('a signal that ends the program', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: turns unready at once and goes on answering for SHUTDOWN_DELAY_MS',
    async (signal) => {
      const program = await start({ SHUTDOWN_DELAY_MS: '1500' });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ask = async (
        path: string,
      ): Promise<{ status: number | undefined; connection: string | undefined }> => {
        const [response] = await once(get(`${program.url}${path}`, { agent }), 'response');
        response.resume();
        await once(response, 'end');
        return { status: response.statusCode, connection: response.headers.connection };
      };
      expect(await ask('/readyz')).toEqual({ status: 200, connection: 'keep-alive' });
      const stopped = program.stop(signal);
      await program.logged('shutting down');
      // Over the connection that was kept open, and then over a new one.
      expect(await ask('/readyz')).toEqual({ status: 503, connection: 'close' });
      const ready = await fetch(`${program.url}/readyz`);
      expect(await ready.json()).toMatchObject({ status: 'stopping' });
      expect((await program.graphql('{ ingestRuns { id } }')).status).toBe(200);
      // A second one neither ends it nor makes it quicker.
      program.child.kill(signal);
      await program.logged('is shutting down already');
      expect((await fetch(`${program.url}/healthz`)).status).toBe(200);
      expect(await stopped).toEqual(inTime);
      await expect(fetch(`${program.url}/healthz`)).rejects.toThrow();
      agent.destroy();
    },
    far,
  );

  it(
    'lets the answers that are on their way come whole',
    async () => {
      const program = await start();
      const query = `{ ${Array.from({ length: 20 }, (_, index) => `t${index}: metrics(dateRange: { last: { count: ${index + 1}, unit: DAY } }, groupBy: [DATE], fill: true) { nodes { cost } }`).join(' ')} }`;
      const answers = Array.from({ length: 4 }, () => program.graphql(query));
      const inFlight = async (): Promise<number> => {
        const metrics = await (await fetch(`${program.url}/metrics`)).text();
        return Number(/^http_requests_in_flight (\d+)/m.exec(metrics)?.[1]);
      };
      // They have all arrived; the look itself is one, too.
      while ((await inFlight()) <= answers.length) await delay(5);
      const stopped = program.stop();
      for (const answer of await Promise.all(answers)) {
        expect(answer.status).toBe(200);
        expect(((await answer.json()) as { errors?: unknown }).errors).toBeUndefined();
      }
      expect(await stopped).toEqual(inTime);
    },
    far,
  );

  it(
    'ends a run that pulls a hanging source, and the subscription and the mutation that follow it',
    async () => {
      const program = await start();
      const triggered = await program.graphql('mutation { triggerIngest(input: {}) { runs { id } } }');
      const { data } = (await triggered.json()) as { data: { triggerIngest: { runs: { id: string }[] } } };
      const id = data.triggerIngest.runs[0]?.id ?? '';
      const following = await fetch(`${program.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query: `subscription { ingestRun(id: "${id}") { status } }` }),
      });
      const waiting = program.graphql(
        'mutation { triggerIngest(input: { wait: true }) { runs { status } } }',
      );
      await delay(300);
      const stopped = program.stop();
      expect(await (await waiting).json()).toMatchObject({
        data: { triggerIngest: { runs: [{ status: 'CANCELLED' }] } },
      });
      expect(await following.text()).toContain('CANCELLED');
      expect(await stopped).toEqual(inTime);
      expect(await sql.text(`SELECT status FROM ingest_runs FINAL WHERE run_id = '${id}'`)).toContain(
        'cancelled',
      );
    },
    far,
  );

  it(
    'ends pushes without an end, whether their sender writes on or has fallen silent',
    async () => {
      const program = await start();
      let sent = 0;
      const body = Readable.from(
        (function* () {
          for (;;) {
            yield Buffer.from(ndjson(Array.from({ length: 1_000 }, (_, number) => ad(sent + number))));
            sent += 1_000;
          }
        })(),
      );
      const endless = fetch(`${program.url}/ingest/ad-performance`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: Readable.toWeb(body) as BodyInit,
        duplex: 'half',
      } as RequestInit).catch(() => undefined);
      const silent = httpRequest(`${program.url}/ingest/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
      });
      silent.write(ndjson([event(1)]));
      const silence = once(silent, 'response');
      // A connection over which nothing was ever sent.
      const mute = connect(Number(new URL(program.url).port), '127.0.0.1');
      mute.on('error', () => undefined);
      while ((await sql.count('SELECT count() FROM ad_performance')) === 0) await delay(50);
      expect(await program.stop()).toEqual(inTime);
      const [answered] = await silence;
      expect(answered.statusCode).toBe(503);
      const heard = await endless;
      if (heard !== undefined) {
        expect(heard.status).toBe(503);
        const answer = (await heard.json()) as { accepted: number };
        expect(await sql.count('SELECT count() FROM ad_performance FINAL')).toBeGreaterThanOrEqual(
          answer.accepted,
        );
      }
      mute.destroy();
    },
    far,
  );

  it.each(['refused', 'silent'] as const)(
    'keeps 50,000 records in the buffer while ClickHouse is away (%s), and stores them after the next start',
    async (how) => {
      const program = await start({ BUFFER_MAX_SIZE: '50000' });
      await proxy.away(how);
      let taken = 0;
      while (taken < 50_000) {
        const records = Array.from({ length: 1_000 }, (_, number) => event(taken + number));
        const response = await fetch(`${program.url}/ingest/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: ndjson(records),
        });
        expect(response.status).toBe(202);
        taken += records.length;
      }
      expect(await program.stop()).toEqual(inTime);
      await proxy.back();
      const next = await start();
      while ((await sql.count('SELECT count() FROM events FINAL')) < taken) await delay(100);
      // What is stored is stored once, and a program with nothing left to do ends at once.
      expect(await sql.count('SELECT count() FROM events FINAL')).toBe(taken);
      expect((await next.stop()).ms).toBeLessThan(5_000);
    },
    far,
  );
});
