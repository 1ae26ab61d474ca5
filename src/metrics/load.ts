import type { CallOptions, Store } from '../clickhouse/store.ts';
import { compile } from './compile.ts';
import { plan } from './plan.ts';
import type { MetricsQuery, MetricsResult, MetricsRow } from './query.ts';
import {
  columnName,
  type DimensionName,
  dimensionNames,
  type MeasureName,
  measureNames,
} from './registry.ts';

const dimensionOfColumn = new Map<string, DimensionName>(
  dimensionNames.map((name) => [`d_${columnName(name)}`, name]),
);
const measureOfColumn = new Map<string, MeasureName>(
  measureNames.map((name) => [`m_${columnName(name)}`, name]),
);

/**
 * Answers one query: plan, compile, run, rows.
 *
 * @throws UtmqlError TIMEOUT, QUERY_TOO_EXPENSIVE, STORE_UNAVAILABLE or CANCELLED
 */
export async function loadMetrics(
  store: Store,
  query: MetricsQuery,
  call: CallOptions,
): Promise<MetricsResult> {
  const started = performance.now();
  const planned = plan(query);
  const answer = await store.read(compile(planned), call);
  const rows = answer.rows.map((values) => decode(answer.columns, values));
  return {
    rows: query.wants.rows ? rows.slice(0, query.limit) : [],
    // ClickHouse gives totals only beside groups; without groups the one row is the total.
    totals: planned.groupBy.length === 0 ? (rows[0] ?? {}) : decode(answer.columns, answer.totals ?? []),
    totalCount: answer.rowsBeforeLimit,
    hasNextPage: query.wants.rows && rows.length > query.limit,
    rowsRead: answer.rowsRead,
    elapsedMs: performance.now() - started,
    queries: 1,
  };
}

/** Columns by their prefixed names → the names of the registry. An empty dimension is null. */
function decode(columns: readonly string[], values: readonly unknown[]): MetricsRow {
  const row: Record<string, string | number | null> = {};
  columns.forEach((column, index) => {
    const value = values[index];
    const dimension = dimensionOfColumn.get(column);
    if (dimension !== undefined) {
      row[dimension] = typeof value === 'string' && value !== '' ? value : null;
      return;
    }
    const measure = measureOfColumn.get(column);
    if (measure !== undefined) row[measure] = typeof value === 'number' ? value : null;
  });
  return row;
}
