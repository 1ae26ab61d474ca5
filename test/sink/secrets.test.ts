import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts';

const secret = 'whsec_c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXMtMTIzNDU2';
const pathToken = 'T0PA7HT0K3NT0PA7HT0K3N';
const password = 'pa55w0rd-of-the-sink';

let receiver: Receiver;
let app: TestApp;
let log = '';
beforeAll(async () => {
  receiver = await startReceiver(secret);
  const url = new URL(receiver.url);
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log += chunk.toString();
      done();
    },
  });
  app = await startTestApp({
    logger: pino({ level: 'trace' }, stream),
    environment: {
      SINK_URL: `http://robot:${password}@${url.host}/hooks/${pathToken}?key=${pathToken}`,
      SINK_SECRET: secret,
      SINK_RETRY_MS: '1',
      SINK_PATIENCE_MS: '200',
    },
  });
});
afterAll(async () => {
  await app.close();
  await receiver.close();
});

it('are in no error, log line, run or statement, though the sink repeats them', async () => {
  receiver.behave(() => ({ status: 204 }));
  expect((await exportOnce()).error).toBeNull();
  for (const status of [500, 401]) {
    receiver.behave(() => ({
      status,
      body: JSON.stringify({
        message: `Wrong: ${secret} ${secret.slice(6)} ${pathToken} ${password} of robot`,
      }),
    }));
    const { error } = await exportOnce();
    expect(error?.code).toBe(status === 500 ? 'WEBHOOK_UNAVAILABLE' : 'WEBHOOK_REFUSED');
    expect(error?.message).toContain('Wrong: ');
    expectNoSecret(error?.message ?? '');
  }
  await receiver.close();
  const { error } = await exportOnce();
  expect(error).toMatchObject({
    code: 'WEBHOOK_UNAVAILABLE',
    message: expect.stringContaining('connection refused'),
  });
  expect(log).toContain('a message could not be delivered');
  expectNoSecret(log);
  const { data } = await app.query('{ ingestRuns { error { message } warnings } }');
  expectNoSecret(JSON.stringify(data));
  await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
  const found = await app.store.select(
    z.object({ query: z.string() }),
    sql`SELECT query FROM system.query_log WHERE has(databases, ${bind('String', app.store.database)}) OR current_database = ${bind('String', app.store.database)}`,
  );
  expect(found.length).toBeGreaterThan(10);
  expectNoSecret(JSON.stringify(found));
});

const expectNoSecret = (text: string): void => {
  for (const one of [secret, secret.slice(6), pathToken, password]) expect(text).not.toContain(one);
};

async function exportOnce(): Promise<{ error: { code: string; message: string } | null }> {
  const { data } = await app.query(
    'mutation { exportMetrics(input: { date: "2025-08-01", wait: true }) { run { error { code message } } } }',
  );
  return (data as unknown as { exportMetrics: { run: { error: { code: string; message: string } | null } } })
    .exportMetrics.run;
}
