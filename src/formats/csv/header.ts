import { isUtf8 } from 'node:buffer';
import { UtmqlError } from '../../errors.ts';
import {
  BYTE_ORDER_MARK,
  countNewlines,
  type FeedStage,
  type FeedStageResult,
  isGzipOrHtml,
  isPrefixOf,
  malformedFeedError,
  NEWLINE,
  skipSpace,
  wrongFormatError,
} from '../feed/feed-stage.ts';
import { type ColumnRules, Columns, parseCells } from './columns.ts';
import { RowScanner } from './row-scanner.ts';
import { type CsvContext, CsvRows } from './rows.ts';

const UTF16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];
const delimiters = [',', ';', '\t'] as const;

export interface CsvHeaderOptions {
  /** Cell delimiter, one ASCII character. Default: detected from the header. */
  readonly delimiter?: string | undefined;
  /** Number of lines before the header. */
  readonly skipRows?: number | undefined;
  readonly columns?: ColumnRules | undefined;
  /** True for rows with too few or too many cells that are not part of the table, such as a footer. */
  readonly isStray?: ((row: Readonly<Record<string, string>>, isLonger: boolean) => boolean) | undefined;
}

/** Reads the first non-blank line: it names the columns, and shows the delimiter if none is given. */
export class CsvHeader implements FeedStage {
  private readonly context: CsvContext;
  private readonly delimiter: string | undefined;
  private readonly options: CsvHeaderOptions;
  private line = 1;

  /** @throws UtmqlError CONFIGURATION for a delimiter that cannot be one */
  constructor(context: CsvContext, options: CsvHeaderOptions = {}) {
    const { delimiter } = options;
    if (delimiter !== undefined && !/^[\t !#-~]$/.test(delimiter)) {
      throw new UtmqlError(
        'CONFIGURATION',
        `The delimiter of CSV is ${JSON.stringify(delimiter)}; it must be one ASCII character, and no quote.`,
      );
    }
    this.context = context;
    this.delimiter = delimiter;
    this.options = options;
  }

  read(bytes: Buffer): FeedStageResult {
    if (UTF16_MARKS.some((mark) => isPrefixOf(mark, bytes))) throw notUtf8();
    let from = this.line === 1 && isPrefixOf(BYTE_ORDER_MARK, bytes) ? BYTE_ORDER_MARK.length : 0;
    let lineEnd = bytes.indexOf(NEWLINE, from);
    const { skipRows = 0, columns, isStray } = this.options;
    while (lineEnd !== -1 && (this.line <= skipRows || skipSpace(bytes, from, lineEnd) === lineEnd)) {
      this.line++;
      from = lineEnd + 1;
      lineEnd = bytes.indexOf(NEWLINE, from);
    }
    if (isGzipOrHtml(bytes.subarray(from))) throw wrongFormatError(bytes.subarray(from), 'CSV');
    if (lineEnd === -1) return this.waitBehind(bytes, from);

    const delimiter = this.delimiter ?? delimiterOf(bytes.toString('latin1', from, lineEnd));
    const scanner = new RowScanner(delimiter);
    const end = scanner.findEnd(bytes, from);
    if (end === -1) return this.waitBehind(bytes, from);
    const row = bytes.subarray(from, end + 1);
    this.checkRow(row, scanner.flaw);
    return {
      consumed: end + 1,
      next: new CsvRows(this.context, {
        columns: new Columns(parseCells(row, delimiter)[0] ?? [], columns),
        delimiter,
        isStray,
        line: this.line + countNewlines(row, row.length),
      }),
    };
  }

  end(rest: Buffer): void {
    const { consumed, next } = this.read(Buffer.concat([rest, Buffer.from('\n')]));
    if (next === this && consumed <= rest.length)
      throw malformedFeedError('The header line opens quotes that are never closed.');
  }

  private waitBehind(bytes: Buffer, from: number): FeedStageResult {
    if (bytes.length - from > this.context.maxRecordBytes) throw this.tooLong();
    return { consumed: from, next: this };
  }

  private checkRow(row: Buffer, flaw: string | undefined): void {
    if (row.length - 1 > this.context.maxRecordBytes) throw this.tooLong();
    // UTF-16 without a byte order mark is full of zero bytes.
    if (!isUtf8(row) || row.includes(0)) throw notUtf8();
    if (flaw !== undefined) throw malformedFeedError(`The header line cannot be read. ${flaw}`);
    if (/\r(?!\n)/.test(row.toString('latin1'))) {
      throw malformedFeedError(
        'The body ends its lines with carriage returns alone; end them with line feeds.',
      );
    }
  }

  private tooLong() {
    return malformedFeedError(`The header line is longer than ${this.context.maxRecordBytes} bytes.`);
  }
}

const notUtf8 = () => malformedFeedError('The body is not UTF-8 text; save it as CSV in UTF-8.');

/** Returns the most frequent delimiter of a header line; a comma by default. */
function delimiterOf(line: string): string {
  const unquoted = line.replace(/"[^"]*("|$)/g, '');
  let best: string = delimiters[0];
  let most = 0;
  for (const delimiter of delimiters) {
    const count = unquoted.split(delimiter).length - 1;
    if (count > most) [best, most] = [delimiter, count];
  }
  return best;
}
