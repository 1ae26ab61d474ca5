import type { Store } from '../clickhouse/store.ts';
import { compile, figurePrefixes } from './compile.ts';
import { dimensionPrefixes, unfoldedValue } from './compile-scan.ts';
import { catalogueOf } from './model.ts';
import { type Plan, plan, type Scan } from './plan.ts';
import {
  type FigureKind,
  figureKinds,
  type MetricsQuery,
  type MetricsResult,
  type MetricsRow,
  type MetricsSource,
  otherValue,
} from './query.ts';
import { type RowsOfDays, weightOf } from './query-weight.ts';
import {
  breakdownDimension,
  type DimensionName,
  dimensionNames,
  type MeasureName,
  ownDimension,
  ownMeasure,
  ratioNames,
  snakeCase,
  sumNames,
} from './registry.ts';
import { withRollups } from './rollups/choose.ts';
import type { CurrentRollups } from './rollups/current.ts';
import { questionOf, withQuestion } from './rollups/question.ts';

const dimensionOfColumn = new Map<string, DimensionName>(
  dimensionNames.map((name) => [`${dimensionPrefixes.named}${snakeCase(name)}`, name]),
);
function dimensionOf(column: string): DimensionName | undefined {
  const { breakdown, own } = dimensionPrefixes;
  if (column.startsWith(breakdown)) return breakdownDimension(column.slice(breakdown.length));
  return column.startsWith(own) ? ownDimension(column.slice(own.length)) : dimensionOfColumn.get(column);
}

interface FigureOfColumn {
  readonly measure: MeasureName;
  readonly of: FigureKind;
}
const figureOfColumn = new Map<string, FigureOfColumn>(
  figureKinds.flatMap((of) =>
    [...sumNames, ...ratioNames].map(
      (measure) => [`${figurePrefixes[of]}_${snakeCase(measure)}`, { measure, of }] as const,
    ),
  ),
);
/** `m__video_views`: see `measureColumn`. */
const ownFigure = /^([a-z])__(.+)$/;

function figureOf(column: string): FigureOfColumn | undefined {
  const [, prefix, key = ''] = ownFigure.exec(column) ?? [];
  const of = figureKinds.find((kind) => figurePrefixes[kind] === prefix);
  return of === undefined ? figureOfColumn.get(column) : { measure: ownMeasure(key), of };
}

/** A set's rows are few and near each other: to read columns one after the other costs more than it leaves out. */
export const rollupSettings = { optimize_move_to_prewhere: 0 } as const;

/**
 * Plans, compiles and runs one query.
 *
 * @param known.rollups what it may be read from beside the tables; undefined: nothing
 * @param known.wouldUseSet see `Question`
 * @param known.isRepeated see `withQuestion`
 * @param known.rows what the tables have; undefined: that is not known
 * @throws UtmqlError TIMEOUT, QUERY_TOO_EXPENSIVE, OVERLOADED, RATE_LIMITED, STORE_UNAVAILABLE or CANCELLED
 */
export async function loadMetrics(
  store: Pick<Store, 'read'>,
  query: MetricsQuery,
  known: {
    readonly rollups?: CurrentRollups | undefined;
    readonly wouldUseSet?: boolean;
    readonly isRepeated?: boolean;
    readonly rows?: RowsOfDays | undefined;
  } = {},
): Promise<MetricsResult> {
  const started = performance.now();
  const planned = plan(query);
  const reading = known.rollups === undefined ? planned : withRollups(planned, known.rollups);
  const statement = compile(reading);
  const question = questionOf(planned, reading, known.wouldUseSet ?? false);
  const answer = await store.read(withQuestion(statement, question, known.isRepeated), {
    weight: weightOf(reading, known.rows),
    settings: reading.scans.some((scan) => 'rollup' in scan) ? rollupSettings : {},
  });
  const rows = answer.rows.map((values) => decode(answer.columns, values, planned));
  // ClickHouse returns totals only with GROUP BY. Without it the one row is the total, unless `having` excluded it.
  const totals = planned.totals ? answer.totals : answer.rows[0];
  return {
    rows: query.wants.rows ? rows.slice(0, query.limit) : [],
    totals: decode(answer.columns, totals ?? [], planned),
    totalCount: answer.rowsBeforeLimit,
    hasNextPage: query.wants.rows && rows.length > query.limit,
    rowsRead: answer.rowsRead,
    elapsedMs: performance.now() - started,
    queries: 1,
    source: sourceOf(reading.scans),
    sql: statement.compile().sql,
  };
}

const sourceOf = (scans: readonly Scan[]): MetricsSource => {
  const ofRollups = scans.filter((scan) => 'rollup' in scan).length;
  return ofRollups === 0 ? 'tables' : ofRollups === scans.length ? 'rollups' : 'both';
};

/** A rate is worked out of others, and so has noise in its last digits: spend and revenue of one rate give a ROAS of 5, not 4.999999999999999. */
const withoutNoise = (value: number): number => Number(value.toPrecision(13));

/** Maps prefixed column names back to names of the registry. An empty dimension is null. */
function decode(
  columns: readonly string[],
  values: readonly unknown[],
  {
    compared,
    fold,
    unknownBefore,
    conversion,
    model,
  }: Pick<Plan, 'compared' | 'fold' | 'unknownBefore' | 'conversion' | 'model'>,
): MetricsRow {
  const dimensions: { [Name in DimensionName]?: string | null } = {};
  const figures: { [Name in MeasureName]?: number | null } = {};
  const marks: { isOther?: true } = {};
  const others: Record<Exclude<FigureKind, 'current'>, Record<string, number | null>> = {
    previous: {},
    change: {},
    relativeChange: {},
  };
  columns.forEach((column, index) => {
    const value = values[index];
    const dimension = dimensionOf(column);
    if (dimension !== undefined) {
      const text = typeof value === 'string' && value !== '' ? value : null;
      const isFolded = text !== null && fold?.others === true && fold.dimension === dimension;
      const kept = isFolded ? unfoldedValue(text) : text;
      dimensions[dimension] = kept === undefined ? otherValue : kept;
      if (kept === undefined) marks.isOther = true;
      return;
    }
    const figure = figureOf(column);
    // Without a row that passes `having`, sums are zero: only what cannot be compared is null.
    if (figure === undefined || (value === undefined && unknownBefore === undefined)) return;
    const target: Record<string, number | null | undefined> =
      figure.of === 'current' ? figures : others[figure.of];
    const number = typeof value === 'number' ? value : null;
    target[figure.measure] = number === null || conversion === undefined ? number : withoutNoise(number);
  });
  // A row that has nothing to be compared to has no sum of the time before, not one that is zero.
  const sumsBefore = catalogueOf(model).sums.flatMap((name) => others.previous[name] ?? []);
  const isUnknown = unknownBefore !== undefined && sumsBefore.length === 0;
  return {
    ...dimensions,
    ...figures,
    ...marks,
    ...(compared && !isUnknown && { compared: others }),
  };
}
