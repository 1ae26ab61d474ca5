/** Names of columns that a sentence lists, at most. */
const maxNames = 40;

/** Looks for figures that some record of a feed must have. */
export class FigureWatch {
  /** Records that were looked at. */
  seen = 0;
  private readonly names = new Set<string>();
  private readonly wanted: Set<string>;

  constructor(figures: readonly string[]) {
    this.wanted = new Set(figures);
  }

  /** The figures that no record has had. */
  get missing(): readonly string[] {
    return [...this.wanted];
  }

  /** Columns that have had values as long as a figure was missing, for a sentence. */
  get columns(): readonly string[] {
    return [...this.names];
  }

  /** @param record in the names of the contract */
  see(record: unknown): void {
    this.seen += 1;
    // All found, as in the first record of almost every feed: nothing is looked at any more.
    if (this.wanted.size === 0 || typeof record !== 'object' || record === null) return;
    for (const [name, value] of Object.entries(record)) {
      if (!hasValue(value)) continue;
      this.wanted.delete(name);
      if (this.names.size < maxNames) this.names.add(name);
    }
  }
}

export const hasValue = (value: unknown): boolean =>
  value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');
