import { isUtf8 } from 'node:buffer';
import {
  countNewlines,
  excerptOf,
  type FeedStage,
  type FeedStageResult,
  NEWLINE,
  OversizedRecord,
  QUOTE,
  type ReadContext,
  truncatedFeedError,
} from '../feed/feed-stage.ts';
import { leftOut } from '../feed/left-out.ts';
import type { MalformedReason } from '../feed/record-batch.ts';
import { type Columns, parseCells } from './columns.ts';
import { RowScanner } from './row-scanner.ts';

export type CsvContext = Pick<ReadContext, 'batches' | 'maxRecordBytes'>;

/** A row in the bytes that are being read, without its newline. */
interface ScannedRow {
  readonly from: number;
  readonly to: number;
  readonly line: number;
  readonly hasQuotedCell: boolean;
  readonly flaw?: { readonly reason: MalformedReason; readonly detail?: string };
}

/** Reads the rows below the header. Each is validated separately: a malformed one affects no other. */
export class CsvRows implements FeedStage {
  private readonly context: CsvContext;
  private readonly columns: Columns;
  private readonly delimiter: string;
  private readonly isStray:
    | ((row: Readonly<Record<string, string>>, isLonger: boolean) => boolean)
    | undefined;
  private readonly scanner: RowScanner;
  private line: number;
  /** The oversized row being skipped, with its first line. */
  private oversized: { readonly record: OversizedRecord; readonly line: number } | undefined;
  /** Whether the current row ends with the body, without a newline. */
  private isUnterminated = false;

  /**
   * @param options.isStray see `CsvHeaderOptions`
   * @param options.line the number of the line that comes first
   */
  constructor(
    context: CsvContext,
    options: {
      columns: Columns;
      delimiter: string;
      isStray?: ((row: Readonly<Record<string, string>>, isLonger: boolean) => boolean) | undefined;
      line: number;
    },
  ) {
    this.context = context;
    this.columns = options.columns;
    this.delimiter = options.delimiter;
    this.scanner = new RowScanner(options.delimiter);
    this.isStray = options.isStray;
    this.line = options.line;
  }

  get passes(): boolean {
    return this.oversized !== undefined;
  }

  read(bytes: Buffer): FeedStageResult {
    let from = 0;
    if (this.oversized !== undefined) {
      from = this.skipOversized(this.oversized, bytes);
      if (from < 0) return { consumed: bytes.length, next: this };
    }
    const rows: ScannedRow[] = [];
    const end = this.findRows(bytes, this.readPlainLines(bytes, from), rows);
    this.readRows(bytes, rows);
    if (bytes.length - end <= this.context.maxRecordBytes) return { consumed: end, next: this };

    const record = new OversizedRecord();
    record.add(bytes.subarray(end));
    this.oversized = { record, line: this.line };
    this.line += countNewlines(bytes.subarray(end), bytes.length - end);
    return { consumed: bytes.length, next: this };
  }

  end(rest: Buffer): void {
    if (rest.length === 0 && this.oversized === undefined) return;
    const line = this.oversized?.line ?? this.line;
    this.isUnterminated = true;
    this.read(Buffer.concat([rest, Buffer.from('\n')]));
    if (this.scanner.isInQuotes) {
      throw truncatedFeedError(
        `inside quotes of the row that begins in line ${line}`,
        this.context.batches.kept,
      );
    }
  }

  /** Skips an oversized row. Returns the offset after it, or -1 if it continues. */
  private skipOversized(oversized: { record: OversizedRecord; line: number }, bytes: Buffer): number {
    const { record, line } = oversized;
    const end = this.scanner.findEnd(bytes, 0);
    const behind = end < 0 ? bytes.length : end + 1;
    record.add(bytes.subarray(0, end < 0 ? behind : end));
    this.line += countNewlines(bytes, behind);
    if (end < 0) return -1;
    this.oversized = undefined;
    this.context.batches.addMalformed(line, record.text, 'record_too_large');
    return behind;
  }

  /** Adds the rows before the first quote, which need no parser. Returns the offset after them. */
  private readPlainLines(bytes: Buffer, from: number): number {
    const quote = bytes.indexOf(QUOTE, from);
    const behind = bytes.lastIndexOf(NEWLINE, quote < 0 ? bytes.length : quote) + 1;
    if (behind <= from || !isUtf8(bytes.subarray(from, behind))) return from;
    const text = bytes.toString('utf8', from, behind);
    let lineFrom = 0;
    let lineEnd = text.indexOf('\n');
    while (lineEnd !== -1) {
      this.readPlainLine(text.slice(lineFrom, lineEnd));
      lineFrom = lineEnd + 1;
      lineEnd = text.indexOf('\n', lineFrom);
    }
    return behind;
  }

