import {
  excerptOf,
  type FeedStage,
  type FeedStageResult,
  NEWLINE,
  OversizedRecord,
  type ReadContext,
  truncatedFeedError,
} from '../feed/feed-stage.ts';
import { decodeUtf8, notUtf8 } from '../feed/utf8.ts';
import { parseJson } from './parse.ts';

/** Reads NDJSON: one value a line. Each line is parsed separately: a malformed one affects no other. */
export class Lines implements FeedStage {
  private readonly context: ReadContext;
  private line: number;
  /** The oversized line being skipped. */
  private oversized: OversizedRecord | undefined;

  /** `line` is the number of the next line. `oversized` holds the consumed beginning of that line, if it is oversized. */
  constructor(context: ReadContext, options: { line: number; oversized?: OversizedRecord | undefined }) {
    this.context = context;
    this.line = options.line;
    this.oversized = options.oversized;
  }

  get passes(): boolean {
    return this.oversized !== undefined;
  }

  read(bytes: Buffer): FeedStageResult {
    const last = bytes.lastIndexOf(NEWLINE);
    if (last < 0) {
      if (this.oversized === undefined && bytes.length <= this.context.maxRecordBytes) {
        return { consumed: 0, next: this };
      }
      this.oversized ??= new OversizedRecord();
      this.oversized.add(bytes);
      return { consumed: bytes.length, next: this };
    }
    let from = 0;
    if (this.oversized !== undefined) {
      const end = bytes.indexOf(NEWLINE);
      this.rejectOversized(this.oversized, bytes.subarray(0, end));
      from = end + 1;
    }
    this.readLines(bytes.subarray(from, last + 1));
    return { consumed: last + 1, next: this };
  }

  end(rest: Buffer): void {
    const { batches, maxRecordBytes } = this.context;
    if (this.oversized !== undefined) {
      this.rejectOversized(this.oversized, rest);
      return;
    }
    const text = decodeUtf8(rest);
    if (text === undefined) {
      this.readBrokenLine(rest);
      return;
    }
    const looksCut = rest.length <= maxRecordBytes && /^\s*[{[]/.test(text) && parseJson(text) === undefined;
    if (looksCut) throw truncatedFeedError(`in the middle of line ${this.line}`, batches.kept);
    this.readLine(text);
  }

  /** Reads complete lines, each with its newline. */
  private readLines(bytes: Buffer): void {
    const text = decodeUtf8(bytes);
    if (text === undefined) {
      for (let from = 0; from < bytes.length; ) {
        const end = bytes.indexOf(NEWLINE, from);
        const line = bytes.subarray(from, end);
        const decoded = decodeUtf8(line);
        if (decoded === undefined) this.readBrokenLine(line);
        else this.readLine(decoded);
        from = end + 1;
      }
      return;
    }
    let from = 0;
    let end = text.indexOf('\n');
    while (end !== -1) {
      this.readLine(text.slice(from, end));
      from = end + 1;
      end = text.indexOf('\n', from);
    }
  }

  private readBrokenLine(bytes: Buffer): void {
    const isTooLarge = bytes.length > this.context.maxRecordBytes;
    const detail = isTooLarge ? undefined : notUtf8;
    const reason = isTooLarge ? 'record_too_large' : 'invalid_json';
    this.context.batches.addMalformed(this.line++, excerptOf(bytes), reason, detail);
  }

  private readLine(text: string): void {
    const { batches, maxRecordBytes } = this.context;
    const line = this.line++;
    if (text === '' || text === '\r') return;
    // A UTF-16 unit has at most three bytes in UTF-8, so most lines need no exact count.
    if (text.length * 3 > maxRecordBytes && Buffer.byteLength(text) > maxRecordBytes) {
      batches.addMalformed(line, excerptOf(Buffer.from(text)), 'record_too_large');
      return;
    }
    const value = parseJson(text);
    if (value !== undefined) batches.addRecord(value, line, text);
    else if (text.trim() !== '') batches.addMalformed(line, excerptOf(Buffer.from(text)), 'invalid_json');
  }

  private rejectOversized(record: OversizedRecord, lastPart: Buffer): void {
    record.add(lastPart);
    this.oversized = undefined;
    this.context.batches.addMalformed(this.line++, record.text, 'record_too_large');
  }
}
