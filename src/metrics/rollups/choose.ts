import type { Day } from '../../records/day.ts';
import type { Filter } from '../filter.ts';
import { catalogueOf } from '../model.ts';
import type { Plan, RollupScan, Scan, TableScan } from '../plan.ts';
import type { DayRange } from '../query.ts';
import { addUnits, bucketsOf } from '../range.ts';
import { fieldsRead } from '../read-fields.ts';
import { type DimensionName, type Field, isEventField, type Side } from '../registry.ts';
import type { CurrentRollups } from './current.ts';
import type { RollupPeriod, RollupSet } from './sets.ts';

/**
 * The same plan, answered from the smallest rollup that has its dimensions: whole months from month rows, other days from day
 * rows, and days that rollups cannot answer from the tables, in one statement. Without such a rollup the plan stays as it is.
 * Pure.
 */
export function withRollups(plan: Plan, current: CurrentRollups): Plan<Scan> {
  const rollup = smallestFor(plan, current.sets);
  const { kept, others } = splitScans(plan);
  if (rollup === undefined || kept.length === 0) return plan;
  const scans = [
    ...scansByPeriod(kept).flatMap((ofPeriod) => replace(plan, ofPeriod, rollup, current)),
    ...others,
  ];
  const [first, ...rest] = scans;
  return first === undefined ? plan : { ...plan, scans: [first, ...rest] };
}

/** A read whose sums rollups have. They are of ads rows and CRM records, by day of creation. */
interface KeptScan extends TableScan {
  readonly side: Side;
}

/** Reads of sums that rollups have, and the others. A read of both is split. */
function splitScans({ scans, model }: Plan): {
  readonly kept: readonly KeptScan[];
  readonly others: readonly TableScan[];
} {
  const catalogue = catalogueOf(model);
  const kept: KeptScan[] = [];
  const others: TableScan[] = [];
  for (const scan of scans) {
    const { side, isByClosing, sums } = scan;
    if (side === 'events' || isByClosing) {
      others.push(scan);
      continue;
    }
    const own = sums.filter((name) => !('column' in catalogue.sum(name).addend));
    if (own.length < sums.length || sums.length === 0)
      kept.push({ ...scan, side, sums: sums.filter((name) => !own.includes(name)) });
    if (own.length > 0) others.push({ ...scan, sums: own });
  }
  return { kept, others };
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

type Needs = Pick<Plan, 'groupBy' | 'where' | 'policy' | 'fold' | 'sums' | 'model'>;

/** The stored dimensions that a plan groups, filters or folds by, besides the date. */
export function neededDimensions(plan: Needs): ReadonlySet<DimensionName> {
  const catalogue = catalogueOf(plan.model);
  const conditions = plan.sums
    .map((name) => catalogue.sum(name))
    .flatMap(({ from, where }) => (from === 'events' ? [] : [where]));
  const needed = new Set<DimensionName>();
  for (const field of fieldsRead(plan, conditions)) if (!isEventField(field)) needed.add(field);
  return needed;
}

/** The dimensions of which only given values count. */
export function pickedDimensions({ where, policy }: Pick<Plan, 'where' | 'policy'>): ReadonlySet<Field> {
  const picked = new Set<Field>();
  for (const filter of [where, policy]) if (filter !== undefined) addPicked(filter, picked);
  return picked;
}

function addPicked(filter: Filter, found: Set<Field>): void {
  if ('and' in filter) for (const part of filter.and) addPicked(part, found);
  else if ('operator' in filter && (filter.operator === 'eq' || filter.operator === 'in'))
    found.add(filter.dimension);
}

/** The scans of the range, and those of the range that it is compared to. */
const scansByPeriod = (scans: readonly KeptScan[]): readonly (readonly KeptScan[])[] => [
  scans.filter(({ shift }) => shift === undefined),
  scans.filter(({ shift }) => shift !== undefined),
];

/** @param scans of one period: one of each side that is asked for */
function replace(
  plan: Plan,
  scans: readonly KeptScan[],
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
