import {
  BYTE_ORDER_MARK,
  countNewlines,
  isBeginningOf,
  OPEN_ARRAY,
  OPEN_OBJECT,
  skipSpace,
} from './bytes.ts';
import { arrayOf } from './envelope-tail.ts';
import { EnvelopeWalker } from './envelope-walker.ts';
import { ObjectHead } from './object-head.ts';
import type { ReadContext, Stage, StageResult } from './stage.ts';
import { unreadable } from './unreadable.ts';

/** Skips the byte order mark and white space, and tells by the first byte what kind of body this is. */
export class BodyStart implements Stage {
  private readonly context: ReadContext;
  private line = 1;
  private mayHaveMark = true;

  constructor(context: ReadContext) {
    this.context = context;
  }

  read(bytes: Buffer): StageResult {
    let from = 0;
    if (this.mayHaveMark) {
      if (isBeginningOf(BYTE_ORDER_MARK, bytes)) from = BYTE_ORDER_MARK.length;
      else if (isBeginningOf(bytes, BYTE_ORDER_MARK)) return { consumed: 0, next: this };
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
        throw unreadable(bytes.subarray(at), 'JSON');
    }
  }

  end(rest: Buffer): void {
    if (rest.length > 0) throw unreadable(rest, 'JSON');
  }
}
