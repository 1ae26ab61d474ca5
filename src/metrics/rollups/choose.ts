import type { Day } from '../../records/day.ts';
import type { Filter } from '../filter.ts';
import type { Plan, RollupScan, Scan, TableScan } from '../plan.ts';
import type { DayRange } from '../query.ts';
import { addUnits, bucketsOf } from '../range.ts';
import type { DimensionName } from '../registry.ts';
import type { CurrentRollups } from './current.ts';
import type { RollupPeriod, RollupSet } from './sets.ts';

/**
 * The same plan, answered from the smallest rollup that has its dimensions: whole months from month rows, other days from day
 * rows, and days that rollups cannot answer from the tables, in one statement. Without such a rollup the plan stays as it is.
 * Pure.
 */
export function withRollups(plan: Plan, current: CurrentRollups): Plan<Scan> {
  const rollup = smallestFor(plan, current.sets);
  const byDay = plan.scans.filter((scan) => !scan.isByClosing);
  if (rollup === undefined || byDay.length === 0) return plan;
  const scans = [
    ...scansByPeriod(byDay).flatMap((ofPeriod) => replace(plan, ofPeriod, rollup, current)),
    // Sums by day are sums by day of creation.
    ...plan.scans.filter((scan) => scan.isByClosing),
  ];
  const [first, ...others] = scans;
  return first === undefined ? plan : { ...plan, scans: [first, ...others] };
}

/**
 * The rollup with the fewest dimensions that has every one that the plan groups, filters or folds by; undefined if none has. Of
 * those with as many, the one that is ordered by a dimension of which the plan wants given values only.
 */
export function smallestFor(plan: Needs, sets: readonly RollupSet[]): RollupSet | undefined {
  const needed = [...neededDimensions(plan)];
  const serving = sets.filter(({ dimensions }) => {
    const known: ReadonlySet<DimensionName> = new Set(dimensions);
    return needed.every((name) => known.has(name));
  });
  const smallest = serving.filter(({ dimensions }) => dimensions.length === serving[0]?.dimensions.length);
  const picked = pickedDimensions(plan);
  return (
    smallest.find(({ lead }) => lead !== undefined && picked.has(lead)) ??
    smallest.find(({ lead }) => lead === undefined) ??
    smallest[0]
  );
}

type Needs = Pick<Plan, 'groupBy' | 'where' | 'policy' | 'fold'>;

/** The dimensions that a plan groups, filters or folds by, besides the date. */
export function neededDimensions({ groupBy, where, policy, fold }: Needs): ReadonlySet<DimensionName> {
  const needed = new Set<DimensionName>(groupBy);
  for (const filter of [where, policy]) if (filter !== undefined) addDimensions(filter, needed);
  if (fold !== undefined) needed.add(fold.dimension);
  needed.delete('date');
  return needed;
}

function addDimensions(filter: Filter, found: Set<DimensionName>): void {
  if ('and' in filter) for (const part of filter.and) addDimensions(part, found);
  else if ('or' in filter) for (const part of filter.or) addDimensions(part, found);
  else if ('not' in filter) addDimensions(filter.not, found);
  else found.add(filter.dimension);
}

/** The dimensions of which only given values count. */
export function pickedDimensions({
  where,
  policy,
}: Pick<Plan, 'where' | 'policy'>): ReadonlySet<DimensionName> {
  const picked = new Set<DimensionName>();
  for (const filter of [where, policy]) if (filter !== undefined) addPicked(filter, picked);
  return picked;
}

function addPicked(filter: Filter, found: Set<DimensionName>): void {
  if ('and' in filter) for (const part of filter.and) addPicked(part, found);
  else if ('operator' in filter && (filter.operator === 'eq' || filter.operator === 'in'))
    found.add(filter.dimension);
}

/** The scans of the range, and those of the range that it is compared to. */
const scansByPeriod = (scans: readonly TableScan[]): readonly (readonly TableScan[])[] => [
  scans.filter(({ shift }) => shift === undefined),
  scans.filter(({ shift }) => shift !== undefined),
];

/** @param scans of one period: one of each side that is asked for */
function replace(
  plan: Plan,
  scans: readonly TableScan[],
  rollup: RollupSet,
  { stale, built }: CurrentRollups,
): readonly Scan[] {
  const [{ range, shift } = { range: undefined, shift: undefined }] = scans;
  if (range === undefined) return [];
  const isIn = (day: Day, within: DayRange): boolean => day >= within.from && day <= within.to;
  const days = stale.filter((day) => isIn(day, range));
  if (days.length > range.to - range.from) return scans;
  const months = takesMonths(plan, shift)
    ? wholeMonths(range).filter(({ from }) => built.month.has(from))
    : [];
  const scan = (period: RollupPeriod, numbers: readonly string[]): RollupScan[] =>
    numbers.length === 0
      ? []
      : [
          {
            rollup,
            period,
            sides: scans.map(({ side }) => side),
            sums: scans.flatMap(({ sums }) => sums),
            shift,
            range,
            built: numbers,
          },
        ];
  const ofMonths = scan(
    'month',
    months.map(({ from }) => built.month.get(from) ?? ''),
  );
  const ofDays = scan(
    'day',
    [...built.day].flatMap(([day, number]) =>
      isIn(day, range) && !months.some((month) => isIn(day, month)) ? [number] : [],
    ),
  );
  const ofTables = days.length === 0 ? [] : scans.map((each) => ({ ...each, days }));
  const replaced = [...ofMonths, ...ofDays, ...ofTables];
  // Where nothing is stored on any day: the statement keeps the shape that it has with rows.
  return replaced.length === 0 ? scans : replaced;
}

/**
 * Whether all days of a month come into one row: those of a comparison are shifted by days, or by months. Money is converted by
 * the rate of each day.
 */
function takesMonths({ groupBy, granularity, conversion }: Plan, shift: Scan['shift']): boolean {
  if (conversion !== undefined) return false;
  if (!groupBy.includes('date')) return true;
  return granularity !== 'day' && granularity !== 'week' && shift?.unit !== 'day';
}

/** The months that lie in a range with all their days. */
const wholeMonths = (range: DayRange): readonly DayRange[] =>
  bucketsOf(range, 'month', 'monday')
    .map((from: Day) => ({ from, to: (addUnits('month', from, 1) ?? from) - 1 }))
    .filter(({ from, to }) => from >= range.from && to <= range.to);
