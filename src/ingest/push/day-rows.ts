import { jsonRow } from '../../clickhouse/json-row.ts';
import type { Columns, Store } from '../../clickhouse/store.ts';
import type { Logger } from '../../logger.ts';
import { maxDaysPerInsert } from '../day-batches.ts';
import { writeOrRefuse } from './refused.ts';

/** How much of a row is logged. */
const loggedCharacters = 2_000;

/**
 * Stores rows that know their day, few days at a time. One that the store refuses for good is logged and left out, so that
 * it does not hold up the others for ever.
 *
 * @throws when the store is away
 */
export async function storeDayRows<Row extends { readonly date: string }>(options: {
  store: Store;
  table: string;
  columns: Columns;
  rows: readonly Row[];
  requestId: string;
  logger: Logger;
}): Promise<void> {
  const { store, table, columns, requestId, logger } = options;
  for (const rows of fewDays(options.rows)) {
    const refused = await writeOrRefuse(rows, (part) =>
      store.insert(
        table,
        columns,
        'JSONEachRow',
        part.map((row) => jsonRow(row)),
        { requestId },
      ),
    );
    for (const { entry, error } of refused) {
      const row = JSON.stringify(entry).slice(0, loggedCharacters);
      logger.error({ err: error, table, row }, 'the store refused a row, which is left out');
    }
  }
}

/** The rows by day, in parts of as many days as one INSERT may touch. */
function fewDays<Row extends { readonly date: string }>(rows: readonly Row[]): readonly (readonly Row[])[] {
  const byDay = new Map<string, Row[]>();
  for (const row of rows) byDay.set(row.date, [...(byDay.get(row.date) ?? []), row]);
  const days = [...byDay.keys()].sort();
  const parts: Row[][] = [];
  for (let from = 0; from < days.length; from += maxDaysPerInsert) {
    parts.push(days.slice(from, from + maxDaysPerInsert).flatMap((day) => byDay.get(day) ?? []));
  }
  return parts;
}
