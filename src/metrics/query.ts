import type { Day } from '../records/day.ts';
import type { Conversion } from './currency/conversion.ts';
import type { DataScope } from './data-scope.ts';
import type { Filter } from './filter.ts';
import type { CrmDate, DimensionName, Granularity, MeasureName, TextDimension, Weekday } from './registry.ts';

/** Days from `from` to `to`, both included. */
export interface DayRange {
  readonly from: Day;
  readonly to: Day;
}

export const numberOperators = ['gt', 'gte', 'lt', 'lte', 'eq'] as const;
type NumberOperator = (typeof numberOperators)[number];

/** Figures of a measure: its value in the range, in the range it is compared to, and the difference. */
export const figureKinds = ['current', 'previous', 'change', 'relativeChange'] as const;
export type FigureKind = (typeof figureKinds)[number];

/** A condition on a figure of the aggregated row. Null meets no condition. */
export interface Having {
  readonly measure: MeasureName;
  readonly of: FigureKind;
  readonly operator: NumberOperator;
  readonly value: number;
}

export interface Order {
  readonly by: MeasureName | DimensionName;
  /** Applies to measures; dimensions have only `current`. */
  readonly of: FigureKind;
  readonly direction: 'asc' | 'desc';
}

/** Mondays are compared to Mondays, or the first of a month to the first of a month. */
export const alignments = ['weekday', 'date'] as const;
export type Alignment = (typeof alignments)[number];

/** The range that rows are compared to, and the shift that aligns its days with the range. */
export interface Comparison {
  readonly range: DayRange;
  readonly shift: Shift;
  /** What the days of a previous year are aligned by; undefined: the comparison is another. */
  readonly align?: Alignment | undefined;
  /**
   * The first day of the range with data: no earlier day has any, whatever is filtered. After the range: there is none to
   * compare to. Undefined: the range begins with data, or after it.
   */
  readonly since?: Day | undefined;
}

export interface Shift {
  readonly unit: 'day' | 'month';
  readonly count: number;
  /**
   * Days shifted outside this range count towards its first or last day: 29 February has no counterpart a year before, March
   * has more days than February. Undefined if no day falls outside.
   */
  readonly within?: DayRange | undefined;
}

/** Only these values of a dimension get rows of their own; all others form one row, or none. */
export interface Fold {
  readonly dimension: TextDimension;
  /** As stored: '' is null. */
  readonly values: readonly string[];
  readonly others: boolean;
}

/** The name of the row of all other values in a folded dimension. A real value can be equal: `isOther` tells them apart. */
export const otherValue = '(other)';

/** A validated query: everything that determines the result and nothing else. */
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
  /** First days of the buckets that every series gets a row for; undefined: only buckets with data. */
  readonly fill: readonly Day[] | undefined;
  readonly offset: number;
  readonly limit: number;
  /** Measures selected in rows or totals. */
  readonly measures: readonly MeasureName[];
  /** Figures selected of them. */
  readonly figures: readonly FigureKind[];
  /** Dimensions by which the rows that pass `having` are aggregated again; undefined: not at all. */
  readonly subtotalBy: readonly DimensionName[] | undefined;
  readonly wants: { readonly rows: boolean; readonly totals: boolean; readonly totalCount: boolean };
  /** Which day won CRM records and their revenue stand on. */
  readonly crmDate: CrmDate;
  /** Which day `date` is of a record: the one that it counts on, or the one that it is stored on. */
  readonly dateOf: 'figure' | 'record';
  /** What money is turned into; undefined: it stays as it is stored, and money of two currencies is not added up. */
  readonly conversion: Conversion | undefined;
  /** False: every row of the tables is read. */
  readonly useRollups: boolean;
}

/** The default of every optional part of a query. */
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
  crmDate: 'created',
  dateOf: 'figure',
  conversion: undefined,
  useRollups: true,
};

export type Measures = { readonly [Name in MeasureName]?: number | null };

/** Values by dimension (null: the row has none; absent: not requested) and by measure, with those of the comparison. */
export type MetricsRow = { readonly [Name in DimensionName]?: string | null } & Measures & {
    /** True for the row of all other values of a fold. */
    readonly isOther?: boolean;
    /** Absent: nothing is compared, or there is nothing to compare to. */
    readonly compared?: { readonly [Kind in Exclude<FigureKind, 'current'>]: Measures };
  };

/** What a result was read from: every stored row, sums of them, or both. */
export const metricsSources = ['tables', 'rollups', 'both'] as const;
export type MetricsSource = (typeof metricsSources)[number];

export interface MetricsResult {
  readonly rows: readonly MetricsRow[];
  readonly totals: MetricsRow;
  readonly totalCount: number;
  readonly hasNextPage: boolean;
  /** Rows that ClickHouse read. */
  readonly rowsRead: number;
  /** Milliseconds from plan to rows. */
  readonly elapsedMs: number;
  /** Number of ClickHouse queries sent. */
  readonly queries: number;
  readonly source: MetricsSource;
  /** The SQL sent. */
  readonly sql: string;
}
