import { malformed } from '../json/stage.ts';

/** A wider table is no feed of records but an accident. */
const maxColumns = 1_000;

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

/** The columns of a table, in order. A column without a name is called `column_N`, by its number from 1. */
export class Columns {
  private readonly names: readonly string[];

  /**
   * @param cells the header row
   * @throws UtmqlError SOURCE_MALFORMED when two columns have one name
   */
  constructor(cells: readonly string[]) {
    if (cells.length > maxColumns) {
      throw malformed(`The header has ${cells.length} columns; at most ${maxColumns} are read.`);
    }
    this.names = cells.map((cell, index) => columnName(cell) || `column_${index + 1}`);
    const seen = new Set<string>();
    for (const name of this.names) {
      if (seen.has(name)) throw malformed(`The header names the column ${JSON.stringify(name)} twice.`);
      seen.add(name);
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
}