  private readPlainLine(text: string): void {
    const { maxRecordBytes } = this.context;
    const line = this.line++;
    // A UTF-16 unit has at most three bytes in UTF-8, so most lines need no exact count.
    if (text.length * 3 > maxRecordBytes && Buffer.byteLength(text) > maxRecordBytes) {
      this.context.batches.addMalformed(line, excerptOf(Buffer.from(text)), 'record_too_large');
      return;
    }
    this.addPlainRow(text, line);
  }

  /** Finds the rows that end in `bytes`, starting at `from`. Returns the offset after the last. */
  private findRows(bytes: Buffer, from: number, rows: ScannedRow[]): number {
    const { scanner } = this;
    const { maxRecordBytes } = this.context;
    for (let rowFrom = from; ; ) {
      scanner.begin();
      let end = scanner.findEnd(bytes, rowFrom);
      // Broken quotes are usually opened by mistake, some rows earlier: only the line that opened them is rejected.
      const { brokenAt } = scanner;
      if (brokenAt >= 0 && brokenAt - rowFrom <= maxRecordBytes) end = bytes.indexOf(NEWLINE, rowFrom);
      if (end < 0) return rowFrom;

      const isTooLarge = end - rowFrom > maxRecordBytes;
      const detail = scanner.flaw;
      rows.push({
        from: rowFrom,
        to: end,
        line: this.line,
        hasQuotedCell: scanner.hasQuotedCell,
        ...(isTooLarge
          ? { flaw: { reason: 'record_too_large' } }
          : detail === undefined
            ? {}
            : { flaw: { reason: 'invalid_csv', detail } }),
      });
      const row = bytes.subarray(rowFrom, end + 1);
      this.line += countNewlines(row, row.length);
      rowFrom = end + 1;
    }
  }

  /** Adds consecutive rows of `bytes`. Rows with quotes are parsed in one call, which is fastest. */
  private readRows(bytes: Buffer, found: readonly ScannedRow[]): void {
    const [first, last] = [found[0], found.at(-1)];
    if (first === undefined || last === undefined) return;
    const rows = isUtf8(bytes.subarray(first.from, last.to))
      ? found
      : found.map((row) => validateText(bytes, row));
    const quoted = rows.filter(({ flaw, hasQuotedCell }) => flaw === undefined && hasQuotedCell);
    const parsed = parseCells(
      Buffer.concat(quoted.map(({ from, to }) => bytes.subarray(from, to + 1))),
      this.delimiter,
    );
    if (parsed.length !== quoted.length)
      throw new Error('RowScanner and csv-parse disagree on where rows end.');
    const cells = parsed.values();
    for (const { from, to, line, hasQuotedCell, flaw } of rows) {
      if (flaw !== undefined) {
        this.context.batches.addMalformed(
          line,
          excerptOf(bytes.subarray(from, to)),
          flaw.reason,
          flaw.detail,
        );
      } else if (hasQuotedCell) {
        this.addRow(cells.next().value ?? [], line, () => bytes.subarray(from, to));
      } else {
        this.addPlainRow(bytes.toString('utf8', from, to), line);
      }
    }
  }

  private addPlainRow(text: string, line: number): void {
    const row = text.endsWith('\r') ? text.slice(0, -1) : text;
    this.addRow(row.split(this.delimiter), line, () => Buffer.from(text));
  }

  private addRow(cells: readonly string[], line: number, bytes: () => Buffer): void {
    const { batches } = this.context;
    const { count } = this.columns;
    if (cells.length === count) {
      const record = this.columns.recordOf(cells);
      if (record !== undefined) batches.addRecord(record, line);
      return;
    }
    if (cells.every((cell) => cell.trim() === '')) return;
    if (this.isStray?.(this.columns.allOf(cells), cells.length > count) === true) {
      batches.addRecord(leftOut, line);
      return;
    }
    if (this.isUnterminated && cells.length < count)
      throw truncatedFeedError(`in the middle of line ${line}`, batches.kept);
    batches.addMalformed(
      line,
      excerptOf(bytes()),
      'invalid_csv',
      `The row has ${cells.length} cells and the header ${count}.`,
    );
  }
}

function validateText(bytes: Buffer, row: ScannedRow): ScannedRow {
  if (row.flaw !== undefined || isUtf8(bytes.subarray(row.from, row.to))) return row;
  return { ...row, flaw: { reason: 'invalid_csv', detail: 'The row is not valid UTF-8.' } };
}
