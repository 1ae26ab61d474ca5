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

/** The stages for an array found by `walker`: its elements, then what follows its `]`. */
export function arrayOf(context: ReadContext, walker: EnvelopeWalker, position: number): FeedStage {
  return new ArrayElements(context, {
    position,
    afterArray: (nextPosition) => new EnvelopeTail(context, walker, nextPosition),
  });
}

/** Reads what follows the array up to the last bracket, so that an answer that was cut there is not taken for a whole one. */
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

/** A longer key than this cannot be one of the envelope's, and is not held to find out. */
const MAX_KEY_BYTES = 65_536;

type Expecting =
  | 'key-or-end'
  | 'key'
  | 'colon'
  | 'value'
  | 'end-of-skipped-value'
  | 'comma-or-end'
  | 'nothing';

/** How far a walk came: `at` is the first byte that the next walk, or whoever reads on, wants to see. */
export interface Step {
  readonly outcome: 'needs-more' | 'at-array' | 'closed' | 'broken';
  readonly at: number;
}

/**
 * Walks the objects around the wanted array, `{"external":{"ads":{"performance":[…` and what comes after it, skipping
 * every other member whatever it holds. Skipped values are not validated.
 */
export class EnvelopeWalker {
  private readonly path: readonly string[];
  private readonly scanner = new ValueScanner(CLOSE_OBJECT);
  private expecting: Expecting;
  /** How many of the path's keys lead to the object now walked. */
  private level = 0;
  private keyMatches = false;
  private keysSeen = 0;
  /** Whether the outermost object's first key was the path's first key. */
  firstKeyMatches = false;
  /** How many of the path's keys were found, one inside the other. */
  reached = 0;

  private constructor(path: readonly string[], expecting: Expecting) {
    this.path = path;
    this.expecting = expecting;
  }

  /** For bytes that follow the outermost `{`. */
  static ofObject(path: readonly string[]): EnvelopeWalker {
    return new EnvelopeWalker(path, 'key-or-end');
  }

  /** For bytes that follow the `]` of an array without an envelope. */
  static ofBareArray(): EnvelopeWalker {
    return new EnvelopeWalker([], 'nothing');
  }

  /** Whether the outermost bracket was closed. */
  get isClosed(): boolean {
    return this.expecting === 'nothing';
  }

  /**
   * Walks on from `from`. `at-array` stops behind the `[` of the wanted array: read it up to and with its `]`, then walk on.
   * `closed` stops behind the outermost `}`, after which only white space is not `broken`.
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
