import type { Day } from '../records/day.ts';
import type { Catalogue, ScanSide, Sum } from './catalogue.ts';
import { catalogueOf } from './model.ts';
import type { OwnAddend } from './own/definitions.ts';
import type { Comparison, DayRange, FigureKind, Fold, MetricsQuery, Order } from './query.ts';
import { bucketStart, shiftedDay } from './range.ts';
import {
  type CrmDate,
  type DimensionName,
  isMeasure,
  type MeasureName,
  type Side,
  type SumName,
} from './registry.ts';
import type { RollupPeriod, RollupSet } from './rollups/sets.ts';

interface DayScan {
  readonly range: DayRange;
  readonly sums: readonly SumName[];
  /** Shift of the days of a comparison; undefined for the range itself. */
  readonly shift: Comparison['shift'] | undefined;
}

/** One read of one side's table. */
export interface TableScan extends DayScan {
  readonly side: ScanSide;
  /** The days of the range are those that records were closed on, not created: all days are read. */
  readonly isByClosing: boolean;
  /** Of events: where the currency of their money is; undefined: none is read. */
  readonly currency?: EventCurrency;
  /** Undefined: every day of the range. */
  readonly days?: readonly Day[];
}

export type EventCurrency = NonNullable<Extract<OwnAddend, { kind: 'values' }>['currency']>;

/** One read of a rollup, whose rows have the sums of both sides. */
export interface RollupScan extends DayScan {
  readonly rollup: RollupSet;
  readonly period: RollupPeriod;
  /** Rows that none of these sides has are left out. */
  readonly sides: readonly Side[];
  /** Numbers of the builds to read, one for each day or month. */
  readonly built: readonly string[];
}

export type Scan = TableScan | RollupScan;

/** A figure that the result contains, or is ordered or filtered by. */
export interface Figure {
  readonly measure: MeasureName;
  readonly of: FigureKind;
}

/** What a query computes: the requested figures and their operands, nothing else. */
export interface Plan<S extends Scan = TableScan>
  extends Pick<
    MetricsQuery,
    | 'workspace'
    | 'policy'
    | 'model'
    | 'granularity'
    | 'weekStart'
    | 'where'
    | 'having'
    | 'conversion'
    | 'dateOf'
  > {
  readonly scans: readonly [S, ...S[]];
  readonly groupBy: readonly DimensionName[];
  readonly sums: readonly SumName[];
  readonly compared: boolean;
  /** Buckets of dates that have nothing to be compared to; undefined: none. */
  readonly unknownBefore: Day | 'all' | undefined;
  /** In column order: operands precede the figures that use them. */
  readonly figures: readonly Figure[];
  readonly fold: Fold | undefined;
  readonly fill: MetricsQuery['fill'];
  readonly subtotalBy: MetricsQuery['subtotalBy'];
  readonly orderBy: readonly Order[];
  readonly page: { readonly offset: number; readonly limit: number };
  readonly totals: boolean;
}

/** Plans a query. Pure and deterministic: equal queries give equal plans, with figures in the registry's order. */
export function plan(query: MetricsQuery): Plan {
  const compared = query.compareTo !== undefined;
  const needsGroups = query.wants.rows || query.wants.totalCount || query.having.length > 0;
  const groupBy = needsGroups ? query.groupBy : [];
  const shownBy = query.subtotalBy ?? groupBy;
  const orderBy = query.wants.rows ? withTieBreakers(query.orderBy, shownBy) : [];

  const asked: Figure[] = [
    ...query.measures.flatMap((measure) => query.figures.map((of) => ({ measure, of }))),
    ...query.having,
    ...orderBy.flatMap(({ by, of }) => (isMeasure(by) ? [{ measure: by, of }] : [])),
  ].filter(({ of }) => compared || of === 'current');
  const catalogue = catalogueOf(query.model);
  const figures = withOperands(asked, catalogue);
  const measures = new Set(figures.map(({ measure }) => measure));
  const used = catalogue.sums.filter((name) => measures.has(name));
  return {
    workspace: query.workspace,
    policy: query.policy,
    model: query.model,
    scans: scansFor(used, groupBy, query, catalogue),
    groupBy,
    granularity: query.granularity,
    weekStart: query.weekStart,
    where: query.where,
    having: query.having,
    // Questions without money are the same in any currency.
    conversion: used.some(catalogue.isAmount) ? query.conversion : undefined,
    dateOf: query.dateOf,
    sums: used,
    compared,
    unknownBefore: unknownBefore(query, groupBy),
    figures,
    fold: foldFor(query, groupBy),
    fill: groupBy.includes('date') ? query.fill : undefined,
    subtotalBy: query.subtotalBy,
    orderBy,
    // One row more than the page shows whether there is a next page.
    page: query.wants.rows ? { offset: query.offset, limit: query.limit + 1 } : { offset: 0, limit: 1 },
    totals: query.wants.totals && shownBy.length > 0,
  };
}

