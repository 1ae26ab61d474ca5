import { expect } from 'vitest';
import type { TestApp } from './app.ts';
import type { Fact } from './oracle.ts';
import {
  askOracle,
  isAdditive,
  measureNamesOf,
  type OracleQuery,
  type OracleRow,
  subtotal,
} from './oracle-query.ts';
import { levelsOf, toGraphql } from './oracle-questions.ts';
import type { OracleRates } from './oracle-rates.ts';
import type { OracleWords } from './oracle-words.ts';

type Shown = Readonly<Record<string, unknown>>;
const near = (shown: unknown, expected: number | null): boolean =>
  expected === null || typeof shown !== 'number'
    ? shown === expected
    : Math.abs(shown - expected) <= 1e-9 * Math.max(1, Math.abs(expected));

/** What a question shows, and how it is called where something is wrong. */
interface Asked {
  readonly names: readonly string[];
  readonly isCompared: boolean;
  readonly about: string;
  readonly words: OracleWords | undefined;
}

function expectFigures(shown: Shown, row: OracleRow, { names, isCompared, about }: Asked): void {
  const expectNear = (what: string, actual: unknown, expected: number | null): void => {
    // Not `expect`: of the millions of figures, only a wrong one needs words.
    if (!near(actual, expected))
      throw new Error(`${about}: ${what} of ${JSON.stringify(row.key)} is ${actual}, not ${expected}`);
  };
  for (const name of names) expectNear(name, shown[name], row.current[name] ?? null);
  for (const kind of ['previous', 'change', 'relativeChange'] as const) {
    const part = shown[kind] as Shown | null;
    if (!isCompared) expect(part).toBeNull();
    // Null as a whole where there is nothing to compare to at all.
    else
      for (const name of names)
        expectNear(`${kind} ${name}`, part === null ? null : part[name], row[kind][name] ?? null);
  }
}

function expectRows(
  shown: readonly Shown[],
  expected: readonly OracleRow[],
  by: readonly string[],
  asked: Asked,
): void {
  const rows = new Map(shown.map((row) => [JSON.stringify(by.map((name) => row[name] ?? null)), row]));
  expect([...rows.keys()].sort(), asked.about).toEqual(expected.map(({ key }) => JSON.stringify(key)).sort());
  for (const row of expected) expectFigures(rows.get(JSON.stringify(row.key)) ?? {}, row, asked);
}

/** Rows add up to the totals, whatever they are. Different values are no more than they are in all rows, and no fewer than in one. */
function expectConservation(rows: readonly Shown[], totals: Shown, { names, words, about }: Asked): void {
  for (const [place, of] of [
    ['', (row: Shown): Shown => row],
    ['previous ', (row: Shown): Shown => (row.previous ?? {}) as Shown],
  ] as const)
    for (const name of names) {
      const total = of(totals)[name];
      const parts = rows.map((row) => of(row)[name]).filter((part) => typeof part === 'number');
      if (typeof total !== 'number' || parts.length < rows.length) continue;
      const sum = parts.reduce((all, part) => all + part, 0);
      const most = Math.max(0, ...parts.map(Math.abs));
      const isKept = isAdditive(name, words)
        ? Math.abs(sum - total) <= 1e-9 * Math.max(1, most * rows.length)
        : words?.sums[name] === undefined || (total <= sum && total >= most);
      if (!isKept) throw new Error(`${about}: ${place}${name} of rows adds up to ${sum}, in total ${total}`);
    }
}

function expectOrder(
  rows: readonly Shown[],
  orderBy: NonNullable<OracleQuery['orderBy']>,
  about: string,
): void {
  const shownOf = (row: Shown): unknown => {
    if ('dimension' in orderBy) return row[orderBy.dimension];
    return (orderBy.of === 'current' ? row : (row[orderBy.of] as Shown))[orderBy.measure];
  };
  const values = rows
    .filter(({ isOther }) => !('dimension' in orderBy) || isOther !== true)
    .map((row) => shownOf(row) as string | number | null);
  const up = orderBy.direction === 'ASC' ? 1 : -1;
  const sorted = [...values].sort((a, b) =>
    a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -up : up,
  );
  expect(values, about).toEqual(sorted);
}

/**
 * Asks the program and the oracle, and compares every figure of rows, totals and subtotals, and the order.
 *
 * @param more.words the team's own, which the facts are told in
 * @returns how many rows the answer has
 */
export async function checkQuestion(
  app: Pick<TestApp, 'query'>,
  facts: readonly Fact[],
  query: OracleQuery,
  { rates, words }: { readonly rates?: OracleRates | undefined; readonly words?: OracleWords } = {},
): Promise<number> {
  const about = JSON.stringify(query);
  const { groupBy, orderBy, compareTo } = query;
  const asked: Asked = {
    names: query.measures ?? measureNamesOf(words),
    isCompared: compareTo !== undefined,
    about,
    words,
  };
  const { document, variables } = toGraphql(query, '', `unattributed { ${asked.names.join(' ')} }`, words);
  const answer = await app.query(document, variables);
  if (answer.errors !== undefined) throw new Error(`${about}: ${JSON.stringify(answer.errors)}`);
  const { metrics } = answer.data as unknown as {
    metrics: {
      nodes: Shown[];
      totals: Shown;
      totalCount: number;
      subtotals: { nodes: Shown[] }[];
      unattributed: Shown;
    };
  };
  const expected = askOracle(facts, query, rates, words);
  expect(metrics.totalCount, about).toBe(expected.rows.length);
  expectRows(metrics.nodes, expected.rows, groupBy, asked);
  expectFigures(metrics.totals, expected.totals, asked);
  expectConservation(metrics.nodes, metrics.totals, asked);
  levelsOf(query).forEach((level, index) => {
    const nodes = metrics.subtotals[index]?.nodes ?? [];
    expectRows(nodes, subtotal(expected.groups, groupBy, level, words), level, asked);
    expectConservation(nodes, metrics.totals, asked);
  });
  const unattributed = askOracle(facts, onlyUnattributed(query), rates, words).totals;
  expectFigures(
    { ...metrics.unattributed, previous: null, change: null, relativeChange: null },
    unattributed,
    {
      ...asked,
      about: `unattributed of ${about}`,
      isCompared: false,
    },
  );
  if (orderBy) expectOrder(metrics.nodes, orderBy, about);
  return expected.rows.length;
}

/** The same records, but those only that belong to no campaign. */
const onlyUnattributed = (query: OracleQuery): OracleQuery => {
  const those = { dimension: 'match', operator: 'eq', value: 'UNATTRIBUTED' } as const;
  return {
    ...query,
    where: query.where === undefined ? those : { and: [query.where, those] },
    groupBy: [],
    having: undefined,
    orderBy: undefined,
    fill: false,
    limitBy: undefined,
  };
};
