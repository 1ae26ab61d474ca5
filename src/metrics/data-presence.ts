import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import { type Day, formatDay, parseIsoDay } from '../records/day.ts';
import type { ScanSide } from './catalogue.ts';
import { type DataScope, visibleRows } from './data-scope.ts';
import type { MetricsLoader } from './loader.ts';
import { plan } from './plan.ts';
import { type DayRange, emptyQuery, type MetricsQuery } from './query.ts';
import { queryKey } from './query-key.ts';
import { type Side, tableOf } from './registry.ts';

/** Says on which days the tables have rows that a caller may see, whatever a query filters. Of one request: it asks once. */
export interface DataPresence {
  /** The days of the range with rows, in order. */
  days(scope: DataScope, side: Side, range: DayRange): Promise<readonly Day[]>;
  /** The first of them; undefined: there is none. */
  first(scope: DataScope, side: ScanSide, range: DayRange): Promise<Day | undefined>;
  /** Whether there are rows before a day. */
  hasEarlier(scope: DataScope, side: ScanSide, day: Day): Promise<boolean>;
}

/** @param metrics answers by the fastest way there is, so rollups serve these questions, too */
export function createDataPresence(
  store: Pick<Store, 'read'>,
  metrics: Pick<MetricsLoader, 'load'>,
): DataPresence {
  const asked = new Map<string, Promise<unknown>>();
  const once = <T>(key: readonly unknown[], ask: () => Promise<T>): Promise<T> => {
    const text = queryKey(key);
    const known = asked.get(text) as Promise<T> | undefined;
    const answer = known ?? ask();
    asked.set(text, answer);
    return answer;
  };
  const exists = (scope: DataScope, side: ScanSide, when: '=' | '<', day: Day): Promise<boolean> =>
    once([scope.workspace, scope.policy, side, when, day], async () => {
      const compared = when === '=' ? sql`=` : sql`<`;
      const { rows } = await store.read(
        sql`SELECT 1 FROM ${side === 'events' ? ofEvents(scope) : ofRecords(side, scope)} AND date ${compared} ${bind('Date', formatDay(day))} LIMIT 1`,
      );
      return rows.length > 0;
    });
  const load = (
    { workspace, policy }: DataScope,
    side: Side,
    range: DayRange,
    limit: number,
  ): Promise<readonly Day[]> =>
    once([workspace, policy, side, range, limit], async () => {
      const { rows } = await metrics.load({
        ...emptyQuery,
        workspace,
        policy,
        range,
        groupBy: ['date'],
        orderBy: [{ by: 'date', of: 'current', direction: 'asc' }],
        measures: [side === 'ads' ? 'impressions' : 'leads'],
        limit,
      });
      return rows.flatMap(({ date }) => parseIsoDay(date ?? '') ?? []);
    });
  const firstEventDay = (scope: DataScope, { from, to }: DayRange): Promise<Day | undefined> =>
    once([scope.workspace, 'events', from, to], async () => {
      const { rows } = await store.read(
        sql`SELECT toString(min(date)) AS day FROM ${ofEvents(scope)} AND date BETWEEN ${bind('Date', formatDay(from))} AND ${bind('Date', formatDay(to))} HAVING count() > 0`,
      );
      return parseIsoDay(String(rows[0]?.[0] ?? ''));
    });
  return {
    days: (scope, side, range) => load(scope, side, range, range.to - range.from + 1),
    async first(scope, side, range) {
      // Usually there are rows on the first day, which is found in a moment.
      if (await exists(scope, side, '=', range.from)) return range.from;
      if (side === 'events') return firstEventDay(scope, range);
      const [day] = await load(scope, side, range, 1);
      return day;
    },
    hasEarlier: (scope, side, day) => exists(scope, side, '<', day),
  };
}

const ofRecords = (side: Side, { workspace, policy }: DataScope): Sql =>
  sql`${tableOf[side]} FINAL WHERE ${visibleRows(side, { workspace, policy })}`;

/** Whatever the caller may see of them: no policy tells which days have events. */
const ofEvents = ({ workspace }: DataScope): Sql =>
  sql`events FINAL WHERE workspace = ${bind('String', workspace)}`;

/** The tables that a query reads, the ads rows first. Days without events are usual. */
export const sidesOf = (query: MetricsQuery): readonly Side[] => [
  ...new Set(plan(query).scans.flatMap(({ side }) => (side === 'events' ? [] : [side]))),
];

export const readsEvents = (query: MetricsQuery): boolean =>
  plan(query).scans.some(({ side }) => side === 'events');

/** `since` of a query's comparison. */
async function firstComparedDay(
  query: MetricsQuery,
  range: DayRange,
  presence: DataPresence,
): Promise<Day | undefined> {
  let first: Day | undefined;
  let hasEarlier = false;
  for (const side of new Set(plan(query).scans.map((scan) => scan.side))) {
    const day = await presence.first(query, side, range);
    if (day === range.from) return undefined;
    if (day !== undefined && day < (first ?? range.to + 1)) first = day;
    hasEarlier ||= await presence.hasEarlier(query, side, range.from);
  }
  if (first === undefined) return range.to + 1;
  return hasEarlier ? undefined : first;
}

/** The same query, which says since when there is data to compare to. */
export async function withKnownComparison(
  query: MetricsQuery,
  presence: DataPresence,
): Promise<MetricsQuery> {
  const { compareTo } = query;
  if (compareTo === undefined) return query;
  const since = await firstComparedDay(query, compareTo.range, presence);
  return since === undefined ? query : { ...query, compareTo: { ...compareTo, since } };
}

/**
 * The same loader, which does not answer 0 where there is no data to compare to. It reads while it looks: usually there is
 * data. Where there is not, it reads again.
 */
export const withKnownComparisons = (
  metrics: Pick<MetricsLoader, 'load'>,
  presence: DataPresence,
): MetricsLoader => ({
  async load(query) {
    if (query.compareTo === undefined) return metrics.load(query);
    const [known, early] = await Promise.all([withKnownComparison(query, presence), metrics.load(query)]);
    return known === query ? early : metrics.load(known);
  },
});