/** A bucket before the first one with data has no figures to compare to, not figures of zero. */
function unknownBefore(
  { compareTo, granularity, weekStart }: MetricsQuery,
  groupBy: readonly DimensionName[],
): Plan['unknownBefore'] {
  if (compareTo?.since === undefined) return undefined;
  const { range, shift, since } = compareTo;
  if (since > range.to) return 'all';
  return groupBy.includes('date') ? bucketStart(granularity, shiftedDay(since, shift), weekStart) : undefined;
}

/** Totals equal the sum of the rows even when only totals are selected: values that a fold excludes are in neither. */
function foldFor({ fold }: MetricsQuery, groupBy: readonly DimensionName[]): Plan['fold'] {
  return fold !== undefined && (groupBy.includes(fold.dimension) || !fold.others) ? fold : undefined;
}

const figureOrder: readonly FigureKind[] = ['current', 'previous', 'change', 'relativeChange'];

/** Adds the operands of each figure: a change needs both periods, a ratio both of its sums. */
function withOperands(asked: readonly Figure[], { measures, sumsOf }: Catalogue): Figure[] {
  const needed = new Set<string>();
  for (const { measure, of } of asked) {
    const sides: readonly FigureKind[] =
      of === 'change' || of === 'relativeChange' ? ['current', 'previous'] : [of];
    for (const name of [measure, ...sumsOf(measure)]) for (const side of sides) needed.add(`${side}.${name}`);
    needed.add(`${of}.${measure}`);
  }
  return figureOrder.flatMap((of) =>
    measures.filter((measure) => needed.has(`${of}.${measure}`)).map((measure) => ({ measure, of })),
  );
}

function scansFor(
  used: readonly SumName[],
  groupBy: readonly DimensionName[],
  query: MetricsQuery,
  catalogue: Catalogue,
): Plan['scans'] {
  // Without measures the result is the list of groups: those of ads, the larger side, unless ads lack a dimension.
  const groupsOnly = {
    side: groupBy.includes('match') ? 'crm' : 'ads',
    isByClosing: false,
    sums: [],
  } as const;
  const [first = groupsOnly, ...others] = readsOf(used, query.crmDate, catalogue);
  const { compareTo } = query;
  const hasPrevious = compareTo !== undefined && unknownBefore(query, groupBy) !== 'all';
  const periods = [
    { range: query.range, shift: undefined },
    ...(hasPrevious ? [{ range: compareTo.range, shift: compareTo.shift }] : []),
  ];
  const all = [first, ...others].flatMap((read) =>
    periods.map((period): TableScan => ({ ...read, ...period })),
  );
  const [head = { ...first, range: query.range, shift: undefined }, ...rest] = all;
  return [head, ...rest];
}

/** What is read for some sums, whatever the days. */
function readsOf(
  used: readonly SumName[],
  crmDate: CrmDate,
  catalogue: Catalogue,
): readonly Pick<TableScan, 'side' | 'isByClosing' | 'currency' | 'sums'>[] {
  const reads = new Map<string, { read: Omit<TableScan, 'sums' | 'range' | 'shift'>; sums: SumName[] }>();
  for (const name of used) {
    const sum = catalogue.sum(name);
    const isByClosing = crmDate === 'closed' && sum.isOutcome;
    const currency = currencyOf(sum);
    const key = JSON.stringify([scanOrder.indexOf(sum.from), isByClosing, currency ?? null]);
    const known = reads.get(key) ?? {
      read: { side: sum.from, isByClosing, ...(currency && { currency }) },
      sums: [],
    };
    reads.set(key, known);
    known.sums.push(name);
  }
  return [...reads.entries()]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { read, sums }]) => ({ ...read, sums }));
}

const scanOrder: readonly ScanSide[] = ['ads', 'crm', 'events'];

const currencyOf = ({ addend }: Sum): EventCurrency | undefined =>
  'kind' in addend && addend.kind === 'values' ? addend.currency : undefined;

/** Appends every other dimension to the requested order, so that rows with equal values never swap between pages. */
function withTieBreakers(asked: readonly Order[], groupBy: readonly DimensionName[]): readonly Order[] {
  const kept = asked.filter(({ by }) => isMeasure(by) || groupBy.includes(by));
  const named = new Set<string>(kept.map((order) => order.by));
  const rest = groupBy.filter((name) => !named.has(name));
  return [...kept, ...rest.map((by) => ({ by, of: 'current', direction: 'asc' }) as const)];
}
