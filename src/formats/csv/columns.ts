import { parse } from 'csv-parse/sync';
import { malformed } from '../feed/feed-stage.ts';

/** The cells of whole rows, each with its newline; `delimiter` is one byte. Throws where quotes are not well-formed. */
export const parseCells = (rows: Buffer, delimiter: string): string[][] =>
  parse(rows, {
    delimiter,
    // As RowScanner sees it: a carriage return alone ends no row, and rows of any length are rows.
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
  });

/** A wider table is no feed of records but an accident. */
const maxColumns = 1_000;

/** So many names are enough to see what a table is. */
const maxListed = 40;

const listed = (names: readonly string[]): string =>
  [
    ...names.slice(0, maxListed).map((name) => JSON.stringify(name)),
    ...(names.length > maxListed ? [`${names.length - maxListed} more`] : []),
  ].join(', ');

/** The record of a row: without a prototype, since any name can stand in a header. */
class Row {
  [column: string]: string;
}
Object.setPrototypeOf(Row.prototype, null);
Reflect.deleteProperty(Row.prototype, 'constructor');

/**
 * The name of a column as its fields are called: `Campaign ID`, `campaign_id` and ` CAMPAIGN_ID ` are one. What is read
 * from a header and what is to be found in it must both go through here.
 */
export const columnName = (header: string): string =>
  header.normalize('NFC').trim().toLowerCase().replace(/\s+/g, '_');

/** What is asked of a header. Names are those that `columnName` makes. */
export interface ColumnRules {
  readonly read?: ReadonlySet<string> | undefined;
  readonly required?: readonly string[] | undefined;
}

/** The columns of a table, in order. A column without a name is called `column_N`, by its number from 1. */
export class Columns {
  private readonly names: readonly string[];

  /**
   * @param cells the header row
   * @param rules.read names of columns that something is read from: each may stand there once. Without it, so may all; others
   *   that come again are told apart by a number
   * @param rules.required names of columns that must be there
   * @throws UtmqlError SOURCE_MALFORMED when a column is there twice, or not at all
   */
  constructor(cells: readonly string[], rules: ColumnRules = {}) {
    if (cells.length > maxColumns) {
      throw malformed(`The header has ${cells.length} columns; at most ${maxColumns} are read.`);
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
        throw malformed(
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
      throw malformed(
        `The header has no column ${listed(missing)}; it has ${listed([...seen])}. Say which column it is now, or send it.`,
      );
    }
  }

  get count(): number {
    return this.names.length;
  }

  /** The cells of a row by the names of their columns, empty ones left out; undefined where all are empty. */
  recordOf(cells: readonly string[]): Readonly<Record<string, string>> | undefined {
    const record = new Row();
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

  /** The same of a row of any length: cells beyond the header are called `column_N`. */
  allOf(cells: readonly string[]): Readonly<Record<string, string>> {
    const beyond = cells.slice(this.count).map((cell, index) => [`column_${this.count + index + 1}`, cell]);
    return { ...Object.fromEntries(beyond), ...this.recordOf(cells) };
  }
}
