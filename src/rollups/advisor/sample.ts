import { z } from 'zod';
import { bind, identifier, join, type Sql, sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import { oneOf } from '../../metrics/compile-scan.ts';
import { columnOfSide, type LabelName, type Side, snakeCase, tableOf } from '../../metrics/registry.ts';
import { dimensionsOfAllSets } from '../../metrics/rollups/sets.ts';
import type { Day } from '../../records/day.ts';
import { baseDays } from '../base-days.ts';

/** The sample is of so many days at most, and ends before a day that would bring it over so many rows. */
const most = { days: 7, rows: 2_000_000 } as const;
/** The average of fewer stored rows says little. */
const leastStored = 10_000;
/** What a row of a rollup takes on disk, where too few are stored to tell. Measured: 15 to 23, by one to four dimensions. */
const usualBytesPerRow = 25;

/** What the tables hold on a few recent days, and what rows sets would have of it. */
export interface Sample {
  readonly days: number;
  /** Rows of each table. */
  readonly rows: Readonly<Record<Side, number>>;
  /** Rows of a set with these dimensions, in the order of the sets that were asked for. */
  readonly groups: readonly number[];
  /** How many values a dimension has. */
  readonly values: ReadonlyMap<LabelName, number>;
  readonly bytesPerRow: number;
}

/** Where no set is to be estimated. */
export const emptySample: Sample = {
  days: 0,
  rows: { ads: 0, crm: 0 },
  groups: [],
  values: new Map(),
  bytesPerRow: usualBytesPerRow,
};

const dayRow = z.object({ day: z.number(), stored: z.number() });
const countsRow = z.record(z.string(), z.number());
const sizeRow = z.object({ bytes: z.number(), stored: z.number() });

/**
 * Estimates what sets would hold, of the newest days that are over.
 *
 * @param sets the dimensions of each, besides those of all sets
 * @throws UtmqlError TIMEOUT or STORE_UNAVAILABLE
 */
export async function takeSample(
  store: Store,
  sets: readonly (readonly LabelName[])[],
  today: Day,
): Promise<Sample> {
  const days = await daysOf(store, today);
  const used = [...new Set(sets.flat())];
  const alias = (name: LabelName): Sql => identifier(`d_${snakeCase(name)}`);
  const side = (from: Side): Sql => {
    const columns = [...used, ...dimensionsOfAllSets].map(
      (name) => sql`${columnOfSide(from)(name)} AS ${alias(name)}`,
    );
    return sql`SELECT ${bind('String', from)} AS side, workspace, date, ${join(columns, ', ')} FROM ${tableOf[from]} FINAL WHERE date IN ${oneOf(days)}`;
  };
  const keys = (dimensions: readonly LabelName[]): Sql =>
    join([sql`date`, sql`workspace`, ...[...dimensions, ...dimensionsOfAllSets].map(alias)], ', ');
  const counts = [
    ...(['ads', 'crm'] as const).map(
      (from) => sql`countIf(side = ${bind('String', from)}) AS ${identifier(`rows_${from}`)}`,
    ),
    ...sets.map((dimensions, index) => sql`uniq(${keys(dimensions)}) AS ${identifier(`groups_${index}`)}`),
    ...used.map((name) => sql`uniq(${alias(name)}) AS ${identifier(`values_${snakeCase(name)}`)}`),
  ];
  const [found = {}] = await store.select(
    countsRow,
    sql`SELECT ${join(counts, ', ')} FROM (${join([side('ads'), side('crm')], ' UNION ALL ')})`,
  );
  return {
    days: days.length,
    rows: { ads: found.rows_ads ?? 0, crm: found.rows_crm ?? 0 },
    groups: sets.map((_, index) => found[`groups_${index}`] ?? 0),
    values: new Map(used.map((name) => [name, found[`values_${snakeCase(name)}`] ?? 0])),
    bytesPerRow: await bytesPerRow(store),
  };
}

/** The newest days that the tables have, without today, which is not over, if they have others. */
async function daysOf(store: Store, today: Day): Promise<readonly Day[]> {
  const all = await store.select(
    dayRow,
    sql`SELECT toUInt16(date) AS day, stored FROM (${baseDays(store)}) ORDER BY day DESC`,
  );
  const past = all.filter(({ day }) => day < today);
  const chosen: Day[] = [];
  let rows = 0;
  for (const { day, stored } of past.length > 0 ? past : all) {
    rows += stored;
    if (chosen.length === most.days || (chosen.length > 0 && rows > most.rows)) break;
    chosen.push(day);
  }
  return chosen;
}

/** Of the rollups that are stored. */
async function bytesPerRow({ select, layout, database }: Store): Promise<number> {
  const [size] = await select(
    sizeRow,
    sql`SELECT sum(bytes_on_disk) AS bytes, sum(rows) AS stored FROM ${layout.system('parts')}
        WHERE active AND database = ${bind('String', database)} AND table = ${bind('String', layout.heldName('rollup_sums'))}`,
  );
  return size === undefined || size.stored < leastStored ? usualBytesPerRow : size.bytes / size.stored;
}
