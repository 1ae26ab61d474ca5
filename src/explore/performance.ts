import DataLoader from 'dataloader';
import { UtmqlError } from '../errors.ts';
import type { Conversion } from '../metrics/currency/conversion.ts';
import type { DataScope } from '../metrics/data-scope.ts';
import type { Filter } from '../metrics/filter.ts';
import type { MetricsLoader } from '../metrics/loader.ts';
import { type DayRange, emptyQuery, type MetricsQuery, type MetricsRow } from '../metrics/query.ts';
import { queryKey } from '../metrics/query-key.ts';
import type { BreakdownName, Granularity, MeasureName, Weekday } from '../metrics/registry.ts';

/** A campaign by its id, or a channel by its name: an object that has `metrics` and `timeseries`. */
export interface Subject {
  /** What money is turned into; undefined: it stays as it is stored. */
  readonly conversion?: Conversion | undefined;
  readonly dimension: 'campaignId' | 'channel';
  readonly value: string;
}

/** What one field reads for each of its subjects. */
export interface PerformanceQuery {
  readonly range: DayRange;
  readonly where: Filter | undefined;
  /** With buckets, one row for each; if undefined, one row in total. */
  readonly buckets: { readonly granularity: Granularity; readonly weekStart: Weekday } | undefined;
  /** With breakdowns, one row for each combination of their values. */
  readonly breakdowns: readonly BreakdownName[];
  readonly measures: readonly MeasureName[];
}

export interface Performance {
  /**
   * Returns the rows of one subject. One `metrics` query reads all subjects of a request with the same query.
   *
   * @param place the place of the field in the document. The query is the same for all subjects of one place, so `read` is called
   *   once a place
   * @throws UtmqlError QUERY_TOO_EXPENSIVE if all subjects together have more rows than one query may return
   */
  rows(subject: Subject, place: object, read: () => PerformanceQuery): Promise<readonly MetricsRow[]>;
}

interface Asked {
  readonly subject: Subject;
  readonly question: PerformanceQuery;
  /** Equal for equal queries of the same kind of subject. */
  readonly key: string;
}

/** The most rows that the store returns; it refuses more as too expensive. */
const maxRows = 100_000;

export function createPerformance(metrics: MetricsLoader, scope: DataScope): Performance {
  const places = new WeakMap<object, Omit<Asked, 'subject'>>();
  const loader = new DataLoader<Asked, readonly MetricsRow[]>(
    async (all) => {
      const answers = new Map<string, Promise<ReadonlyMap<string, readonly MetricsRow[]>>>();
      for (const [key, asked] of groupBy(all, ({ key }) => key)) {
        answers.set(key, answer(metrics, scope, asked));
      }
      return Promise.all(
        all.map(async ({ key, subject }) => {
          try {
            return (await answers.get(key))?.get(subject.value) ?? [];
          } catch (error) {
            return error instanceof Error ? error : new Error(String(error));
          }
        }),
      );
    },
    { cache: false },
  );
  return {
    rows(subject, place, read) {
      const known = places.get(place) ?? ask(read(), subject);
      places.set(place, known);
      const { buckets, breakdowns, measures } = known.question;
      if (buckets === undefined && breakdowns.length === 0 && measures.length === 0)
        return Promise.resolve([]);
      return loader.load({ subject, ...known });
    },
  };
}

function ask(question: PerformanceQuery, { dimension, conversion }: Subject): Omit<Asked, 'subject'> {
  return { question, key: queryKey([dimension, conversion, question]) };
}

/** Runs one query for all values and returns its rows by value. */
async function answer(
  metrics: MetricsLoader,
  scope: DataScope,
  asked: readonly Asked[],
): Promise<ReadonlyMap<string, readonly MetricsRow[]>> {
  const [first] = asked;
  if (first === undefined) return new Map();
  const { dimension, conversion } = first.subject;
  const values = [...new Set(asked.map(({ subject }) => subject.value))].sort();
  const { rows, hasNextPage } = await metrics.load({
    ...toQuery(scope, dimension, values, first.question),
    conversion,
  });
  if (hasNextPage) {
    throw new UtmqlError(
      'QUERY_TOO_EXPENSIVE',
      `The answer has more than ${maxRows} rows. Ask for fewer at a time, a shorter date range or a coarser granularity.`,
    );
  }
  return groupBy(rows, (row) => row[dimension] ?? '');
}

function toQuery(
  scope: DataScope,
  dimension: Subject['dimension'],
  values: readonly string[],
  { range, where, buckets, breakdowns, measures }: PerformanceQuery,
): MetricsQuery {
  const those: Filter = { dimension, operator: 'in', values };
  return {
    ...emptyQuery,
    ...buckets,
    ...scope,
    range,
    groupBy: [dimension, ...(buckets === undefined ? [] : (['date'] as const)), ...breakdowns],
    where: where === undefined ? those : { and: [where, those] },
    limit: maxRows,
    measures,
  };
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
