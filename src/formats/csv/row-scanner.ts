const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;

/** State before the next byte of a row. `Closed`: after a quote that ends a cell unless another quote follows. */
const State = { CellStart: 0, Plain: 1, Quoted: 2, Closed: 3, ClosedAndReturn: 4, Broken: 5 } as const;
type State = (typeof State)[keyof typeof State];

/**
 * Finds the end of a CSV row by quotes and newlines alone, in bytes that can arrive in chunks. Quotes follow RFC 4180: a cell
 * that begins with a quote ends at the next one that is not doubled.
 */
export class RowScanner {
  private readonly delimiter: number;
  private state: State = State.CellStart;
  private hasStrayQuote = false;
  /** Whether a cell of the row begins with a quote. */
  hasQuotedCell = false;
  /** Index of a byte after a closing quote that is neither a delimiter nor the row's end; -1 if there is none. */
  brokenAt = -1;

  /** @param delimiter the ASCII character between two cells */
  constructor(delimiter: string) {
    this.delimiter = delimiter.charCodeAt(0);
  }

  /** Resets the state. Call it before each row. */
  begin(): void {
    this.state = State.CellStart;
    this.hasStrayQuote = false;
    this.hasQuotedCell = false;
    this.brokenAt = -1;
  }

  /** Why the scanned row cannot be split into cells; undefined if it can. */
  get flaw(): string | undefined {
    if (this.brokenAt >= 0) return 'A cell goes on behind its closing quote; double the quotes inside of it.';
    if (this.hasStrayQuote)
      return 'A quote stands in a cell without quotes around it; add them and double the quotes inside.';
    return undefined;
  }

  /** Whether the bytes so far end inside quotes. */
  get isInQuotes(): boolean {
    return this.state === State.Quoted;
  }

  /**
   * Returns the index of the newline that ends the row at `from`, or -1 if the bytes end before it. After broken quotes cells are
   * unknown, so the next newline ends the row.
   */
  findEnd(bytes: Uint8Array, from: number): number {
    const delimiter = this.delimiter;
    const length = bytes.length;
    let state = this.state;
    for (let i = from; i < length; i++) {
      const byte = bytes[i];
      if (state === State.Quoted) {
        if (byte === QUOTE) state = State.Closed;
      } else if (byte === NEWLINE) {
        this.state = state;
        return i;
      } else if (state === State.Broken) {
        // Only the newline matters.
      } else if (byte === delimiter && state !== State.ClosedAndReturn) {
        state = State.CellStart;
      } else if (state === State.Plain) {
        if (byte === QUOTE) this.hasStrayQuote = true;
      } else if (state === State.CellStart) {
        state = State.Plain;
        if (byte === QUOTE) {
          state = State.Quoted;
          this.hasQuotedCell = true;
        }
      } else if (state === State.Closed && byte === QUOTE) {
        state = State.Quoted;
      } else if (state === State.Closed && byte === CARRIAGE_RETURN) {
        state = State.ClosedAndReturn;
      } else {
        state = State.Broken;
        this.brokenAt = i;
      }
    }
    this.state = state;
    return -1;
  }
}
