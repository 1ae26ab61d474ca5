import type { QueryWeight } from '../clickhouse/store.ts';
import type { Day } from '../records/day.ts';
import type { Plan, Scan, TableScan } from './plan.ts';

/** Rows that the tables have of each day, before they are merged. */
export type RowsOfDays = ReadonlyMap<Day, number>;

/** To read more rows keeps the processors busy for longer than one who looks at figures notices. */
const mostLightRows = 500_000;

/** The same where nobody has counted the rows. */
const mostLightDays = 31;

/**
 * Whether a query is expected to be over in a moment, by the rows that it reads from the tables. The rows of rollups are few.
 *
 * @param rows undefined: not known
 */
export function weightOf({ scans }: Plan<Scan>, rows: RowsOfDays | undefined): QueryWeight {
  const ofTables = scans.filter(isOfTable);
  const isHeavy =
    rows === undefined
      ? ofTables.some(
          ({ isByClosing, range, days }) =>
            isByClosing || (days?.length ?? range.to - range.from + 1) > mostLightDays,
        )
      : rowsOf(ofTables, rows) > mostLightRows;
  return isHeavy ? 'heavy' : 'light';
}

/** How many rows the tables have of the days that are read. */
export function rowsOf(scans: readonly TableScan[], rows: RowsOfDays): number {
  const isRead = (day: Day): boolean =>
    scans.some(
      ({ isByClosing, range, days }) =>
        isByClosing || (days?.includes(day) ?? (day >= range.from && day <= range.to)),
    );
  let found = 0;
  for (const [day, count] of rows) if (isRead(day)) found += count;
  return found;
}

const isOfTable = (scan: Scan): scan is TableScan => !('rollup' in scan);
