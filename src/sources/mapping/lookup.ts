import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UtmqlError } from '../../errors.ts';
import { columnName } from '../../formats/csv/columns.ts';
import { isObject } from '../../formats/json/parse.ts';
import { readCsvRecords } from '../../formats/read-records.ts';
import { normaliseIdentifier } from '../../records/text.ts';

/** Largest look-up file. It is held in memory. */
const maxFileBytes = 64 * 1_048_576;

export interface LookupSettings {
  /** Path of a CSV file, relative to the folder of the sources file. */
  readonly file: string;
  /** The column with the key of each row. */
  readonly key: string;
  /** The field of a record that contains such a key. */
  readonly by: string;
  /** Field of a record → column of the file. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface Lookup {
  /**
   * Reads the file if it has changed.
   *
   * @throws UtmqlError SOURCE_UNAVAILABLE when it cannot be read, SOURCE_MALFORMED when it is not such a table or has two
   *   different rows with one key
   */
  load(): Promise<void>;
  /** Sets the fields of `record` for which the file has a value. */
  apply(record: Record<string, unknown>): void;
}

export function createLookup(
  { file, key, by, fields }: LookupSettings,
  { owner, folder }: { readonly owner: string; readonly folder: string },
): Lookup {
  const columns = Object.entries(fields).map(([name, column]) => [name, columnName(column)] as const);
  const keyColumn = columnName(key);
  let rows: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map();
  let read: string | undefined;

  const fail = (code: 'SOURCE_UNAVAILABLE' | 'SOURCE_MALFORMED', what: string): UtmqlError =>
    new UtmqlError(code, `The look-up file ${file} of ${owner} ${what}.`, {
      retryable: code === 'SOURCE_UNAVAILABLE',
    });

  const readRows = async (path: string): Promise<Map<string, Readonly<Record<string, string>>>> => {
    const found = new Map<string, Readonly<Record<string, string>>>();
    for await (const { records, malformed } of readCsvRecords(createReadStream(path))) {
      const [broken] = malformed;
      if (broken !== undefined)
        throw fail('SOURCE_MALFORMED', `cannot be read in line ${broken.position}; mend that line`);
      for (const record of records) {
        if (!isObject(record)) continue;
        const id = keyOf(record[keyColumn]);
        if (id === '') continue;
        const values = Object.fromEntries(
          columns.flatMap(([name, column]) => {
            const value = record[column];
            return typeof value === 'string' ? [[name, value]] : [];
          }),
        );
        const before = found.get(id);
        if (before !== undefined && JSON.stringify(before) !== JSON.stringify(values)) {
          throw fail(
            'SOURCE_MALFORMED',
            `has two rows for ${JSON.stringify(id.slice(0, 60))} that differ; keep one of them`,
          );
        }
        found.set(id, values);
      }
    }
    return found;
  };

  return {
    async load() {
      const path = resolve(folder, file);
      const state = await stat(path).catch(() => undefined);
      if (state === undefined)
        throw fail(
          'SOURCE_UNAVAILABLE',
          'cannot be read; check its path, from the folder of the sources file on, and its rights',
        );
      if (state.size > maxFileBytes)
        throw fail(
          'SOURCE_MALFORMED',
          'is larger than 64 MiB; leave out the columns and rows that are not used',
        );
      const version = `${state.mtimeMs} ${state.size} ${state.ino}`;
      if (version === read) return;
      rows = await readRows(path).catch((error: unknown) => {
        if (!(error instanceof UtmqlError))
          throw fail(
            'SOURCE_UNAVAILABLE',
            'cannot be read; check its path, from the folder of the sources file on, and its rights',
          );
        throw error.message.startsWith('The look-up')
          ? error
          : fail('SOURCE_MALFORMED', `is no such table: ${error.message.replace(/\.$/, '')}`);
      });
      read = version;
    },
    apply(record) {
      const found = rows.get(keyOf(record[by]));
      if (found !== undefined) Object.assign(record, found);
    },
  };
}

const keyOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? normaliseIdentifier(String(value)) : '';
