import DataLoader from 'dataloader';
import type { Store } from '../clickhouse/store.ts';
import { bounded } from '../time.ts';
import { loadMetrics } from './load.ts';
import { catalogueOf } from './model.ts';
import { plan } from './plan.ts';
import type { MetricsQuery, MetricsResult } from './query.ts';
import { queryKey } from './query-key.ts';
import { rowsOf } from './query-weight.ts';
import type { MeasureName } from './registry.ts';
import { smallestFor } from './rollups/choose.ts';
import type { CurrentRollups, Rollups } from './rollups/current.ts';

/** A look takes some milliseconds. */
const longestLookMs = 1_000;

/** Resolves the `metrics` fields of one request. */
export interface MetricsLoader {
  load(query: MetricsQuery): Promise<MetricsResult>;
}

/**
 * Batches the `metrics` fields of a request: queries that differ only in measures, totals or counts become one ClickHouse query
 * for all of them.
 *
 * @param ready resolves when what the fields wait for is there: those that wait for nothing are batched with the others
 */
export function createMetricsLoader(
  store: Pick<Store, 'read'>,
  rollups?: Rollups,
  ready: () => Promise<void> = () => Promise.resolve(),
): MetricsLoader {
  return new DataLoader<MetricsQuery, MetricsResult>(
    async (queries) => {
      const shapes = queries.map(shapeOf);
      const merged = [...mergeByShape(queries, shapes)].map(
        ([shape, query]) => [shape, { query, ...servedBy(query, rollups) }] as const,
      );
      const current = merged.some(([, { isServed }]) => isServed) ? lookAt(rollups) : undefined;
      const answers = new Map<string, Promise<MetricsResult | Error>>();
      for (const [shape, { query, wouldUseSet, isServed }] of merged)
        answers.set(
          shape,
          rollups !== undefined && isServed && current !== undefined
            ? loadFromRollups(store, query, rollups, current)
            : loadMetrics(store, query, { wouldUseSet, rows: rollups?.last()?.rows }),
        );
      return Promise.all(
        shapes.map(async (shape) => (await answers.get(shape)) ?? new Error('not answered')),
      );
    },
    {
      cache: false,
      // After all that goes on once it is ready, too.
      batchScheduleFn: (dispatch) => void ready().then(() => process.nextTick(dispatch)),
    },
  );
}

/** Whether rollups could answer a query, and whether they would be read for so many rows. */
export function servedBy(
  query: MetricsQuery,
  rollups: Rollups | undefined,
): { readonly wouldUseSet: boolean; readonly isServed: boolean } {
  if (rollups === undefined || !query.useRollups) return { wouldUseSet: false, isServed: false };
  const planned = plan(query);
  // Whether the ranges had enough rows, some seconds ago, that rollups are faster.
  const rows = rollups.last()?.rows;
  const wouldUseSet = rows === undefined || rowsOf(planned.scans, rows) >= rollups.leastRows;
  return { wouldUseSet, isServed: wouldUseSet && smallestFor(planned, rollups.sets) !== undefined };
}

/**
 * Reads while the look is on its way, by what the last looks have found: where this look finds the same, the answer counts.
 * Where it does not, the query is read again, by what it has found.
 *
 * @param current what the look finds; undefined: rollups answer nothing
 */
async function loadFromRollups(
  store: Pick<Store, 'read'>,
  query: MetricsQuery,
  rollups: Rollups,
  current: Promise<CurrentRollups | undefined>,
): Promise<MetricsResult> {
  const readBy = (found: CurrentRollups | undefined, isRepeated: boolean): Promise<MetricsResult> => {
    const rows = (found ?? rollups.last())?.rows;
    return loadMetrics(store, query, { rollups: found, wouldUseSet: true, isRepeated, rows });
  };
  const steady = rollups.steady();
  const early = steady === undefined ? undefined : readBy(steady, false);
  // It may fail before the look is there, and when it counts for nothing.
  early?.catch(() => undefined);
  const found = await current;
  return early !== undefined && found === steady ? early : readBy(found, early !== undefined);
}

/** Resolves to undefined where a look fails or takes too long: the tables answer, too, and say what is wrong with the store. */
export const lookAt = async (rollups: Rollups | undefined): Promise<CurrentRollups | undefined> => {
  const timeout = { ms: longestLookMs, error: () => new Error('the look takes too long') };
  return bounded({ timeout }, async () => rollups?.look()).catch(() => undefined);
};

/**
 * Returns a key of everything but the selected fields: one read answers all queries with the same key. The tables are part of
 * it, since they decide which rows exist: clicks by channel has no row for unattributed CRM records. Of events, only those that
 * a sum counts are read.
 */
function shapeOf(query: MetricsQuery): string {
  const { measures, wants, ...shape } = query;
  const { scans, groupBy } = plan(query);
  return queryKey([
    shape,
    wants.rows,
    groupBy.length === 0
      ? []
      : scans.map(({ side, isByClosing, sums }) => (side === 'events' ? sums : [side, isByClosing])),
  ]);
}

function mergeByShape(
  queries: readonly MetricsQuery[],
  shapes: readonly string[],
): Map<string, MetricsQuery> {
  const united = new Map<string, MetricsQuery>();
  for (const [index, query] of queries.entries()) {
    const shape = shapes[index] ?? '';
    const other = united.get(shape) ?? query;
    const measures = new Set<MeasureName>([...other.measures, ...query.measures]);
    united.set(shape, {
      ...query,
      measures: catalogueOf(query.model).measures.filter((name) => measures.has(name)),
      wants: {
        rows: query.wants.rows,
        totals: other.wants.totals || query.wants.totals,
        totalCount: other.wants.totalCount || query.wants.totalCount,
      },
    });
  }
  return united;
}
