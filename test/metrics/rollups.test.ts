import { describe, expect, it } from 'vitest';
import { compile } from '../../src/metrics/compile.ts';
import { plan } from '../../src/metrics/plan.ts';
import { emptyQuery, type MetricsQuery } from '../../src/metrics/query.ts';
import { smallestFor, withRollups } from '../../src/metrics/rollups/choose.ts';
import type { CurrentRollups } from '../../src/metrics/rollups/current.ts';
import { defaultRollupSets } from '../../src/metrics/rollups/sets.ts';
import { formatDay, parseIsoDay } from '../../src/records/day.ts';

const day = (text: string): number => parseIsoDay(text) ?? Number.NaN;
const query = (changes: Partial<MetricsQuery>): MetricsQuery => ({
  ...emptyQuery,
  workspace: 'default',
  policy: undefined,
  range: { from: day('2025-06-15'), to: day('2025-08-31') },
  measures: ['cost', 'leads'],
  ...changes,
});
/** All days of the range are built, and whole months; numbers of builds are those of their days. */
const current = (changes: { stale?: readonly number[]; months?: readonly string[] } = {}): CurrentRollups => {
  const { stale = [], months = ['2025-06-01', '2025-07-01', '2025-08-01'] } = changes;
  const first = day('2025-03-01');
  const days = Array.from({ length: day('2025-08-31') - first + 1 }, (_, index) => first + index);
  const numbered = (list: readonly number[]) => new Map(list.map((one) => [one, String(one)]));
  return {
    sets: defaultRollupSets,
    rows: new Map(),
    stale,
    built: {
      day: numbered(days.filter((one) => !stale.includes(one))),
      month: numbered(months.map(day)),
    },
  };
};
/** The first, the last and the number of the days or months that are read. */
const scansOf = (changes: Partial<MetricsQuery>, state: Parameters<typeof current>[0] = {}) =>
  withRollups(plan(query(changes)), current(state)).scans.map((scan) =>
    'rollup' in scan
      ? [
          scan.period,
          scan.rollup.name,
          formatDay(Number(scan.built[0])),
          formatDay(Number(scan.built.at(-1))),
          scan.built.length,
        ]
      : ['table', scan.side, scan.days?.length],
  );

describe('the rollup of a question', () => {
  const nameFor = (changes: Partial<MetricsQuery>) =>
    smallestFor(plan(query(changes)), defaultRollupSets)?.name;

  it('is the smallest that has what it groups, filters, folds and is restricted by', () => {
    expect(nameFor({})).toBe('channel');
    expect(nameFor({ groupBy: ['date', 'channel'] })).toBe('channel');
    expect(nameFor({ groupBy: ['utmMedium'] })).toBe('source_medium');
    expect(nameFor({ groupBy: ['campaignId'] })).toBe('campaign');
    expect(nameFor({ groupBy: ['campaignId', 'utmSource'] })).toBe('utm');
    const one = { dimension: 'campaignId', operator: 'in', values: ['C-1'] } as const;
    expect(nameFor({ groupBy: ['date'], where: one })).toBe('campaign_lookup');
    expect(nameFor({ where: { and: [one, { dimension: 'channel', operator: 'eq', values: ['a'] }] } })).toBe(
      'campaign_lookup',
    );
    expect(nameFor({ where: { not: one } })).toBe('campaign');
    expect(nameFor({ policy: { dimension: 'utmCampaign', operator: 'eq', values: ['a'] } })).toBe(
      'utm_lookup',
    );
    const condition = { dimension: 'utmCampaign', operator: 'eq', values: ['a'] } as const;
    expect(nameFor({ where: { or: [{ not: { and: [condition] } }] } })).toBe('utm');
    expect(
      nameFor({ groupBy: ['utmCampaign'], fold: { dimension: 'utmCampaign', values: ['a'], others: true } }),
    ).toBe('utm');
  });

  it('is none where no set has a dimension', () => {
    expect(nameFor({ groupBy: ['adId'] })).toBeUndefined();
    expect(nameFor({ groupBy: ['breakdown.country'] })).toBeUndefined();
    expect(nameFor({ policy: { dimension: 'utmTerm', operator: 'isUnknown', holds: true } })).toBeUndefined();
  });
});

