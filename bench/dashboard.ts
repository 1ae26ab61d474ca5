import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';
import { z } from 'zod';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import { bind, sql } from '../src/clickhouse/sql.ts';
import type { Store } from '../src/clickhouse/store.ts';
import { type Day, formatDay } from '../src/records/day.ts';
import { type Program, startProgram } from './program.ts';
import { ms, percentile, printTable, progress, ratio } from './table.ts';

const rounds = 25;
const cores = 2;

const samples = async (count: number, work: () => Promise<unknown>): Promise<number[]> => {
  const times: number[] = [];
  for (let round = -3; round < count; round++) {
    const started = performance.now();
    await work();
    if (round >= 0) times.push(performance.now() - started);
  }
  return times;
};

/** The twelve tiles of a usual dashboard, as arguments and selections of `metrics`. */
function tiles(today: Day): string[] {
  const range = (days: number): string =>
    `dateRange: { between: { from: "${formatDay(today - days)}", to: "${formatDay(today - 1)}" } }`;
  const month = range(30);
  return [
    `metrics(${month}) { totals { cost } }`,
    `metrics(${month}) { totals { leads cpa } }`,
    `metrics(${month}) { totals { revenue roas } }`,
    `metrics(${month}) { totals { clicks cpc ctr } }`,
    `metrics(${month}, groupBy: [CHANNEL]) { nodes { channel cost roas } }`,
    `metrics(${month}, groupBy: [CHANNEL]) { nodes { channel leads cpa } }`,
    `metrics(${month}, groupBy: [DATE]) { nodes { date cost leads } }`,
    `metrics(${range(90)}, groupBy: [DATE, CHANNEL], granularity: WEEK) { nodes { date channel cost } }`,
    `metrics(${month}, groupBy: [CAMPAIGN_ID], orderBy: [{ measure: COST, direction: DESC }], first: 10) { nodes { campaignId cost revenue roas } }`,
    `metrics(${month}, groupBy: [UTM_SOURCE, UTM_MEDIUM]) { nodes { utmSource utmMedium cost leads } }`,
    `metrics(${month}, groupBy: [MATCH]) { nodes { match leads revenue } }`,
    `metrics(${month}, compareTo: { previousPeriod: true }) { totals { cost leads change { cost leads } } }`,
  ];
}

/** Twelve tiles in one request beside what their ClickHouse queries take alone; comparison, totals and count beside the plain query. */
export async function benchDashboard(store: Store, program: Program, today: Day): Promise<void> {
  const all = tiles(today);
  const document = `{ ${all.map((tile, index) => `t${index}: ${tile}`).join(' ')} }`;
  const requestId = `bench-dashboard-${Date.now()}`;
  await program.graphql(document, {}, requestId);
  await store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
  const [log] = await store.select(
    z.object({ queries: z.number() }),
    sql`SELECT count() AS queries FROM system.query_log WHERE type = 'QueryFinish' AND log_comment = ${bind('String', requestId)}`,
  );
  const together = percentile(await samples(rounds, () => program.graphql(document)), 0.5);
  let slowest = 0;
  for (const tile of all)
    slowest = Math.max(slowest, percentile(await samples(10, () => program.graphql(`{ ${tile} }`)), 0.5));
  const queries = log?.queries ?? all.length;
  const bound = (slowest * queries) / cores;
  printTable(
    'Dashboard of twelve tiles in one request',
    ['what', 'ClickHouse queries', 'p50', 'slowest × queries / cores', 'ratio'],
    [['12 tiles', String(queries), ms(together), ms(bound), ratio(together / bound)]],
  );

  const range = (days: number): string =>
    `dateRange: { between: { from: "${formatDay(today - days)}", to: "${formatDay(today - 1)}" } }`;
  const plain = `{ metrics(${range(90)}, groupBy: [DATE, CHANNEL], granularity: WEEK) { nodes { date channel cost clicks } } }`;
  const whole = `{ metrics(${range(90)}, groupBy: [DATE, CHANNEL], granularity: WEEK, compareTo: { previousPeriod: true }) { nodes { date channel cost clicks previous { cost } change { cost } } totals { cost } totalCount } }`;
  const [one, other] = [
    percentile(await samples(rounds, () => program.graphql(plain)), 0.5),
    percentile(await samples(rounds, () => program.graphql(whole)), 0.5),
  ];
  printTable(
    'Comparison, totals and count beside the plain query',
    ['what', 'p50', 'ratio'],
    [
      ['plain', ms(one), '1.00'],
      ['with comparison, totals and count', ms(other), ratio(other / one)],
    ],
  );
}

const manifest = z.object({ operations: z.array(z.object({ id: z.string(), name: z.string() })) });

/** A persisted document by GET. */
export function cachedUrl(url: string, between: { readonly from: string; readonly to: string }): string {
  const { operations } = manifest.parse(
    JSON.parse(readFileSync(new URL('../schema/persisted/manifest.json', import.meta.url), 'utf8')),
  );
  const id = operations.find(({ name }) => name === 'ChannelPerformance')?.id ?? '';
  return `${url}?documentId=${id}&variables=${encodeURIComponent(JSON.stringify({ range: { between } }))}`;
}

/** A persisted document by GET, answered from the response cache. */
export async function benchCached(server: OwnServer, database: string, today: Day): Promise<void> {
  const program = await startProgram(server, database);
  try {
    const url = cachedUrl(program.url, { from: formatDay(today - 30), to: formatDay(today - 1) });
    progress('cached persisted GET, 16 connections, 10 s');
    const result = await autocannon({ url, connections: 16, duration: 10 });
    printTable(
      'Cached persisted GET',
      ['connections', 'requests/s', 'p50', 'p99', 'not 200'],
      [
        [
          '16',
          Math.round(result.requests.average).toLocaleString('en'),
          ms(result.latency.p50),
          ms(result.latency.p99),
          String(result.non2xx + result.errors),
        ],
      ],
    );
  } finally {
    await program.stop();
  }
}
