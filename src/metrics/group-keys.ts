import { type Sql, sql } from '../clickhouse/sql.ts';
import type { Scan } from './plan.ts';
import type { StoredField } from './registry.ts';

type KeyName = 'date' | StoredField;

/** Columns that ClickHouse stores as places in a dictionary: a hash of each value is worked out once, not once a row. */
const dictionaryColumns: ReadonlySet<KeyName> = new Set([
  'channel',
  'utmCampaign',
  'utmSource',
  'utmMedium',
  'utmContent',
  'utmTerm',
  'currency',
  'match',
]);

/** With more, keys are longer than those that ClickHouse has a fast way for. */
const mostHashes = 4;

/** An expression that is selected under a name and grouped by. */
export interface GroupKey {
  readonly name: KeyName;
  readonly value: Sql;
  readonly alias: Sql;
  /** See `compileScan`. */
  readonly column: Sql;
}

/**
 * What to select, and what to group by. Groups of a table’s rows by several texts, or by a date and texts, take up to twice as long
 * as by numbers, so there it is hashes: one of 64 bits for each text, the first with the date in it. Of a million groups two have the same
 * once in forty million questions.
 */
export function groupingOf(
  scan: Scan,
  keys: readonly GroupKey[],
): { readonly columns: readonly Sql[]; readonly keys: readonly Sql[] } {
  const names = keys.map(({ name }) => name);
  const isHashed = areHashed(scan, names);
  const columns = keys.map(({ value, alias }) =>
    isHashed ? sql`any(${value}) AS ${alias}` : sql`${value} AS ${alias}`,
  );
  if (!isHashed) return { columns, keys: keys.map(({ alias }) => alias) };
  const date = keys.find(({ name }) => name === 'date')?.column;
  const [first, ...others] = keys
    .filter(({ name }) => name !== 'date')
    .map(({ column }) => sql`sipHash64(${column})`);
  const withDate = date && first ? sql`bitXor(${first}, toUInt64(${date}))` : first;
  return { columns, keys: withDate === undefined ? [] : [withDate, ...others] };
}

export function areHashed(scan: Scan, names: readonly KeyName[]): boolean {
  const texts = names.filter((name) => name !== 'date');
  return (
    'side' in scan &&
    scan.side !== 'events' &&
    names.length > 1 &&
    texts.length > 0 &&
    texts.length <= mostHashes &&
    texts.every((name) => dictionaryColumns.has(name))
  );
}