describe('what is read', () => {
  it('is whole months from month rows, the other days from day rows, days that changed from the tables of both sides', () => {
    expect(scansOf({})).toEqual([
      ['month', 'channel', '2025-07-01', '2025-08-01', 2],
      ['day', 'channel', '2025-06-15', '2025-06-30', 16],
    ]);
    const stale = [day('2025-06-20'), day('2025-08-03'), day('2025-09-01')];
    expect(scansOf({}, { stale, months: ['2025-07-01'] })).toEqual([
      ['month', 'channel', '2025-07-01', '2025-07-01', 1],
      ['day', 'channel', '2025-06-15', '2025-08-31', 15 + 30],
      ['table', 'ads', 2],
      ['table', 'crm', 2],
    ]);
  });

  it('is no month where rows of days or weeks are asked for, or days of a comparison are shifted one by one', () => {
    const days = ['day', 'channel', '2025-06-15', '2025-08-31', 78];
    expect(scansOf({ groupBy: ['date'] })).toEqual([days]);
    expect(scansOf({ groupBy: ['date'], granularity: 'week' })).toEqual([days]);
    const compareTo = {
      range: { from: day('2025-03-01'), to: day('2025-05-17') },
      shift: { unit: 'day', count: 106 },
    } as const;
    const months = ['2025-03-01', '2025-07-01'];
    expect(scansOf({ groupBy: ['date'], granularity: 'month', compareTo }, { months })).toEqual([
      ['month', 'channel', '2025-07-01', '2025-07-01', 1],
      ['day', 'channel', '2025-06-15', '2025-08-31', 78 - 31],
      ['day', 'channel', '2025-03-01', '2025-05-17', 78],
    ]);
    expect(scansOf({ compareTo }, { months }).filter(([period]) => period === 'month')).toHaveLength(2);
  });

  it('is the tables where nothing is stored on any day of a period', () => {
    const range = { from: day('2026-01-01'), to: day('2026-01-31') };
    const compareTo = {
      range: { from: day('2025-08-01'), to: day('2025-08-31') },
      shift: { unit: 'day', count: 153 },
    } as const;
    expect(scansOf({ range, compareTo })).toEqual([
      ['table', 'ads', undefined],
      ['table', 'crm', undefined],
      ['month', 'channel', '2025-08-01', '2025-08-01', 1],
    ]);
  });

  it('is the tables alone where all days have changed', () => {
    const stale = [day('2025-08-30'), day('2025-08-31')];
    const range = { from: day('2025-08-30'), to: day('2025-08-31') };
    expect(scansOf({ range }, { stale })).toEqual([
      ['table', 'ads', undefined],
      ['table', 'crm', undefined],
    ]);
  });

  it('is in one statement, with the workspace, builds by their numbers, and only rows of the side that is asked for', () => {
    const policy = { dimension: 'channel', operator: 'eq', values: ['meta'] } as const;
    const asked = plan(query({ measures: ['cost'], groupBy: ['campaignId'], policy }));
    const { sql, parameters } = compile(
      withRollups(asked, current({ stale: [day('2025-08-03')], months: [] })),
    ).compile();
    expect(sql).toContain(
      'FROM rollup_sums WHERE workspace = {p1:String} AND (channel = {p2:String}) AND rollup = {p3:String} AND period = {p4:String} AND date BETWEEN {p5:Date} AND {p6:Date} AND built IN (SELECT',
    );
    expect(sql).toContain('AND ads_rows > 0');
    expect(sql).toContain('SELECT campaign_id AS d_campaign_id');
    const one = { dimension: 'campaignId', operator: 'eq', values: ['C-1'] } as const;
    const picked = compile(
      withRollups(plan(query({ where: one, groupBy: ['campaignId'] })), current()),
    ).compile();
    expect(picked.sql).toContain('SELECT lead AS d_campaign_id');
    expect(sql).toContain('FROM ad_performance FINAL WHERE workspace =');
    expect(Object.values(parameters)).toEqual(
      expect.arrayContaining(['campaign', 'day', 'default', 'meta', ['2025-08-03']]),
    );
  });
});
