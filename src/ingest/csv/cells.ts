import { parse } from 'csv-parse/sync';

/** The cells of whole rows, each with its newline; `delimiter` is one byte. Throws where quotes are not well-formed. */
export const parseCells = (rows: Buffer, delimiter: string): string[][] =>
  parse(rows, {
    delimiter,
    // As RowScanner sees it: a carriage return alone ends no row, and rows of any length are rows.
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
  });
