import { z } from 'zod';
import { bind, sql } from '../clickhouse/sql.ts';
import type { Store } from '../clickhouse/store.ts';
import type { CurrentRollups } from '../metrics/rollups/current.ts';
import type { RollupPeriod, RollupSet } from '../metrics/rollups/sets.ts';
import type { Day } from '../records/day.ts';
import { baseDays, partsHash } from './base-days.ts';

/** What a look has found. */
export interface RollupLook extends CurrentRollups {
  /** What the base tables hold of each stale day: another text after each change. */
  readonly held: ReadonlyMap<Day, string>;
  /** First days of the months that the base tables have. */
  readonly begunMonths: readonly Day[];
  /** Days, and first days of months, that are built and that the base tables have no more. */
  readonly gone: Readonly<Record<RollupPeriod, readonly Day[]>>;
}

/** Tells what rollups can answer. */
export interface RollupState {
  /**
   * What they can answer at some moment after the call. Calls at the same time share a look.
   *
   * @throws UtmqlError STORE_UNAVAILABLE or TIMEOUT
   */
  look(): Promise<RollupLook>;
  /** What the last look has found. A look that finds the same returns the same object. */
  last(): RollupLook | undefined;
  /** The same, if the look before it found the same. */
  steady(): RollupLook | undefined;
}

const hashRow = z.object({ hash: z.string() });
const dayRow = z.object({
  period: z.enum(['day', 'month']),
  day: z.number(),
  in_tables: z.number(),
  built: z.string(),
  is_current: z.number(),
  held: z.string(),
  rows: z.number(),
});
const quiet = { log_queries: 0 } as const;

export function createRollupState(options: {
  store: Store;
  sets: readonly RollupSet[];
  definition: string;
}): RollupState {
  const { store, sets, definition } = options;
  const ofDefinition = sql`definition = ${bind('UInt64', definition)}`;
  let known: { readonly hash: string; readonly look: RollupLook; readonly isSteady: boolean } | undefined;

  /** Differs whenever what can be answered does. */
  const readHash = async (): Promise<string> => {
    const [row] = await store.select(hashRow, partsHash(store), { settings: quiet });
    return row?.hash ?? '';
  };

  const readDays = async (): Promise<RollupLook> => {
    const rows = await store.select(
      dayRow,
      sql`
        WITH days AS (${baseDays(store)}),
             tables AS (
               SELECT 'day' AS period, date, base, stored, 1 AS in_tables, toUInt64(0) AS built FROM days
               UNION ALL
               SELECT 'month', toStartOfMonth(date) AS month, sipHash64(arraySort(groupArray((date, base)))), 0, 1, 0 FROM days GROUP BY month
             )
        SELECT period, toUInt16(date) AS day, max(in_tables) AS in_tables, toString(max(built)) AS built, toUInt8(count() = 2 AND min(base) = max(base)) AS is_current,
               toString(argMax(base, stored)) AS held, max(stored) AS rows
        FROM (
          SELECT period, date, base, stored, in_tables, built FROM tables
          UNION ALL
          SELECT toString(period), date, base, 0, 0, built FROM rollup_days FINAL WHERE ${ofDefinition}
        )
        GROUP BY period, date`,
      { settings: quiet },
    );
    const of = (period: 'day' | 'month') => rows.filter((row) => row.period === period);
    // Days that the tables have no more hold nothing: nothing need be read for them.
    const stale = of('day').filter((row) => row.is_current === 0 && row.in_tables === 1);
    const months = of('month');
    const builtOf = (period: RollupPeriod): ReadonlyMap<Day, string> =>
      new Map(of(period).flatMap((row) => (row.is_current === 1 ? [[row.day, row.built] as const] : [])));
    const goneOf = (period: RollupPeriod): Day[] =>
      of(period)
        .filter((row) => row.in_tables === 0)
        .map(({ day }) => day);
    return {
      sets,
      rows: new Map(of('day').map(({ day, rows: stored }) => [day, stored])),
      stale: stale.map(({ day }) => day).sort((one, other) => one - other),
      built: { day: builtOf('day'), month: builtOf('month') },
      held: new Map(stale.map(({ day, held }) => [day, held])),
      begunMonths: months.filter((row) => row.in_tables === 1).map(({ day }) => day),
      gone: { day: goneOf('day'), month: goneOf('month') },
    };
  };

  const lookOnce = async (): Promise<RollupLook> => {
    // The days are read after their hash: if something changes in between, the next hash differs from this one.
    const hash = await readHash();
    known =
      known?.hash === hash ? { ...known, isSteady: true } : { hash, look: await readDays(), isSteady: false };
    return known.look;
  };

  let looking: Promise<RollupLook> | undefined;
  let next: Promise<RollupLook> | undefined;
  const begin = (): Promise<RollupLook> => {
    looking = lookOnce().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  return {
    last: () => known?.look,
    steady: () => (known?.isSteady === true ? known.look : undefined),
    look() {
      if (looking === undefined) return begin();
      // The one at work may have begun before something was written that this caller knows of.
      next ??= looking
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          return begin();
        });
      return next;
    },
  };
}
