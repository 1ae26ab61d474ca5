import { isObject } from '../../formats/json/parse.ts';

/** Most column names that a message lists. */
const maxNames = 40;

/** Columns that at least one record of a feed must have, by name. */
export interface RequiredColumns {
  /** Required with a value. */
  readonly figures: readonly string[];
  /** Required, but may be empty: a report of one day may have no country. */
  readonly breakdowns: readonly string[];
}

/** Detects columns that no record of a feed has. */
export class MissingColumns {
  /** Records observed. */
  recordCount = 0;
  private readonly names = new Set<string>();
  private readonly figures: Set<string>;
  private readonly breakdowns: Set<string>;

  constructor({ figures, breakdowns }: RequiredColumns) {
    this.figures = new Set(figures);
    this.breakdowns = new Set(breakdowns);
  }

  get isComplete(): boolean {
    return this.figures.size === 0 && this.breakdowns.size === 0;
  }

  /** The columns that no record has had: `the figure cost`, `the breakdown country`; empty if none is missing. */
  get missing(): string {
    return [named('the figure', this.figures), named('the breakdown', this.breakdowns)]
      .filter((part) => part !== '')
      .join(' and ');
  }

  /** Returns sentences on how to fix the missing columns of a `source` with its feed, or of a `mapping` with its file. */
  remedy(owner: 'source' | 'mapping', feed: 'feed' | 'file'): string {
    return [
      ...(this.figures.size === 0
        ? []
        : [
            `Set \`fields\` of the ${owner} to what the column is called now, or \`defaults\` where the ${feed} has none.`,
          ]),
      ...(this.breakdowns.size === 0
        ? []
        : [
            `Set \`breakdowns\` of the ${owner} to what the column is called now, or leave it out there where the ${feed} has none.`,
          ]),
    ].join(' ');
  }

  /** Columns that had values while one was missing, for a message. */
  get columns(): readonly string[] {
    return [...this.names];
  }

  /** @param record with the field names of the contract */
  observe(record: unknown): void {
    this.recordCount += 1;
    // All found, as after the first record of almost every feed.
    if (this.isComplete || !isObject(record)) return;
    for (const [name, value] of columnsOfRecord(record)) {
      if (!hasValue(value)) continue;
      this.figures.delete(name);
      if (this.names.size < maxNames) this.names.add(name);
    }
    if (this.breakdowns.size === 0 || !isObject(record.breakdowns)) return;
    for (const [name, value] of Object.entries(record.breakdowns)) {
      if (value !== undefined) this.breakdowns.delete(name);
    }
  }
}

/** Returns the members of a record, with each breakdown as `breakdowns.NAME`, and extra measures likewise. */
export const columnsOfRecord = (record: Readonly<Record<string, unknown>>): (readonly [string, unknown])[] =>
  Object.entries(record).flatMap(([name, value]): (readonly [string, unknown])[] =>
    (name === 'breakdowns' || name === 'extra_measures') && isObject(value)
      ? Object.entries(value).map(([each, text]) => [`${name}.${each}`, text])
      : [[name, value]],
  );

const named = (what: string, names: ReadonlySet<string>): string =>
  names.size === 0 ? '' : `${what} ${[...names].join(', ')}`;

export const hasValue = (value: unknown): boolean =>
  value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');
