import { expect, it } from 'vitest';
import { snakeCase, standardSum, sumNames, sumOf } from '../../src/metrics/registry.ts';
import { defaultRollupSets, type RollupSet } from '../../src/metrics/rollups/sets.ts';
import { buildFromTables } from '../../src/rollups/build-statements.ts';
import { definitionOf } from '../../src/rollups/rollups.ts';

const set: RollupSet = { name: 'term', dimensions: ['channel', 'utmTerm', 'match', 'currency'] };

it('builds count only for the sets that they were made of', () => {
  const others: readonly (readonly RollupSet[])[] = [
    defaultRollupSets,
    [set],
    [{ ...set, lead: 'utmTerm' }],
    [{ ...set, name: 'terms' }],
    [{ ...set, dimensions: ['utmTerm', 'match', 'currency'] }],
    [...defaultRollupSets, set],
  ];
  expect(new Set(others.map(definitionOf)).size).toBe(others.length);
  expect(definitionOf([{ ...set }])).toBe(definitionOf([set]));
});

it('what they are told apart by has every sum as it is computed, and the table', () => {
  const { sql } = buildFromTables(set, [], 0n).compile();
  for (const name of sumNames)
    expect(sql).toContain(`${sumOf(standardSum(name)).compile().sql} AS s_${snakeCase(name)}`);
  expect(sql).toContain('INSERT INTO rollup_sums (');
});
