import { BodyStart } from './body-start.ts';
import { BYTE_ORDER_MARK, isBeginningOf, OPEN_ARRAY, OPEN_OBJECT, skipSpace } from './bytes.ts';
import type { ReadContext, Stage, StageResult } from './stage.ts';

/** Tells by the first byte that is not blank whether a body is JSON; if not, `other` reads it. It consumes nothing itself. */
export class FirstByte implements Stage {
  private readonly context: ReadContext;
  private readonly other: () => Stage;

  constructor(context: ReadContext, other: () => Stage) {
    this.context = context;
    this.other = other;
  }

  read(bytes: Buffer): StageResult {
    const at = skipSpace(bytes, isBeginningOf(BYTE_ORDER_MARK, bytes) ? BYTE_ORDER_MARK.length : 0);
    const isBlank = at === bytes.length || isBeginningOf(bytes, BYTE_ORDER_MARK);
    if (isBlank && bytes.length <= this.context.maxRecordBytes) return { consumed: 0, next: this };
    // Blanks without end are left to the reader that lets them go.
    const isJson = isBlank || bytes[at] === OPEN_OBJECT || bytes[at] === OPEN_ARRAY;
    return { consumed: 0, next: isJson ? new BodyStart(this.context) : this.other() };
  }

  end(rest: Buffer): void {
    const reader = new BodyStart(this.context);
    const { consumed } = reader.read(rest);
    reader.end(rest.subarray(consumed));
  }
}
