import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventually } from '../support/push-records.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const queryTimeoutMs = 1_000;

let network: TcpProxy;
let app: TestApp;
beforeAll(async () => {
  network = await startTcpProxy(inject('clickhouse').url);
  app = await startTestApp({
    environment: {
      CLICKHOUSE_URL: network.url,
      QUERY_TIMEOUT_MS: String(queryTimeoutMs),
      CLICKHOUSE_MAX_CONCURRENCY: '4',
    },
  });
});
afterAll(async () => {
  network.recover();
  await app.close();
  await network.close();
});

/** One query that no other question's answer is shared with. */
const ask = (day: number) =>
  app.query(
    `{ metrics(dateRange: { between: { from: "2025-07-01", to: "2025-08-${String(day).padStart(2, '0')}" } }) { totals { clicks } } }`,
  );

it('queries on sockets that fell silent, and those that wait for them, are refused in their time, and the next ones get other sockets', async () => {
  expect(await ask(1)).toEqual({ data: { metrics: { totals: { clicks: 0 } } } });
  network.hang();
  const started = performance.now();
  const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => ask(2 + index)));
  const tookMs = performance.now() - started;
  const codes = answers.map(({ errors }) => errors?.[0]?.extensions.code);
  expect(new Set(codes)).toEqual(new Set(['TIMEOUT', 'OVERLOADED']));
  // Those that waited for their turn waited no longer than a query may take, either.
  expect(tookMs).toBeLessThan(10 * queryTimeoutMs);
  await eventually(async () => (await fetch(`${app.url}/readyz`)).status === 503);

  network.recover();
  const before = network.connections;
  // As many at once as there are places: none is lost to a socket that never answers.
  const after = await Promise.all(Array.from({ length: 4 }, (_, index) => ask(20 + index)));
  for (const answer of after) expect(answer).toEqual({ data: { metrics: { totals: { clicks: 0 } } } });
  expect(network.connections).toBeGreaterThan(before);
  await eventually(async () => (await fetch(`${app.url}/readyz`)).status === 200);
});
