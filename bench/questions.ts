import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { z } from 'zod';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import { bind, type CompiledSql, sql } from '../src/clickhouse/sql.ts';
import type { Store } from '../src/clickhouse/store.ts';
import { compile } from '../src/metrics/compile.ts';
import { plan } from '../src/metrics/plan.ts';
import { emptyQuery, type MetricsQuery } from '../src/metrics/query.ts';
import { type StandardMeasure, snakeCase } from '../src/metrics/registry.ts';
import { type Day, formatDay } from '../src/records/day.ts';
import type { HandWrittenField, HandWrittenServer } from './hand-written.ts';
import type { Program } from './program.ts';
import { ms, percentile, printTable, ratio } from './table.ts';

interface Rounds {
  readonly warm: number;
  readonly cold: number;
  readonly warmUp: number;
}
const usualRounds: Rounds = { warm: 40, cold: 7, warmUp: 5 };

/** Fewer where each takes a minute. */
export const roundsFor = (adRows: number): Rounds =>
  adRows > 20_000_000 ? { warm: 7, cold: 3, warmUp: 1 } : usualRounds;

export interface Question {
  readonly title: string;
  readonly days: number;
  /** As GraphQL arguments behind `dateRange`, and as the same query for the compiler. */
  readonly arguments: string;
  readonly query: Partial<MetricsQuery>;
  readonly measures: readonly StandardMeasure[];
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

/** The question as SQL over the tables. */
export function statementOf(question: Question, today: Day): CompiledSql {
  return compile(
    plan({
      ...emptyQuery,
      workspace: 'default',
      policy: undefined,
      range: rangeOf(question, today),
      measures: question.measures,
      ...question.query,
    }),
  ).compile();
}

const fieldName = (index: number): string => `question${index}`;

/** The questions as fields of a server that is written by hand. */
export const handWrittenFields = (today: Day): HandWrittenField[] =>
  questions.map((question, index) => ({
    name: fieldName(index),
    statement: statementOf(question, today),
    strings: question.dimensions.map((name) => `d_${snakeCase(name)}`),
    numbers: question.measures.map((name) => `m_${snakeCase(name)}`),
  }));

/** What a server that is written by hand is asked. */
export const handWrittenDocuments = (today: Day): string[] =>
  handWrittenFields(today).map(
    ({ name, strings, numbers }) => `{ ${name} { ${[...strings, ...numbers].join(' ')} } }`,
  );

/** What is compared. */
export interface Contestants {
  readonly server: OwnServer;
  readonly store: Store;
  readonly database: string;
  readonly program: Program;
  readonly handWritten: HandWrittenServer;
  readonly today: Day;
  readonly rounds: Rounds;
}

/** Of each question, the median of the SQL over the tables, ms. */
export type Reference = ReadonlyMap<Question, number>;

/**
 * Times each question as SQL over the tables, through a server written by hand, and through utmql without and with rollups, in
 * turns.
 *
 * @param options.isCold caches are emptied before each call
 * @param options.reference what times are compared to; default: the SQL of this run
 */
export async function benchQuestions(
  title: string,
  { server, store, database, program, handWritten, today, rounds }: Contestants,
  options: { isCold?: boolean; reference?: Reference } = {},
): Promise<Reference> {
  const client = createClient({
    url: server.url,
    username: server.username,
    password: server.password,
    database,
  });
  const run = async ({ sql: query, parameters }: CompiledSql): Promise<void> => {
    const result = await client.query({
      query,
      query_params: { ...parameters },
      format: 'JSONCompact',
      clickhouse_settings: settings,
    });
    await result.json();
  };
  const documents = handWrittenDocuments(today);
  const found = new Map<Question, number>();
  const rows: string[][] = [];
  for (const [index, question] of questions.entries()) {
    const statement = statementOf(question, today);
    const samples = await takeTurns(
      [
        () => run(statement),
        () => handWritten.graphql(documents[index] ?? ''),
        () => program.graphql(documentOf(question, today, false)),
        () => program.graphql(documentOf(question, today)),
      ],
      options.isCold === true ? { ...rounds, warm: rounds.cold } : rounds,
      options.isCold === true ? () => emptyCaches(store) : undefined,
    );
    const medians = samples.map((times) => percentile(times, 0.5));
    const [raw = 0, byHand = 0, tables = 0, rollups = 0] = medians;
    const reference = options.reference?.get(question) ?? raw;
    found.set(question, raw);
    rows.push([
      question.title,
      ...samples.flatMap((times) => [ms(percentile(times, 0.5)), ms(percentile(times, 0.95))]),
      ratio(byHand / reference),
      ratio(tables / reference),
      ratio(reference / rollups),
    ]);
  }
  await client.close();
  printTable(
    title,
    [
      'question',
      'SQL p50',
      'p95',
      'by hand p50',
      'p95',
      'no rollups p50',
      'p95',
      'utmql p50',
      'p95',
      'by hand/SQL',
      'no rollups/SQL',
      'SQL/utmql',
    ],
    rows,
  );
  return found;
}

/** Asks both servers so often that node has compiled what is executed often, as in a server that has run for a minute. */
export async function warmUpServers({ program, handWritten, today }: Contestants): Promise<void> {
  const documents = questions.map((question) => documentOf(question, today));
  const cheapest = handWrittenDocuments(today).at(-1) ?? '';
  for (let round = 0; round < 80; round++) {
    for (const document of documents) await program.graphql(document);
    for (const _ of documents) await handWritten.graphql(cheapest);
  }
}

/** Empties ClickHouse's caches, and the system's where the process may. */
export async function emptyCaches(store: Store): Promise<void> {
  const write = { changesAnswersOf: [] };
  await store.command(sql`SYSTEM DROP MARK CACHE`, write);
  await store.command(sql`SYSTEM DROP PRIMARY INDEX CACHE`, write);
  await store.command(sql`SYSTEM DROP UNCOMPRESSED CACHE`, write);
  await store.command(sql`SYSTEM DROP QUERY CONDITION CACHE`, write);
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1');
  } catch {
    // Files stay in the system's memory.
  }
}

