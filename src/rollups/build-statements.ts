import { bind, identifier, join, type Sql, sql } from '../clickhouse/sql.ts';
import { isBuilt, oneOf, zeroOfUnit } from '../metrics/compile-scan.ts';
import {
  columnOfSide,
  type Side,
  snakeCase,
  standardSum,
  sumNames,
  sumOf,
  tableOf,
} from '../metrics/registry.ts';
import { dimensionColumn } from '../metrics/rollups/columns.ts';
import type { RollupPeriod, RollupSet } from '../metrics/rollups/sets.ts';
import { type Day, formatDay } from '../records/day.ts';

const sumColumns = ['ads_rows', ...sumNames.map(snakeCase)].map((name) => identifier(name));
const listOf = (parts: readonly Sql[]): Sql => join(parts, ', ');

/** A build's number of a day: no other build has it. @param build a multiple of 65,536 */
const numberOf = (build: bigint, date: Sql): Sql =>
  sql`${bind('UInt64', build.toString())} + toUInt64(toUInt16(${date}))`;

const insertInto = (set: RollupSet): Sql =>
  sql`INSERT INTO rollup_sums (rollup, period, workspace, lead, date, built, ${listOf([...ownColumns(set), ...sumColumns])})`;

/** The columns of dimensions that the set does not keep in `lead`. */
const ownColumns = ({ dimensions, lead }: RollupSet): Sql[] =>
  dimensions.filter((name) => name !== lead).map((name) => identifier(snakeCase(name)));

const leadOf = ({ lead }: RollupSet, columnOf: (name: NonNullable<RollupSet['lead']>) => Sql): Sql =>
  lead === undefined ? sql`''` : columnOf(lead);

/** Sums up days of a set from the tables. */
export function buildFromTables(set: RollupSet, days: readonly Day[], build: bigint): Sql {
  const names = set.dimensions.map((name) => identifier(`k_${snakeCase(name)}`));
  const aliasOf = (name: string): Sql => identifier(`k_${snakeCase(name)}`);
  const side = (from: Side): Sql => {
    const columns = set.dimensions.map((name) => sql`${columnOfSide(from)(name)} AS ${aliasOf(name)}`);
    const figures = [
      from === 'ads' ? sql`count() AS s_ads_rows` : sql`toUInt64(0) AS s_ads_rows`,
      ...sumNames.map(
        (name) =>
          sql`${standardSum(name).from === from ? sumOf(standardSum(name)) : zeroOfUnit(standardSum(name).unit)} AS ${identifier(`s_${snakeCase(name)}`)}`,
      ),
    ];
    return sql`SELECT workspace AS k_workspace, date AS k_date, ${listOf([...columns, ...figures])} FROM ${tableOf[from]} FINAL WHERE date IN ${oneOf(days)} GROUP BY ${listOf([sql`k_workspace`, sql`k_date`, ...names])}`;
  };
  const own = set.dimensions.filter((name) => name !== set.lead).map(aliasOf);
  const figures = ['ads_rows', ...sumNames.map(snakeCase)].map(
    (name) => sql`sum(${identifier(`s_${name}`)})`,
  );
  return sql`
    ${insertInto(set)}
    SELECT ${bind('String', set.name)}, 'day', k_workspace, ${leadOf(set, aliasOf)}, k_date, ${numberOf(build, sql`k_date`)}, ${listOf([...own, ...figures])}
    FROM (${join([side('ads'), side('crm')], ' UNION ALL ')})
    GROUP BY ${listOf([sql`k_workspace`, sql`k_date`, ...names])}`;
}

/** Sums up rows of another set, which has all dimensions of this one, in place of what they were summed from. */
function buildFromRows(
  set: RollupSet,
  from: RollupSet,
  period: RollupPeriod,
  date: Sql,
  build: bigint,
  rows: Sql,
): Sql {
  const columnOf = (name: RollupSet['dimensions'][number]): Sql => dimensionColumn(from, name);
  const columns = set.dimensions.map(columnOf);
  const own = set.dimensions.filter((name) => name !== set.lead).map(columnOf);
  const figures = sumColumns.map((name) => sql`sum(${name})`);
  return sql`
    ${insertInto(set)}
    SELECT ${bind('String', set.name)}, ${bind('String', period)}, workspace, ${leadOf(set, columnOf)}, ${date} AS k_date, ${numberOf(build, sql`k_date`)}, ${listOf([...own, ...figures])}
    FROM rollup_sums WHERE rollup = ${bind('String', from.name)} AND period = 'day' AND ${rows}
    GROUP BY ${listOf([sql`workspace`, sql`k_date`, ...columns])}`;
}

/** Sums up days of a set from those of another that the same build has made. */
export const buildFromSet = (set: RollupSet, from: RollupSet, days: readonly Day[], build: bigint): Sql =>
  buildFromRows(
    set,
    from,
    'day',
    sql`date`,
    build,
    sql`date IN ${oneOf(days)} AND built = ${numberOf(build, sql`date`)}`,
  );

/** Sums up a month of a set from the builds of its days. */
export const buildMonth = (set: RollupSet, month: Day, built: readonly string[], build: bigint): Sql =>
  buildFromRows(
    set,
    set,
    'month',
    sql`toStartOfMonth(date)`,
    build,
    sql`date BETWEEN ${bind('Date', formatDay(month))} AND toLastDayOfMonth(toDate(${bind('Date', formatDay(month))})) AND ${isBuilt(built)}`,
  );

/** Has the builds of days count, of what the tables held before they were begun. */
export function publishDays(
  days: readonly { readonly date: Day; readonly base: string }[],
  build: bigint,
  definition: string,
): Sql {
  const dates = bind(
    'Array(Date)',
    days.map(({ date }) => formatDay(date)),
  );
  const bases = bind(
    'Array(String)',
    days.map(({ base }) => base),
  );
  return sql`
    INSERT INTO rollup_days (period, date, built, base, definition)
    SELECT 'day', day.1 AS k_date, ${numberOf(build, sql`k_date`)}, toUInt64(day.2), ${bind('UInt64', definition)}
    FROM (SELECT arrayJoin(arrayZip(${dates}, ${bases})) AS day)`;
}

/** Has a month count, of the days that it was summed from. If another build of one of them counts by now, it never will. */
export const publishMonth = (
  month: Day,
  built: readonly string[],
  build: bigint,
  definition: string,
): Sql => sql`
    INSERT INTO rollup_days (period, date, built, base, definition)
    SELECT 'month', toDate(${bind('Date', formatDay(month))}) AS k_date, ${numberOf(build, sql`k_date`)},
           sipHash64(arraySort(groupArray((date, base)))), ${bind('UInt64', definition)}
    FROM rollup_days FINAL
    WHERE period = 'day' AND definition = ${bind('UInt64', definition)} AND ${isBuilt(built)}`;

/** Has builds of days or months count no more that the tables do not have. */
export const withdraw = (held: Sql, period: RollupPeriod, dates: readonly Day[]): Sql =>
  sql`ALTER TABLE ${held} DELETE WHERE period = ${bind('String', period)} AND date IN ${oneOf(dates)}`;

/** Deletes the rows of builds. */
export const deleteBuilds = (held: Sql, numbers: readonly string[]): Sql =>
  sql`ALTER TABLE ${held} DELETE WHERE ${isBuilt(numbers)}`;
