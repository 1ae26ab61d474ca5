import { describe, expect, it } from 'vitest';
import { sql } from '../../src/clickhouse/sql.ts';
import type { Filter } from '../../src/metrics/filter.ts';
import { plan } from '../../src/metrics/plan.ts';
import { emptyQuery, type MetricsQuery } from '../../src/metrics/query.ts';
import { withRollups } from '../../src/metrics/rollups/choose.ts';
import {
  parseQuestion,
  type Question,
  questionOf,
  questionPattern,
  withQuestion,
} from '../../src/metrics/rollups/question.ts';
import { defaultRollupSets } from '../../src/metrics/rollups/sets.ts';

const planOf = (changes: Partial<MetricsQuery>) =>
  plan({
    ...emptyQuery,
    workspace: 'default',
    policy: undefined,
    range: { from: 20_000, to: 20_030 },
    measures: ['cost'],
    ...changes,
  });
const picks = (dimension: 'utmTerm' | 'channel' | 'adId', operator: 'eq' | 'in' | 'ne'): Filter => ({
  dimension,
  operator,
  values: ["'; DROP TABLE x --"],
});
const textOf = (question: Question): string => withQuestion(sql`SELECT 1`, question).compile().sql;
const questionIn = (changes: Partial<MetricsQuery>): Question =>
  questionOf(planOf(changes), planOf(changes), true);

describe('the question in front of a statement', () => {
  it('has what it groups, filters, folds and is restricted by, in the order of the registry', () => {
    const question = questionIn({
      measures: ['cpa'],
      groupBy: ['utmContent', 'date', 'breakdown.country'],
      where: { or: [picks('utmTerm', 'eq'), { not: picks('adId', 'in') }] },
      policy: picks('channel', 'in'),
      fold: { dimension: 'utmSource', values: ['a'], others: false },
    });
    expect(question).toEqual({
      sides: ['ads', 'crm'],
      dimensions: ['channel', 'adId', 'utmSource', 'utmContent', 'utmTerm'],
      hasBreakdown: true,
      // Of an alternative, rows with other values count, too.
      picked: ['channel'],
      set: undefined,
      wouldUseSet: true,
    });
    expect(textOf(question)).toBe(
      "WITH 'metrics of ads, crm; by channel, ad_id, utm_source, utm_content, utm_term, breakdown; picked channel; from tables' AS asked SELECT 1",
    );
  });

  it('tells dimensions of which values are picked', () => {
    const where = { and: [picks('utmTerm', 'eq'), { and: [picks('adId', 'in'), picks('channel', 'ne')] }] };
    expect(questionIn({ where }).picked).toEqual(['adId', 'utmTerm']);
  });

  it('tells the set that answers', () => {
    const planned = planOf({ groupBy: ['channel'] });
    const reading = withRollups(planned, {
      sets: defaultRollupSets,
      rows: new Map(),
      stale: [20_001],
      built: { day: new Map([[20_000, '1']]), month: new Map() },
    });
    expect(questionOf(planned, reading, true).set).toBe('channel');
  });

  it('is read as it was written', () => {
    const group = new RegExp(questionPattern);
    for (const question of [
      questionIn({}),
      questionIn({ groupBy: ['match', 'breakdown.country'], measures: ['leads'] }),
      { ...questionIn({ groupBy: ['utmTerm'], where: picks('utmTerm', 'eq') }), wouldUseSet: false },
      { ...questionIn({ groupBy: ['channel'], measures: ['roas'] }), set: 'rollup_of_2' },
    ])
      expect(parseQuestion(group.exec(textOf(question))?.[1] ?? '')).toEqual(question);
  });

  it.each([
    ['', 'nothing'],
    ['of ads; by country; picked ; from tables', 'a dimension of another version'],
    ['of ads; by channel; from tables', 'another form'],
  ])('%j is none: %s', (text) => {
    expect(parseQuestion(text)).toBeUndefined();
  });
});
