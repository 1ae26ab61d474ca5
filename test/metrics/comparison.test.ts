import { describe, expect, it } from 'vitest';
import { resolveComparison } from '../../src/metrics/comparison.ts';
import { emptyQuery } from '../../src/metrics/query.ts';
import { presets, type RangeInput, resolveRange } from '../../src/metrics/range.ts';
import { warningsFor } from '../../src/metrics/warnings.ts';
import { formatDay, parseIsoDay } from '../../src/records/day.ts';

const day = (text: string): number => parseIsoDay(text) ?? Number.NaN;
// A Wednesday.
const today = day('2025-11-19');
const rangeOf = (input: RangeInput) => {
  const { from, to } = resolveRange(input, today, 'monday');
  return [formatDay(from), formatDay(to)];
};

describe('ranges by name', () => {
  it.each([
    ['today', '2025-11-19', '2025-11-19'],
    ['yesterday', '2025-11-18', '2025-11-18'],
    ['last7Days', '2025-11-12', '2025-11-18'],
    ['last14Days', '2025-11-05', '2025-11-18'],
    ['last28Days', '2025-10-22', '2025-11-18'],
    ['last30Days', '2025-10-20', '2025-11-18'],
    ['last90Days', '2025-08-21', '2025-11-18'],
    ['thisWeek', '2025-11-17', '2025-11-19'],
    ['lastWeek', '2025-11-10', '2025-11-16'],
    ['thisMonth', '2025-11-01', '2025-11-19'],
    ['lastMonth', '2025-10-01', '2025-10-31'],
    ['thisQuarter', '2025-10-01', '2025-11-19'],
    ['lastQuarter', '2025-07-01', '2025-09-30'],
    ['thisYear', '2025-01-01', '2025-11-19'],
    ['lastYear', '2024-01-01', '2024-12-31'],
    ['yearToDate', '2025-01-01', '2025-11-19'],
  ] as const)('%s is %s to %s', (preset, from, to) => {
    expect(rangeOf({ preset })).toEqual([from, to]);
  });

  it('all are told of', () => {
    expect(presets).toHaveLength(16);
  });

  it.each([
    [{ count: 7, unit: 'day', includeToday: false }, '2025-11-12', '2025-11-18'],
    [{ count: 7, unit: 'day', includeToday: true }, '2025-11-13', '2025-11-19'],
    [{ count: 2, unit: 'month', includeToday: false }, '2025-09-01', '2025-10-31'],
    [{ count: 2, unit: 'month', includeToday: true }, '2025-10-01', '2025-11-19'],
  ] as const)('%j is %s to %s', (last, from, to) => {
    expect(rangeOf({ last })).toEqual([from, to]);
  });
});

const byDay = { grouped: false, weekStart: 'monday' } as const;

describe('what a range is compared to', () => {
  const compared = (input: RangeInput, to: 'previousPeriod' | 'previousYear') => {
    const comparison = resolveComparison(
      to === 'previousPeriod' ? { previousPeriod: true } : { previousYear: true },
      resolveRange(input, today, 'monday'),
      input,
      byDay,
    );
    return [
      formatDay(comparison.range.from),
      formatDay(comparison.range.to),
      `${comparison.shift.count} ${comparison.shift.unit}`,
    ];
  };

  it.each([
    [{ preset: 'last7Days' }, '2025-11-05', '2025-11-11', '7 day'],
    [{ preset: 'thisWeek' }, '2025-11-10', '2025-11-12', '7 day'],
    [{ preset: 'thisMonth' }, '2025-10-01', '2025-10-19', '1 month'],
    [{ preset: 'lastMonth' }, '2025-09-01', '2025-09-30', '1 month'],
    [{ preset: 'lastQuarter' }, '2025-04-01', '2025-06-30', '3 month'],
    [{ preset: 'yearToDate' }, '2024-01-01', '2024-11-19', '12 month'],
    [{ last: { count: 2, unit: 'week', includeToday: false } }, '2025-10-20', '2025-11-02', '14 day'],
    [{ between: { from: day('2025-08-01'), to: day('2025-08-31') } }, '2025-07-01', '2025-07-31', '31 day'],
  ] as const)('the period before %j is %s to %s', (input, from, to, shift) => {
    expect(compared(input, 'previousPeriod')).toEqual([from, to, shift]);
  });

  it.each([
    [{ from: day('2025-02-01'), to: day('2025-02-28') }, '2024-02-01', '2024-02-29'],
    [{ from: day('2024-02-29'), to: day('2024-03-10') }, '2023-02-28', '2023-03-10'],
    [{ from: day('2025-02-28'), to: day('2025-02-28') }, '2024-02-28', '2024-02-28'],
    [{ from: day('2025-02-15'), to: day('2025-02-28') }, '2024-02-15', '2024-02-28'],
    [{ from: day('2025-01-15'), to: day('2025-04-30') }, '2024-01-15', '2024-04-30'],
    [{ from: day('2025-01-01'), to: day('2025-02-28') }, '2024-01-01', '2024-02-29'],
  ])('the year before %j is %s to %s', (between, from, to) => {
    expect(compared({ between }, 'previousYear')).toEqual([from, to, '12 month']);
  });

  it('other days meet those of the range by position, and none is moved out of it', () => {
    const month = (from: string, to: string) => ({ from: day(from), to: day(to) });
    const [february, march] = [month('2025-02-01', '2025-02-28'), month('2025-03-01', '2025-03-31')];
    const shiftOf = (between: typeof march, range: typeof march) =>
      resolveComparison({ between }, range, { between: range }, byDay).shift;
    expect(shiftOf(february, march)).toEqual({ unit: 'day', count: 28 });
    expect(shiftOf(march, february)).toEqual({ unit: 'day', count: -28, within: february });
  });

  it('a leap day meets the day before, not one outside the range', () => {
    const range = { from: day('2024-02-29'), to: day('2024-03-01') };
    expect(resolveComparison({ previousYear: true }, range, { between: range }, byDay)).toEqual({
      range: { from: day('2023-02-28'), to: day('2023-03-01') },
      shift: { unit: 'month', count: 12, within: range },
      align: 'date',
    });
  });
});

