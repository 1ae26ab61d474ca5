import { expect } from 'vitest';
import type { TestApp } from './app.ts';
import type { Fact } from './oracle.ts';
import { askOracle, measureNames, type OracleQuery, type OracleRow, subtotal } from './oracle-query.ts';
import { levelsOf, toGraphql } from './oracle-questions.ts';
import type { OracleRates } from './oracle-rates.ts';

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

/**
 * Asks the program and the oracle, and compares every figure of rows, totals and subtotals, and the order.
 *
 * @returns how many rows the answer has
 */
export async function checkQuestion(
  app: Pick<TestApp, 'query'>,
  facts: readonly Fact[],
  asked: OracleQuery,
  rates?: OracleRates,
): Promise<number> {
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
  const expected = askOracle(facts, asked, rates);
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
