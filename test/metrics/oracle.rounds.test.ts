import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { dirtyFeeds } from '../support/dirty-data.ts';
import { countFacts } from '../support/oracle.ts';
import {
  askOracle,
  measureNames,
  type OracleQuery,
  type OracleRow,
  subtotal,
} from '../support/oracle-query.ts';
import { levelsOf, oracleQueries, toGraphql } from '../support/oracle-questions.ts';
import { rounds } from '../support/rounds.ts';

const days = Array.from({ length: 90 }, (_, index) =>
  new Date(Date.UTC(2025, 4, 20 + index)).toISOString().slice(0, 10),
);
const feeds = dirtyFeeds(99, { ads: 1_500, crm: 700 }, days);
const facts = countFacts(feeds.ads, feeds.crm);
let app: TestApp;
beforeAll(async () => {
  // Each of these queries shows everything there is; the limit is another test's matter.
  app = await startTestApp({
    environment: {
      ROLLUPS: 'on',
      ROLLUPS_MIN_ROWS: '0',
      QUERY_MAX_COMPLEXITY: '1000000000',
      QUERY_COST_PER_MINUTE: '1000000000000',
      RESPONSE_CACHE_TTL_MS: '0',
    },
  });
  app.answer({ ads: adsFeed(feeds.ads), crm: crmFeed(feeds.crm) });
  expect(await app.pull('mode: UPSERT')).toMatchObject([{ status: 'SUCCEEDED' }, { status: 'SUCCEEDED' }]);
});
afterAll(() => app.close());

type Shown = Readonly<Record<string, unknown>>;
const near = (shown: unknown, expected: number | null): boolean =>
  expected === null || typeof shown !== 'number'
    ? shown === expected
    : Math.abs(shown - expected) <= 1e-9 * Math.max(1, Math.abs(expected));

function expectFigures(shown: Shown, row: OracleRow, compared: boolean, about: string): void {
  const expectNear = (what: string, actual: unknown, expected: number | null): void => {
    // Not `expect`: of the millions of figures, only a wrong one needs words.
    if (!near(actual, expected)) throw new Error(`${about}: ${what} is ${actual}, not ${expected}`);
  };
  for (const name of measureNames) expectNear(name, shown[name], row.current[name] ?? null);
  for (const kind of ['previous', 'change', 'relativeChange'] as const) {
    const part = shown[kind] as Shown | null;
    if (!compared) expect(part).toBeNull();
    else
      for (const name of measureNames) expectNear(`${kind} ${name}`, part?.[name], row[kind][name] ?? null);
  }
}

function expectRows(
  shown: readonly Shown[],
  expected: readonly OracleRow[],
  by: readonly string[],
  compared: boolean,
  about: string,
): void {
  const rows = new Map(shown.map((row) => [JSON.stringify(by.map((name) => row[name] ?? null)), row]));
  expect([...rows.keys()].sort(), about).toEqual(expected.map(({ key }) => JSON.stringify(key)).sort());
  for (const row of expected) expectFigures(rows.get(JSON.stringify(row.key)) ?? {}, row, compared, about);
}

async function check(asked: OracleQuery): Promise<number> {
  const about = JSON.stringify(asked);
  const { groupBy, orderBy, compareTo } = asked;
  const compared = compareTo !== undefined;
  const levels = levelsOf(asked);
  const { document, variables } = toGraphql(asked);
  const answer = await app.query(document, variables);
  expect(answer.errors, about).toBeUndefined();
  const { metrics } = answer.data as unknown as {
    metrics: { nodes: Shown[]; totals: Shown; totalCount: number; subtotals: { nodes: Shown[] }[] };
  };
  const expected = askOracle(facts, asked);
  expect(metrics.totalCount, about).toBe(expected.rows.length);
  expectRows(metrics.nodes, expected.rows, groupBy, compared, about);
  expectFigures(metrics.totals, expected.totals, compared, about);
  levels.forEach((level, index) => {
    expectRows(
      metrics.subtotals[index]?.nodes ?? [],
      subtotal(expected.groups, groupBy, level),
      level,
      compared,
      about,
    );
  });
  if (orderBy) {
    const values = metrics.nodes.map(
      (row) =>
        (orderBy.of === 'current' ? row : (row[orderBy.of] as Shown))[orderBy.measure] as number | null,
    );
    const sorted = [...values].sort((a, b) =>
      a === null ? 1 : b === null ? -1 : orderBy.direction === 'ASC' ? a - b : b - a,
    );
    expect(values, about).toEqual(sorted);
  }
  return expected.rows.length;
}

it('random queries that use everything give what is counted from the raw records', async () => {
  const queries = fc.sample(oracleQueries(days, facts), { seed: 11, numRuns: rounds(2_000) });
  let rows = 0;
  for (let index = 0; index < queries.length; index += 4) {
    const counts = await Promise.all(queries.slice(index, index + 4).map(check));
    rows += counts.reduce((sum, count) => sum + count, 0);
  }
  expect(rows).toBeGreaterThan(rounds(5_000));
}, 900_000);
