import { parse } from 'csv-parse/sync';
import { malformedFeedError } from '../feed/feed-stage.ts';

/** Parses complete rows, each with its newline, to cells. `delimiter` is one byte. Throws on malformed quotes. */
export const parseCells = (rows: Buffer, delimiter: string): string[][] =>
  parse(rows, {
    delimiter,
    // As in RowScanner: a lone carriage return ends no row, and rows can have any length.
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
  });

/** Most columns of a table; a wider one is an error. */
const maxColumns = 1_000;

/** Most column names in a message. */
const maxListed = 40;

const listed = (names: readonly string[]): string =>
  [
    ...names.slice(0, maxListed).map((name) => JSON.stringify(name)),
    ...(names.length > maxListed ? [`${names.length - maxListed} more`] : []),
  ].join(', ');

/** The record of a row. It has no prototype, since a header can contain any name. */
class ColumnValues {
  [column: string]: string;
}
Object.setPrototypeOf(ColumnValues.prototype, null);
Reflect.deleteProperty(ColumnValues.prototype, 'constructor');

/**
 * Normalises a column name: `Campaign ID`, `campaign_id` and ` CAMPAIGN_ID ` are equal. Apply it to names from a header and to
 * names looked up in one.
 */
export const columnName = (header: string): string =>
  header.normalize('NFC').trim().toLowerCase().replace(/\s+/g, '_');

/** Requirements on a header, with names as `columnName` returns them. */
export interface ColumnRules {
  readonly read?: ReadonlySet<string> | undefined;
  readonly required?: readonly string[] | undefined;
}

/** The columns of a table, in order. A column without a name is called `column_N`, by its number from 1. */
export class Columns {
  private readonly names: readonly string[];

  /**
   * @param cells the header row
   * @param rules.read columns that are read: none may be repeated. Default: all. Other repeated columns get a number
   * @param rules.required columns that must exist
   * @throws UtmqlError SOURCE_MALFORMED if a column that is read is repeated, or a required one is missing
   */
  constructor(cells: readonly string[], rules: ColumnRules = {}) {
    if (cells.length > maxColumns) {
      throw malformedFeedError(`The header has ${cells.length} columns; at most ${maxColumns} are read.`);
    }
    const named = cells.map((cell, index) => columnName(cell) || `column_${index + 1}`);
    const all = new Set(named);
    const seen = new Set<string>();
    this.names = named.map((name) => {
      if (!seen.has(name)) {
        seen.add(name);
        return name;
      }
      if (rules.read?.has(name) !== false) {
        throw malformedFeedError(
          `The header names the column ${JSON.stringify(name)} twice; rename one of them, or leave it out.`,
        );
      }
      let number = 2;
      while (all.has(`${name}_${number}`)) number++;
      all.add(`${name}_${number}`);
      return `${name}_${number}`;
    });
    const missing = [...new Set(rules.required)].filter((name) => !seen.has(name));
    if (missing.length > 0) {
      throw malformedFeedError(
        `The header has no column ${listed(missing)}; it has ${listed([...seen])}. Say which column it is now, or send it.`,
      );
    }
  }

  get count(): number {
    return this.names.length;
  }

  /** Returns the non-empty cells of a row by column name; undefined if all are empty. */
  recordOf(cells: readonly string[]): Readonly<Record<string, string>> | undefined {
    const record = new ColumnValues();
    let isEmpty = true;
    for (let index = 0; index < this.names.length; index++) {
      const name = this.names[index];
      const cell = cells[index];
      if (name === undefined || cell === undefined || cell === '') continue;
      record[name] = cell;
      isEmpty = false;
    }
    return isEmpty ? undefined : record;
  }

  /** The same for a row of any length: cells beyond the header are named `column_N`. */
  allOf(cells: readonly string[]): Readonly<Record<string, string>> {
    const beyond = cells.slice(this.count).map((cell, index) => [`column_${this.count + index + 1}`, cell]);
    return { ...Object.fromEntries(beyond), ...this.recordOf(cells) };
  }
}
