import type { Day } from '../records/day.ts';
import type { DataScope } from './data-scope.ts';
import type { Filter } from './filter.ts';
import type { DimensionName, Granularity, MeasureName, TextDimension, Weekday } from './registry.ts';

/** Days from `from` to `to`, both included. */
export interface DayRange {
  readonly from: Day;
  readonly to: Day;
}

export const numberOperators = ['gt', 'gte', 'lt', 'lte', 'eq'] as const;
type NumberOperator = (typeof numberOperators)[number];

/** Which figure of a measure: of the range, of the range it is compared to, or how the one differs from the other. */
export const figureKinds = ['current', 'previous', 'change', 'relativeChange'] as const;
export type FigureKind = (typeof figureKinds)[number];

/** A condition on a figure of the finished row. A null figure meets none. */
export interface Having {
  readonly measure: MeasureName;
  readonly of: FigureKind;
  readonly operator: NumberOperator;
  readonly value: number;
}

export interface Order {
  readonly by: MeasureName | DimensionName;
  /** Of a measure; dimensions have only the one. */
  readonly of: FigureKind;
  readonly direction: 'asc' | 'desc';
}

/** The range that rows are compared to, and how its days are moved so that they meet those of the range. */
export interface Comparison {
  readonly range: DayRange;
  readonly shift: Shift;
}

export interface Shift {
  readonly unit: 'day' | 'month';
  readonly count: number;
  /**
   * Days that are moved beyond the range count towards its first or last day: 29 February has no day a year before, March has
   * more days than February. Undefined where none is.
   */
  readonly within?: DayRange | undefined;
}

/** Only these values of a dimension get rows of their own; the rest is one row, or none. */
export interface Fold {
  readonly dimension: TextDimension;
  /** As stored: '' is null. */
  readonly values: readonly string[];
  readonly others: boolean;
}

/** What stands for the rest in a folded dimension. A value can be called so, too: `isOther` tells them apart. */
export const otherValue = '(other)';

/** What is asked, validated: everything that decides the answer and nothing else. */
export interface MetricsQuery extends DataScope {
  readonly range: DayRange;
  readonly groupBy: readonly DimensionName[];
  readonly granularity: Granularity;
  readonly weekStart: Weekday;
  readonly where: Filter | undefined;
  readonly having: readonly Having[];
  readonly orderBy: readonly Order[];
  readonly compareTo: Comparison | undefined;
  readonly fold: Fold | undefined;
  /** The first days of all buckets that every series is to have a row for; undefined where rows are those that exist. */
  readonly fill: readonly Day[] | undefined;
  readonly offset: number;
  readonly limit: number;
  /** Measures that rows or totals show. */
  readonly measures: readonly MeasureName[];
  /** Which figures of them. */
  readonly figures: readonly FigureKind[];
  /** Dimensions by which the rows that pass `having` are put together once more; undefined: not at all. */
  readonly subtotalBy: readonly DimensionName[] | undefined;
  readonly wants: { readonly rows: boolean; readonly totals: boolean; readonly totalCount: boolean };
}

/** A query of nothing yet: what most queries leave as it is. */
export const emptyQuery: Omit<MetricsQuery, keyof DataScope | 'range'> = {
  groupBy: [],
  granularity: 'day',
  weekStart: 'monday',
  where: undefined,
  having: [],
  orderBy: [],
  compareTo: undefined,
  fold: undefined,
  fill: undefined,
  offset: 0,
  limit: 100,
  measures: [],
  figures: ['current'],
  subtotalBy: undefined,
  wants: { rows: true, totals: false, totalCount: false },
};

export type Measures = { readonly [Name in MeasureName]?: number | null };

/** Values by dimension (null where the row has none; missing where it was not asked for) and by measure, with those of the comparison. */
export type MetricsRow = { readonly [Name in DimensionName]?: string | null } & Measures & {
    /** The row is the rest of a fold. */
    readonly isOther?: boolean;
    readonly compared?: { readonly [Kind in Exclude<FigureKind, 'current'>]: Measures };
  };

export interface MetricsResult {
  readonly rows: readonly MetricsRow[];
  readonly totals: MetricsRow;
  readonly totalCount: number;
  readonly hasNextPage: boolean;
  /** Rows that ClickHouse read for this answer. */
  readonly rowsRead: number;
  /** From plan to rows, milliseconds. */
  readonly elapsedMs: number;
  /** ClickHouse queries that were sent for this answer. */
  readonly queries: number;
  /** What was sent. */
  readonly sql: string;
}
