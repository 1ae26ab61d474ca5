import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { columnName } from '../formats/csv/columns.ts';
import { noSuch } from '../nearest.ts';
import { normaliseName } from '../records/text.ts';
import { below, type Report } from './report.ts';

const most = { bytes: 10_000_000, rows: 100_000 } as const;

/** Columns of a CSV file that values are looked up by, and found in. */
export interface Lookup {
  readonly file: string;
  readonly key: string;
  readonly value: string;
}

/**
 * Reads the values of a look-up by key. An empty one is none.
 *
 * @param base the model file, which the path is relative to
 * @param keyOf what the text of a key counts as
 */
export async function readLookupFile(
  lookup: Lookup,
  base: string,
  keyOf: (text: string) => string,
  report: Report,
): Promise<ReadonlyMap<string, string> | undefined> {
  const ofFile = below(report, 'file');
  const text = await textOf(resolve(dirname(base), lookup.file), ofFile);
  if (text === undefined) return undefined;
  let rows: string[][];
  try {
    rows = parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    ofFile([], `is no CSV (${error instanceof Error ? error.message : String(error)})`);
    return undefined;
  }
  const [header = [], ...records] = rows;
  const names = header.map(columnName);
  const at = { key: names.indexOf(columnName(lookup.key)), value: names.indexOf(columnName(lookup.value)) };
  for (const part of ['key', 'value'] as const)
    if (at[part] === -1) report([part], noSuch('column', lookup[part], names));
  if (at.key === -1 || at.value === -1) return undefined;
  if (records.length > most.rows) {
    ofFile([], `has ${records.length} rows; at most ${most.rows} can be looked up`);
    return undefined;
  }
  return byKey(records, at, keyOf, ofFile);
}

function byKey(
  records: readonly (readonly string[])[],
  at: { readonly key: number; readonly value: number },
  keyOf: (text: string) => string,
  report: Report,
): ReadonlyMap<string, string> | undefined {
  const values = new Map<string, string>();
  for (const [index, record] of records.entries()) {
    const key = keyOf(record[at.key] ?? '');
    const value = normaliseName(record[at.value] ?? '');
    const known = values.get(key);
    if (key === '') {
      report([], `row ${index + 2} has no key`);
      return undefined;
    }
    if (known !== undefined && known !== value) {
      report([], `row ${index + 2} has ${JSON.stringify(key)} again, with another value`);
      return undefined;
    }
    values.set(key, value);
  }
  const given = [...values].filter(([, value]) => value !== '');
  if (given.length > 0) return new Map(given);
  report([], values.size === 0 ? 'has no rows' : 'has no values');
  return undefined;
}

async function textOf(path: string, report: Report): Promise<string | undefined> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > most.bytes) report([], `has ${bytes.length} bytes; at most ${most.bytes} are read`);
    else return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') report([], 'there is no such file');
    else if (error instanceof TypeError) report([], 'is not in UTF-8');
    else report([], `it cannot be read (${code})`);
  }
  return undefined;
}
