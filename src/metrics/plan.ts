import type { DayRange, Filter, Having, MetricsQuery, Order } from './query.ts';
import {
  type DimensionName,
  type Granularity,
  isMeasure,
  type MeasureName,
  partsOf,
  type RatioName,
  ratioNames,
  type Side,
  type SumName,
  sumNames,
  sums,
  type Weekday,
} from './registry.ts';

/** One read of one side's table. */
export interface Scan {
  readonly side: Side;
  readonly range: DayRange;
  readonly sums: readonly SumName[];
}

/** What will be computed: only what was asked for and what that is made of. */
export interface Plan {
  readonly workspace: string;
  readonly scans: readonly [Scan, ...Scan[]];
  readonly groupBy: readonly DimensionName[];
  readonly granularity: Granularity;
  readonly weekStart: Weekday;
  readonly where: Filter | undefined;
  readonly having: readonly Having[];
  readonly sums: readonly SumName[];
  readonly ratios: readonly RatioName[];
  readonly orderBy: readonly Order[];
  readonly page: { readonly offset: number; readonly limit: number };
  readonly totals: boolean;
}

/** Query → plan. Pure and deterministic: equal queries give equal plans, measures in the registry's order. */
export function plan(query: MetricsQuery): Plan {
  const measures = new Set<MeasureName>([...query.measures, ...query.having.map((having) => having.measure)]);
  const needsGroups = query.wants.rows || query.wants.totalCount || query.having.length > 0;
  const groupBy = needsGroups ? query.groupBy : [];
  const orderBy = query.wants.rows ? fullOrder(query.orderBy, groupBy) : [];
  for (const { by } of orderBy) if (isMeasure(by)) measures.add(by);

  const parts = new Set([...measures].flatMap(partsOf));
  const usedSums = sumNames.filter((name) => parts.has(name));
  return {
    workspace: query.workspace,
    scans: scansFor(usedSums, groupBy, query.range),
    groupBy,
    granularity: query.granularity,
    weekStart: query.weekStart,
    where: query.where,
    having: query.having,
    sums: usedSums,
    ratios: ratioNames.filter((name) => measures.has(name)),
    orderBy,
    // One more than the page holds tells whether there is another.
    page: query.wants.rows ? { offset: query.offset, limit: query.limit + 1 } : { offset: 0, limit: 1 },
    totals: query.wants.totals && groupBy.length > 0,
  };
}

function scansFor(
  used: readonly SumName[],
  groupBy: readonly DimensionName[],
  range: DayRange,
): Plan['scans'] {
  const scan = (side: Side): Scan => ({ side, range, sums: used.filter((name) => sums[name].from === side) });
  const ads = scan('ads');
  const crm = scan('crm');
  if (crm.sums.length === 0 && ads.sums.length === 0) return [groupBy.includes('match') ? crm : ads];
  if (crm.sums.length === 0) return [ads];
  if (ads.sums.length === 0) return [crm];
  return [ads, crm];
}

/** The order asked for, then every other dimension, so that equal rows never swap between pages. */
function fullOrder(asked: readonly Order[], groupBy: readonly DimensionName[]): readonly Order[] {
  const named = new Set<string>(asked.map((order) => order.by));
  return [
    ...asked,
    ...groupBy.filter((name) => !named.has(name)).map((by) => ({ by, direction: 'asc' as const })),
  ];
}