const newestRow = z.object({ built: z.string() });
const monthRow = z.object({ months: z.number() });

/** The number of the newest build. */
export async function newestBuild(store: Store): Promise<string> {
  const [row] = await store.select(newestRow, sql`SELECT toString(max(built)) AS built FROM rollup_days`);
  return row?.built ?? '0';
}

/** Resolves when the whole months of a year are summed up by builds after that one, which comes after their days. */
export async function untilMonthsAreBuilt(store: Store, today: Day, after: string): Promise<void> {
  for (;;) {
    const [row] = await store.select(
      monthRow,
      sql`SELECT uniq(date) AS months FROM rollup_days
          WHERE period = 'month' AND built > ${bind('UInt64', after)} AND date > ${bind('Date', formatDay(today - 365))}`,
    );
    // A year less the months at its ends.
    if ((row?.months ?? 0) >= 11) return;
    await delay(500);
  }
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
export async function takeTurns(
  calls: readonly (() => Promise<unknown>)[],
  { warm, warmUp }: Omit<Rounds, 'cold'> = usualRounds,
  before?: () => Promise<void>,
): Promise<number[][]> {
  const samples: number[][] = calls.map(() => []);
  for (let round = 0; round < warm + warmUp; round++) {
    for (const [index, call] of calls.entries()) {
      await before?.();
      const started = performance.now();
      await call();
      if (round >= warmUp) samples[index]?.push(performance.now() - started);
    }
  }
  return samples;
}

const sizeRow = z.object({ name: z.string(), rows: z.number(), bytes: z.number() });

/** What rollups take beside the tables. */
export async function printStorage({ store }: Contestants): Promise<void> {
  const found = await store.select(
    sizeRow,
    sql`SELECT table AS name, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
        WHERE active AND database = currentDatabase() AND table IN ('ad_performance', 'opportunities', 'rollup_sums') GROUP BY table ORDER BY table`,
  );
  const tables = found
    .filter(({ name }) => name !== 'rollup_sums')
    .reduce((sum, { bytes }) => sum + bytes, 0);
  printTable(
    'Storage',
    ['table', 'rows', 'MB', 'of both tables'],
    found.map(({ name, rows, bytes }) => [
      name,
      rows.toLocaleString('en'),
      (bytes / 1e6).toFixed(0),
      ratio(bytes / tables),
    ]),
  );
}
