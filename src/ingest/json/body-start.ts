import { countNewlines, OPEN_ARRAY, OPEN_OBJECT, skipSpace } from './bytes.ts';
import { arrayOf } from './envelope-tail.ts';
import { EnvelopeWalker } from './envelope-walker.ts';
import { ObjectHead } from './object-head.ts';
import { malformed, type ReadContext, type Stage, type StageResult } from './stage.ts';

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const SHOWN_CHARACTERS = 60;

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
        throw notJson(bytes.subarray(at));
    }
  }

  end(rest: Buffer): void {
    if (rest.length > 0) throw notJson(rest);
  }
}

/** Whether `whole` begins with all of `start`. */
function isBeginningOf(start: Buffer, whole: Buffer): boolean {
  return start.length <= whole.length && start.equals(whole.subarray(0, start.length));
}

function notJson(bytes: Buffer): Error {
  if (isBeginningOf(GZIP_MAGIC, bytes)) {
    return malformed('The answer is gzip without saying so; it needs the header Content-Encoding: gzip.');
  }
  const text = bytes.toString('utf8', 0, 4 * SHOWN_CHARACTERS);
  const shown = text
    .replace(/[^\p{L}\p{N}\p{P}\p{S}]+/gu, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS);
  return malformed(
    `The answer is ${text.startsWith('<') ? 'HTML, not JSON' : 'not JSON'}; it starts with ‘${shown}’.`,
  );
}
