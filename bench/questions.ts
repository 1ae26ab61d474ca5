import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import type { CompiledSql } from '../src/clickhouse/sql.ts';
import { compile } from '../src/metrics/compile.ts';
import { plan } from '../src/metrics/plan.ts';
import { emptyQuery, type MetricsQuery } from '../src/metrics/query.ts';
import type { measureNames } from '../src/metrics/registry.ts';
import { type Day, formatDay } from '../src/records/day.ts';
import type { Program } from './program.ts';
import { ms, percentile, printTable, ratio } from './table.ts';

const rounds = 40;
const warmUp = 5;

export interface Question {
  readonly title: string;
  readonly days: number;
  /** As GraphQL arguments behind `dateRange`, and as the same query for the compiler. */
  readonly arguments: string;
  readonly query: Partial<MetricsQuery>;
  readonly measures: readonly (typeof measureNames)[number][];
  readonly dimensions: readonly string[];
}

export const questions: readonly Question[] = [
  {
    title: 'last 30 days by channel',
    days: 30,
    arguments: 'groupBy: [CHANNEL]',
    query: { groupBy: ['channel'] },
    measures: ['clicks', 'cost', 'cpc'],
    dimensions: ['channel'],
  },
  {
    title: 'last 365 days by week and channel',
    days: 365,
    arguments: 'groupBy: [DATE, CHANNEL], granularity: WEEK',
    query: { groupBy: ['date', 'channel'], granularity: 'week' },
    measures: ['impressions', 'clicks', 'cost'],
    dimensions: ['date', 'channel'],
  },
  {
    title: 'last 90 days by source and medium, ads and CRM',
    days: 90,
    arguments: 'groupBy: [UTM_SOURCE, UTM_MEDIUM]',
    query: { groupBy: ['utmSource', 'utmMedium'] },
    measures: ['cost', 'leads', 'revenue', 'cpa', 'roas'],
    dimensions: ['utmSource', 'utmMedium'],
  },
  {
    title: 'top 20 campaigns by cost in 365 days',
    days: 365,
    arguments: 'groupBy: [CAMPAIGN_ID], orderBy: [{ measure: COST, direction: DESC }], first: 20',
    query: {
      groupBy: ['campaignId'],
      orderBy: [{ by: 'cost', of: 'current', direction: 'desc' }],
      limit: 20,
    },
    measures: ['cost'],
    dimensions: ['campaignId'],
  },
  {
    title: 'totals of one campaign in 7 days',
    days: 7,
    arguments: 'where: { campaignId: { eq: "C-1007" } }',
    query: {
      where: { dimension: 'campaignId', operator: 'eq', values: ['C-1007'] },
      wants: { rows: false, totals: true, totalCount: false },
    },
    measures: ['cost', 'clicks', 'leads', 'revenue', 'roas'],
    dimensions: [],
  },
];

const settings = {
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_decimals: 0,
} as const;

const rangeOf = ({ days }: Question, today: Day) => ({ from: today - days, to: today - 1 });

/** The question in GraphQL. */
export function documentOf(question: Question, today: Day, useRollups = true): string {
  const { from, to } = rangeOf(question, today);
  const between = `{ from: "${formatDay(from)}", to: "${formatDay(to)}" }`;
  const block = question.dimensions.length === 0 ? 'totals' : 'nodes';
  return `{ metrics(dateRange: { between: ${between} }, useRollups: ${useRollups}, ${question.arguments}) { ${block} { ${[...question.dimensions, ...question.measures].join(' ')} } } }`;
}

/** Times each question through GraphQL with and without rollups, as SQL over the tables, and as a plain scan without FINAL, in turns. */
export async function benchQuestions(
  title: string,
  server: OwnServer,
  database: string,
  program: Program,
  today: Day,
): Promise<void> {
  const client = createClient({
    url: server.url,
    username: server.username,
    password: server.password,
    database,
  });
  const run = async ({ sql, parameters }: CompiledSql): Promise<void> => {
    const result = await client.query({
      query: sql,
      query_params: { ...parameters },
      format: 'JSONCompact',
      clickhouse_settings: settings,
    });
    await result.json();
  };
  const rows: string[][] = [];
  for (const question of questions) {
    const range = rangeOf(question, today);
    const statement = compile(
      plan({
        ...emptyQuery,
        workspace: 'default',
        policy: undefined,
        range,
        measures: question.measures,
        ...question.query,
      }),
    ).compile();
    const plain = { ...statement, sql: statement.sql.replaceAll(' FINAL', '') };
    const samples = await takeTurns([
      () => program.graphql(documentOf(question, today)),
      () => program.graphql(documentOf(question, today, false)),
      () => run(statement),
      () => run(plain),
    ]);
    const [rollups = [], graphql = [], client_ = [], scan = []] = samples;
    rows.push([
      question.title,
      ...[rollups, graphql, client_, scan].flatMap((times) => [
        ms(percentile(times, 0.5)),
        ms(percentile(times, 0.95)),
      ]),
      ratio(percentile(client_, 0.5) / percentile(rollups, 0.5)),
      ratio(percentile(graphql, 0.5) / percentile(client_, 0.5)),
      `+${ms(percentile(graphql, 0.5) - percentile(client_, 0.5))}`,
      ratio(percentile(client_, 0.5) / percentile(scan, 0.5)),
    ]);
  }
  await client.close();
  printTable(
    title,
    [
      'question',
      'GraphQL p50',
      'p95',
      'without rollups p50',
      'p95',
      'SQL p50',
      'p95',
      'no FINAL p50',
      'p95',
      'times faster than SQL',
      'without rollups/SQL',
      'more',
      'SQL/no FINAL',
    ],
    rows,
  );
}

/** Resolves when all days that the questions ask for are answered from rollups. */
export async function untilRollupsAreBuilt(program: Program, today: Day): Promise<void> {
  const range = `{ between: { from: "${formatDay(today - 365)}", to: "${formatDay(today - 1)}" } }`;
  for (;;) {
    const { metrics } = await program.graphql<{ metrics: { meta: { source: string } } }>(
      `{ metrics(dateRange: ${range}) { totals { cost } meta { source } } }`,
    );
    if (metrics.meta.source === 'ROLLUPS') return;
    await delay(500);
  }
}

/** One call of each in turn, so that all meet the same noise. */
export async function takeTurns(calls: readonly (() => Promise<unknown>)[]): Promise<number[][]> {
  const samples: number[][] = calls.map(() => []);
  for (let round = 0; round < rounds + warmUp; round++) {
    for (const [index, call] of calls.entries()) {
      const started = performance.now();
      await call();
      if (round >= warmUp) samples[index]?.push(performance.now() - started);
    }
  }
  return samples;
}
