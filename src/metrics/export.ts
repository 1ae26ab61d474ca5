import { hasThrown } from '../clickhouse/errors.ts';
import { bind, columnName, join, type Sql, sql } from '../clickhouse/sql.ts';
import type { Store, StreamFormat } from '../clickhouse/store.ts';
import { UtmqlError } from '../errors.ts';
import { compileRows, figureAlias } from './compile.ts';
import { dimensionAlias } from './compile-scan.ts';
import { rollupSettings } from './load.ts';
import { lookAt, servedBy } from './loader.ts';
import { catalogueOf } from './model.ts';
import { type Plan, plan, type Scan } from './plan.ts';
import { type FigureKind, type MetricsQuery, otherValue } from './query.ts';
import type { DimensionName, MeasureName } from './registry.ts';
import { withRollups } from './rollups/choose.ts';
import type { Rollups } from './rollups/current.ts';
import { questionOf, withQuestion } from './rollups/question.ts';

/** The files that figures can be exported in. */
export const exportFormats = ['csv', 'ndjson', 'parquet', 'arrow'] as const;
export type ExportFormat = (typeof exportFormats)[number];

const streamFormats: Readonly<Record<ExportFormat, StreamFormat>> = {
  csv: 'CSVWithNames',
  ndjson: 'JSONEachRow',
  parquet: 'Parquet',
  arrow: 'ArrowStream',
};

/** Nulls are empty cells; Parquet in the compression that every reader knows; texts become the nearest number, as in JavaScript. */
const formatSettings = {
  precise_float_parsing: 1,
  format_csv_null_representation: '',
  output_format_parquet_compression_method: 'snappy',
} as const;

/** A column of an exported file, by its name there. */
export type ExportColumn = { readonly name: string } & (
  | { readonly dimension: DimensionName }
  | { readonly measure: MeasureName; readonly of: FigureKind }
  | { readonly isOther: true }
);

export interface ExportOptions {
  readonly format: ExportFormat;
  /** Only the first rows; undefined: all of them. */
  readonly limit: number | undefined;
  /** More are refused. */
  readonly maxRows: number;
  /** Longest from the first byte to the last. */
  readonly longestMs: number;
}

/**
 * A query's statement without pages, for a file: all rows, in order, under the names that they are asked by. Where there are more
 * than `maxRows`, it ends itself before the first one.
 */
function compileExport(
  planned: Plan<Scan>,
  columns: readonly ExportColumn[],
  { format, limit, maxRows }: Pick<ExportOptions, 'format' | 'limit' | 'maxRows'>,
): Sql {
  const { rows, order } = compileRows(planned);
  const shown = join(
    columns.map((column) => sql`${columnValue(column, planned, format)} AS ${columnName(column.name)}`),
    ', ',
  );
  if (limit !== undefined) return sql`SELECT ${shown} FROM (${rows})${order} LIMIT ${bind('UInt64', limit)}`;
  const counted = sql`SELECT *, count() OVER () AS row_count FROM (${rows} LIMIT ${bind('UInt64', maxRows + 1)})`;
  return sql`SELECT ${shown} FROM (${counted}) WHERE throwIf(row_count > ${bind('UInt64', maxRows)}) = 0${order}`;
}

/** What GraphQL shows in the field of this name. */
function columnValue(column: ExportColumn, planned: Plan<Scan>, format: ExportFormat): Sql {
  if ('dimension' in column) return dimensionValue(column.dimension, planned, format);
  if ('measure' in column) return figureValue(column.measure, column.of, planned);
  const { fold } = planned;
  return fold?.others === true
    ? sql`toBool(${dimensionAlias(fold.dimension)} = ${bind('String', otherValue)})`
    : sql`false`;
}

