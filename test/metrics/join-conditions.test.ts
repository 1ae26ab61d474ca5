import { expect, it } from 'vitest';
import type { Filter } from '../../src/metrics/filter.ts';
import { countConditions, joinConditions } from '../../src/metrics/join-conditions.ts';

const condition = (
  operator: 'eq' | 'ne' | 'in' | 'notIn' | 'contains',
  ...values: readonly string[]
): Filter => ({ dimension: 'campaignId', operator, values });
const channel: Filter = { dimension: 'channel', operator: 'eq', values: ['google'] };

it('puts equalities of one dimension into one list, in the place of the first', () => {
  const parts = [condition('eq', 'a'), channel, condition('in', 'b', 'c'), condition('contains', 'd')];
  expect(joinConditions(parts, 'or')).toEqual([
    condition('in', 'a', 'b', 'c'),
    { ...channel, operator: 'in' },
    condition('contains', 'd'),
  ]);
  expect(joinConditions([condition('ne', 'a'), condition('notIn', 'b')], 'and')).toEqual([
    condition('notIn', 'a', 'b'),
  ]);
});

it('joins nothing where that would let other records through', () => {
  const apart = [condition('eq', 'a'), condition('eq', 'b')];
  expect(joinConditions(apart, 'and')).toBe(apart);
  const split = [condition('ne', 'a'), condition('ne', 'b')];
  expect(joinConditions(split, 'or')).toBe(split);
});

it('counts a list as one condition, wherever it stands', () => {
  const list = condition('in', 'a', 'b');
  expect(countConditions({ and: [{ not: list }, { or: [list, channel] }] })).toBe(3);
});
