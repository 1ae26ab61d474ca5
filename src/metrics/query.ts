import type { Day } from '../records/day.ts';
import type { DimensionName, Granularity, LabelName, MeasureName, Weekday } from './registry.ts';

/** Days from `from` to `to`, both included. */
export interface DayRange {
  readonly from: Day;
  readonly to: Day;
}

export const textOperators = [
  'eq',
  'ne',
  'in',
  'notIn',
  'contains',
  'startsWith',
  'endsWith',
  'isUnknown',
] as const;
export type TextOperator = (typeof textOperators)[number];

/** A condition on dimensions. Null never equals a value, so `ne`, `notIn` and `not` hold for it: a filter and its `not` split the rows in two. */
export type Filter =
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }
  | {
      readonly dimension: LabelName;
      readonly operator: Exclude<TextOperator, 'isUnknown'>;
      readonly values: readonly string[];
    }
  | { readonly dimension: LabelName; readonly operator: 'isUnknown'; readonly holds: boolean };

export const numberOperators = ['gt', 'gte', 'lt', 'lte', 'eq'] as const;
export type NumberOperator = (typeof numberOperators)[number];

/** A condition on a measure of the finished row. A null ratio meets none. */
export interface Having {
  readonly measure: MeasureName;
  readonly operator: NumberOperator;
  readonly value: number;
}

export interface Order {
  readonly by: MeasureName | DimensionName;
  readonly direction: 'asc' | 'desc';
}

/** What is asked, validated: everything that decides the answer and nothing else. */
export interface MetricsQuery {
  readonly workspace: string;
  readonly range: DayRange;
  readonly groupBy: readonly DimensionName[];
  readonly granularity: Granularity;
  readonly weekStart: Weekday;
  readonly where: Filter | undefined;
  readonly having: readonly Having[];
  readonly orderBy: readonly Order[];
  readonly offset: number;
  readonly limit: number;
  /** Measures that rows or totals show. */
  readonly measures: readonly MeasureName[];
  readonly wants: { readonly rows: boolean; readonly totals: boolean; readonly totalCount: boolean };
}

/** Values by dimension (null where the row has none; missing where it was not asked for) and by measure. */
export type MetricsRow = { readonly [Name in DimensionName]?: string | null } & {
  readonly [Name in MeasureName]?: number | null;
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
}
