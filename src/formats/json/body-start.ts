import {
  BYTE_ORDER_MARK,
  countNewlines,
  type FeedStage,
  type FeedStageResult,
  isPrefixOf,
  malformedFeedError,
  NEWLINE,
  OPEN_ARRAY,
  OPEN_OBJECT,
  OversizedRecord,
  type ReadContext,
  skipSpace,
  truncatedFeedError,
  wrongFormatError,
} from '../feed/feed-stage.ts';
import { decodeUtf8 } from '../feed/utf8.ts';
import { arrayOf, EnvelopeWalker } from './envelope.ts';
import { Lines } from './lines.ts';
import { parseJson } from './parse.ts';

/** Determines by the first non-blank byte whether a body is JSON; if not, `other` reads it. It consumes no bytes. */
export class FirstByte implements FeedStage {
  private readonly context: ReadContext;
  private readonly other: () => FeedStage;

  constructor(context: ReadContext, other: () => FeedStage) {
    this.context = context;
    this.other = other;
  }

  read(bytes: Buffer): FeedStageResult {
    const at = skipSpace(bytes, isPrefixOf(BYTE_ORDER_MARK, bytes) ? BYTE_ORDER_MARK.length : 0);
    const isBlank = at === bytes.length || isPrefixOf(bytes, BYTE_ORDER_MARK);
    if (isBlank && bytes.length <= this.context.maxRecordBytes) return { consumed: 0, next: this };
    // Blank bytes go to BodyStart, which consumes them, so that any number of them is no problem.
    const isJson = isBlank || bytes[at] === OPEN_OBJECT || bytes[at] === OPEN_ARRAY;
    return { consumed: 0, next: isJson ? new BodyStart(this.context) : this.other() };
  }

  end(rest: Buffer): void {
    const reader = new BodyStart(this.context);
    const { consumed } = reader.read(rest);
    reader.end(rest.subarray(consumed));
  }
}

/**
 * Reads the first object of a body until it is clear whether it is the envelope or the first line of NDJSON. Until then it does
 * not consume the bytes, because they may be a record, unless they exceed the maximum record size.
 */
class ObjectHead implements FeedStage {
  private readonly context: ReadContext;
  private readonly walker: EnvelopeWalker;
  private line: number;
  private walked = 1;
  private oversized: OversizedRecord | undefined;

  /** The object begins with the next byte, in line `line`. */
  constructor(context: ReadContext, line: number) {
    this.context = context;
    this.walker = EnvelopeWalker.ofObject(context.envelope);
    this.line = line;
  }

  read(bytes: Buffer): FeedStageResult {
    const { outcome, at } = this.walker.walk(bytes, this.walked);
    if (outcome === 'at-array') return { consumed: at, next: arrayOf(this.context, this.walker, 1) };
    if (this.walker.firstKeyMatches) {
      if (outcome !== 'needs-more') throw this.noSuchArray(outcome);
      this.walked = 0;
      return { consumed: at, next: this };
    }
    const limit = this.context.maxRecordBytes;
    if (this.oversized === undefined && at <= limit) {
      if (outcome === 'closed') return this.readObject(bytes, at);
      if (outcome === 'broken') return this.readLines();
      this.walked = at;
      return { consumed: 0, next: this };
    }
    if (this.oversized === undefined && secondLineIsObject(bytes.subarray(0, limit))) return this.readLines();
    return this.drop(bytes, at, outcome);
  }

  end(rest: Buffer): void {
    if (this.oversized === undefined && !this.walker.firstKeyMatches && secondLineIsObject(rest)) {
      const lines = new Lines(this.context, { line: this.line });
      lines.end(rest.subarray(lines.read(rest).consumed));
      return;
    }
    throw truncatedFeedError(
      this.walker.firstKeyMatches
        ? `before ${this.context.envelope.join('.')} was reached`
        : 'in the middle of record 1',
      0,
    );
  }

  /** The object ends before `end` and is not the envelope. It is a record, usually on one line. */
  private readObject(bytes: Buffer, end: number): FeedStageResult {
    const newlines = countNewlines(bytes, end);
    const text = newlines > 0 ? decodeUtf8(bytes.subarray(0, end)) : undefined;
    const record = parseJson(text ?? '');
    if (record === undefined) return this.readLines();
    this.context.batches.addRecord(record, this.line, text);
    return { consumed: end, next: new Lines(this.context, { line: this.line + newlines }) };
  }

  private readLines(): FeedStageResult {
    return { consumed: 0, next: new Lines(this.context, { line: this.line }) };
  }

  /**
   * Consumes the bytes before `at`, which are longer than any record. If they begin a line of NDJSON, `Lines` reports it as
   * oversized at its newline.
   */
  private drop(bytes: Buffer, at: number, outcome: 'needs-more' | 'closed' | 'broken'): FeedStageResult {
    this.oversized ??= new OversizedRecord();
    this.oversized.add(bytes.subarray(0, at));
    this.line += countNewlines(bytes, at);
    this.walked = 0;
    const isOver = outcome !== 'needs-more';
    return {
      consumed: at,
      next: isOver ? new Lines(this.context, { line: this.line, oversized: this.oversized }) : this,
    };
  }

  private noSuchArray(outcome: 'closed' | 'broken'): Error {
    const path = this.context.envelope;
    const wanted = `The records are expected in an array at ${path.join('.')}`;
    if (outcome === 'broken')
      return malformedFeedError(`${wanted}, but the body is not valid JSON before that.`);
    const { reached } = this.walker;
    return malformedFeedError(
      reached === path.length
        ? `${wanted}, but what the body has there is not an array.`
        : `${wanted}, but the body has no ${path[reached]} in ${path.slice(0, reached).join('.')}.`,
    );
  }
}

/** Distinguishes NDJSON with an invalid first line, whose brackets never close, from one object over several lines. */
function secondLineIsObject(bytes: Buffer): boolean {
  const firstEnd = bytes.indexOf(NEWLINE);
  if (firstEnd === -1) return false;
  const from = skipSpace(bytes, firstEnd);
  if (bytes[from] !== OPEN_OBJECT) return false;
  const end = bytes.indexOf(NEWLINE, from);
  return parseJson(bytes.toString('utf8', from, end === -1 ? bytes.length : end)) !== undefined;
}

/** Skips the byte order mark and white space, and determines by the first byte what kind of body follows. */
export class BodyStart implements FeedStage {
  private readonly context: ReadContext;
  private line = 1;
  private mayHaveMark = true;

  constructor(context: ReadContext) {
    this.context = context;
  }

  read(bytes: Buffer): FeedStageResult {
    let from = 0;
    if (this.mayHaveMark) {
      if (isPrefixOf(BYTE_ORDER_MARK, bytes)) from = BYTE_ORDER_MARK.length;
      else if (isPrefixOf(bytes, BYTE_ORDER_MARK)) return { consumed: 0, next: this };
      this.mayHaveMark = false;
    }
    const at = skipSpace(bytes, from);
    this.line += countNewlines(bytes, at);
    switch (bytes[at]) {
      case undefined:
        return { consumed: at, next: this };
      case OPEN_ARRAY:
        return { consumed: at + 1, next: arrayOf(this.context, EnvelopeWalker.ofBareArray(), 1) };
      case OPEN_OBJECT:
        return { consumed: at, next: new ObjectHead(this.context, this.line) };
      default:
        throw wrongFormatError(bytes.subarray(at), 'JSON');
    }
  }

  end(rest: Buffer): void {
    if (rest.length > 0) throw wrongFormatError(rest, 'JSON');
  }
}
