import { bind, sql } from '../../src/clickhouse/sql.ts';
import type { TestApp } from './app.ts';
import type { Raw } from './oracle.ts';

/** Stores exchange rates. */
export async function storeRates(app: TestApp, rows: readonly Raw[], workspace = 'default'): Promise<void> {
  await app.store.command(
    sql`INSERT INTO exchange_rates (workspace, date, base, quote, rate, version) SELECT ${bind('String', workspace)}, toDate(JSONExtractString(r, 'date')), JSONExtractString(r, 'base'), JSONExtractString(r, 'quote'), toDecimal128(toString(JSONExtractFloat(r, 'rate')), 18), toUnixTimestamp64Micro(now64(6)) FROM (SELECT arrayJoin(${bind(
      'Array(String)',
      rows.map((row) => JSON.stringify(row)),
    )}) AS r)`,
    { changesAnswersOf: [workspace] },
  );
}
