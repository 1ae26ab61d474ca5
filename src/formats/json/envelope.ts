import {
  BACKSLASH,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  type FeedStage,
  type FeedStageResult,
  malformedFeedError,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  type ReadContext,
  skipSpace,
  truncatedFeedError,
} from '../feed/feed-stage.ts';
import { ArrayElements } from './array-elements.ts';
import { ValueScanner } from './value-scanner.ts';

/** Returns the stages for an array found by `walker`: its elements, then what follows its `]`. */
export function arrayOf(context: ReadContext, walker: EnvelopeWalker, position: number): FeedStage {
  return new ArrayElements(context, {
    position,
    afterArray: (nextPosition) => new EnvelopeTail(context, walker, nextPosition),
  });
}

/** Reads what follows the array up to the last bracket, so that a truncated body is detected. */
class EnvelopeTail implements FeedStage {
  private readonly context: ReadContext;
  private readonly walker: EnvelopeWalker;
  private readonly nextPosition: number;

  constructor(context: ReadContext, walker: EnvelopeWalker, nextPosition: number) {
    this.context = context;
    this.walker = walker;
    this.nextPosition = nextPosition;
  }

  read(bytes: Buffer): FeedStageResult {
    let step = this.walker.walk(bytes, 0);
    if (step.outcome === 'closed') step = this.walker.walk(bytes, step.at);
    if (step.outcome === 'at-array') {
      return { consumed: step.at, next: arrayOf(this.context, this.walker, this.nextPosition) };
    }
    if (step.outcome === 'broken') {
      throw malformedFeedError(
        this.walker.isClosed
          ? 'The body goes on after the end of its list of records; send one array, one envelope or NDJSON.'
          : 'The body is not valid JSON behind its list of records.',
      );
    }
    return { consumed: step.at, next: this };
  }

  end(): void {
    if (!this.walker.isClosed) throw truncatedFeedError('before its last bracket', this.context.batches.kept);
  }
}

/** Maximum length of a key in the envelope. A longer key is an error, because it would have to be kept in memory. */
const MAX_KEY_BYTES = 65_536;

type Expecting =
  | 'key-or-end'
  | 'key'
  | 'colon'
  | 'value'
  | 'end-of-skipped-value'
  | 'comma-or-end'
  | 'nothing';

/** The result of a walk. `at` is the first byte that is not consumed. */
export interface Step {
  readonly outcome: 'needs-more' | 'at-array' | 'closed' | 'broken';
  readonly at: number;
}

/**
 * Walks the objects around the array of records, `{"external":{"ads":{"performance":[…`, and what follows it. It skips all other
 * members without validating their values.
 */
export class EnvelopeWalker {
  private readonly path: readonly string[];
  private readonly scanner = new ValueScanner(CLOSE_OBJECT);
  private expecting: Expecting;
  /** Number of keys of the path that lead to the current object. */
  private level = 0;
  private keyMatches = false;
  private keysSeen = 0;
  /** Whether the first key of the outermost object is the first key of the path. */
  firstKeyMatches = false;
  /** Number of keys of the path that were found, each inside the previous one. */
  reached = 0;

  private constructor(path: readonly string[], expecting: Expecting) {
    this.path = path;
    this.expecting = expecting;
  }

  /** Returns a walker for the bytes after the outermost `{`. */
  static ofObject(path: readonly string[]): EnvelopeWalker {
    return new EnvelopeWalker(path, 'key-or-end');
  }

  /** Returns a walker for the bytes after the `]` of an array without an envelope. */
  static ofBareArray(): EnvelopeWalker {
    return new EnvelopeWalker([], 'nothing');
  }

  /** Whether the outermost bracket is closed. */
  get isClosed(): boolean {
    return this.expecting === 'nothing';
  }

  /**
   * Continues at `from`. `at-array` stops after the `[` of the array of records; the caller reads it including its `]` and then
   * continues. `closed` stops after the outermost `}`; anything but white space after it is `broken`.
   */
  walk(bytes: Buffer, from: number): Step {
    let i = from;
    for (;;) {
      if (this.expecting === 'end-of-skipped-value') {
        const end = this.scanner.findEnd(bytes, i);
        if (end < 0) return { outcome: 'needs-more', at: this.scanner.resumeAt };
        this.expecting = 'comma-or-end';
        i = end;
      }
      i = skipSpace(bytes, i);
      const byte = bytes[i];
      if (byte === undefined) return { outcome: 'needs-more', at: i };

      switch (this.expecting) {
        case 'key-or-end':
        case 'key': {
          if (byte === CLOSE_OBJECT && this.expecting === 'key-or-end') {
            this.leaveObject();
            i++;
            if (this.isClosed) return { outcome: 'closed', at: i };
            break;
          }
          if (byte !== QUOTE) return { outcome: 'broken', at: i };
          const end = closingQuote(bytes, i + 1);
          if (end < 0) return { outcome: bytes.length - i > MAX_KEY_BYTES ? 'broken' : 'needs-more', at: i };
          this.seeKey(bytes.toString('utf8', i, end + 1));
          i = end + 1;
          break;
        }
        case 'colon':
          if (byte !== COLON) return { outcome: 'broken', at: i };
          this.expecting = 'value';
          i++;
          break;
        case 'value':
          if (byte === COMMA || byte === CLOSE_OBJECT) return { outcome: 'broken', at: i };
          if (this.keyMatches && this.level === this.path.length - 1 && byte === OPEN_ARRAY) {
            this.expecting = 'comma-or-end';
            return { outcome: 'at-array', at: i + 1 };
          }
          if (this.keyMatches && this.level < this.path.length - 1 && byte === OPEN_OBJECT) {
            this.level++;
            this.expecting = 'key-or-end';
            i++;
          } else {
            this.expecting = 'end-of-skipped-value';
          }
          break;
        case 'comma-or-end':
          if (byte === COMMA) {
            this.expecting = 'key';
          } else if (byte === CLOSE_OBJECT) {
            this.leaveObject();
            if (this.isClosed) return { outcome: 'closed', at: i + 1 };
          } else {
            return { outcome: 'broken', at: i };
          }
          i++;
          break;
        case 'nothing':
          return { outcome: 'broken', at: i };
      }
    }
  }

  private seeKey(quoted: string): void {
    this.keyMatches = this.level < this.path.length && unquote(quoted) === this.path[this.level];
    if (this.keyMatches) this.reached = Math.max(this.reached, this.level + 1);
    if (this.keysSeen++ === 0) this.firstKeyMatches = this.keyMatches;
    this.expecting = 'colon';
  }

  private leaveObject(): void {
    this.expecting = this.level === 0 ? 'nothing' : 'comma-or-end';
    this.level--;
  }
}

function closingQuote(bytes: Uint8Array, from: number): number {
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] === QUOTE) return i;
    if (bytes[i] === BACKSLASH) i++;
  }
  return -1;
}

function unquote(quoted: string): unknown {
  try {
    return JSON.parse(quoted);
  } catch {
    return undefined;
  }
}