function dimensionValue(name: DimensionName, { fold }: Plan<Scan>, format: ExportFormat): Sql {
  const alias = dimensionAlias(name);
  // Parquet and Arrow know no other dates.
  if (name === 'date') return sql`toDate32(${alias})`;
  const other = bind('String', otherValue);
  const text =
    fold?.others === true && fold.dimension === name
      ? sql`if(${alias} = ${other}, ${other}, substring(${alias}, 2))`
      : sql`toString(${alias})`;
  return sql`nullIf(${format === 'csv' ? withoutFormula(text) : text}, '')`;
}

/** Spreadsheets take a text that begins so for a formula; some of them, where it is of full width, too. */
const formulaStart = '^[=+\\-@\\t\\r\\n＝＋－＠]';

/** Names of campaigns come from outside: OWASP advises an apostrophe before them. */
const withoutFormula = (text: Sql): Sql =>
  sql`if(match(${text}, ${bind('String', formulaStart)}), concat('\\'', ${text}), ${text})`;

function figureValue(measure: MeasureName, of: FigureKind, planned: Plan<Scan>): Sql {
  const isRead = planned.figures.some((figure) => figure.measure === measure && figure.of === of);
  if (!isRead) return sql`CAST(NULL, 'Nullable(Float64)')`;
  const alias = figureAlias(measure, of);
  const { isSum, describe } = catalogueOf(planned.model);
  const isCount = isSum(measure) && describe(measure).unit === 'count';
  if (isCount && (of === 'current' || of === 'previous')) return sql`accurateCastOrNull(${alias}, 'Int64')`;
  // A decimal's own conversion rounds twice.
  const number = sql`toFloat64(toString(${alias}))`;
  // As `withoutNoise` has it: 13 digits.
  const value = planned.conversion === undefined ? number : sql`toFloat64OrNull(printf('%.12e', ${number}))`;
  // Zero is added because a ratio of zero and a negative number is -0, which JSON’s readers show as 0 and spreadsheets do not.
  return sql`if(isFinite(${value}), ${value} + 0, NULL)`;
}

/** A file that can be made. */
export interface MetricsExport {
  readonly query: MetricsQuery;
  /**
   * Makes it, once.
   *
   * @throws UtmqlError QUERY_TOO_EXPENSIVE for more rows than it may have, before `receive` is called; what a read throws
   */
  send(receive: (bytes: AsyncIterable<Buffer>) => Promise<void>): Promise<void>;
}

/** Plans the file of a query's rows. Rollups answer it where they would answer the query. */
export async function prepareExport(
  store: Pick<Store, 'stream'>,
  query: MetricsQuery,
  columns: readonly ExportColumn[],
  options: ExportOptions,
  rollups: Rollups | undefined,
): Promise<MetricsExport> {
  const { wouldUseSet, isServed } = servedBy(query, rollups);
  const current = isServed ? await lookAt(rollups) : undefined;
  const planned = plan({ ...query, wants: { rows: true, totals: false, totalCount: false } });
  const reading = current === undefined ? planned : withRollups(planned, current);
  const statement = withQuestion(
    compileExport(reading, columns, options),
    questionOf(planned, reading, wouldUseSet),
  );
  return {
    query,
    async send(receive) {
      let isBegun = false;
      try {
        await store.stream(
          statement,
          {
            format: streamFormats[options.format],
            longestMs: options.longestMs,
            // However few rows it reads: it is at work for as long as it is received, and nobody looks at it meanwhile.
            weight: 'heavy',
            settings: {
              ...formatSettings,
              ...(reading.scans.some((scan) => 'rollup' in scan) && rollupSettings),
            },
          },
          (bytes) => {
            isBegun = true;
            return receive(bytes);
          },
        );
      } catch (error) {
        if (isBegun || !hasThrown(error)) throw error;
        throw tooManyRows(options.maxRows, error);
      }
    },
  };
}

const tooManyRows = (most: number, cause: unknown): UtmqlError =>
  new UtmqlError(
    'QUERY_TOO_EXPENSIVE',
    `The file would have more than ${most} rows. Ask for a shorter date range, fewer dimensions or a stricter filter, or only for the first rows with limit.`,
    { cause },
  );