describe('weeks are compared to the weeks 52 weeks before', () => {
  const yearBefore = (
    input: RangeInput,
    weeks: Parameters<typeof resolveComparison>[3] = byDay,
    align?: 'weekday' | 'date',
  ) => {
    const found = resolveComparison(
      { previousYear: true, align },
      resolveRange(input, today, weeks.weekStart),
      input,
      weeks,
    );
    return [formatDay(found.range.from), formatDay(found.range.to), found.align];
  };
  const between = (from: string, to: string) => ({ between: { from: day(from), to: day(to) } });

  it.each([
    ['Monday to Sunday', between('2025-11-03', '2025-11-16'), '2024-11-04', '2024-11-17', 'weekday'],
    ['this week until today', { preset: 'thisWeek' }, '2024-11-18', '2024-11-20', 'weekday'],
    ['last week', { preset: 'lastWeek' }, '2024-11-11', '2024-11-17', 'weekday'],
    ['seven other days', between('2025-11-04', '2025-11-10'), '2024-11-04', '2024-11-10', 'date'],
    ['a month', { preset: 'lastMonth' }, '2024-10-01', '2024-10-31', 'date'],
    ['a leap day is no gap', between('2024-02-26', '2024-03-03'), '2023-02-27', '2023-03-05', 'weekday'],
  ] as const)('%s', (_, input, from, to, align) => {
    expect(yearBefore(input)).toEqual([from, to, align]);
  });

  it('where rows are weeks, and by the day that they begin on; and as is asked for', () => {
    const month = between('2025-10-01', '2025-10-31');
    expect(yearBefore(month, { ...byDay, grouped: true })[2]).toBe('weekday');
    const fromSunday = between('2025-11-02', '2025-11-08');
    expect([
      yearBefore(fromSunday)[2],
      yearBefore(fromSunday, { grouped: false, weekStart: 'sunday' })[2],
    ]).toEqual(['date', 'weekday']);
    expect(yearBefore(between('2025-11-03', '2025-11-09'), byDay, 'date')).toEqual([
      '2024-11-03',
      '2024-11-09',
      'date',
    ]);
    expect(yearBefore({ preset: 'lastMonth' }, byDay, 'weekday')[0]).toBe('2024-10-02');
  });
});

it('warns of buckets that are not whole, and of a time zone that cannot be applied', () => {
  const query = {
    ...emptyQuery,
    workspace: 'w',
    policy: undefined,
    range: { from: day('2025-08-06'), to: day('2025-08-20') },
    groupBy: ['date'],
    granularity: 'week',
  } as const;
  const codes = (asked: string | undefined, changes = {}) =>
    warningsFor({ ...query, ...changes }, { asked, reporting: 'UTC' }).map(({ code }) => code);
  expect(codes(undefined)).toEqual(['PARTIAL_FIRST_BUCKET', 'PARTIAL_LAST_BUCKET']);
  expect(codes('Europe/Berlin', { granularity: 'day' })).toEqual(['TIMEZONE_NOT_APPLIED']);
  const february = { from: day('2025-02-01'), to: day('2025-02-28') };
  const march = { from: day('2025-03-01'), to: day('2025-03-31') };
  const against = (range: typeof march, between: typeof march) =>
    codes(undefined, {
      granularity: 'day',
      range,
      compareTo: resolveComparison({ between }, range, { between: range }, byDay),
    });
  expect(against(february, march)).toEqual(['COMPARED_LONGER']);
  expect(against(march, february)).toEqual([]);
  expect(codes('UTC', { range: { from: day('2025-08-04'), to: day('2025-08-17') } })).toEqual([]);
});
