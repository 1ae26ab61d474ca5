import { isObject } from '../../formats/json/parse.ts';

/** Names of columns that a sentence lists, at most. */
const maxNames = 40;

/** What some record of a feed must have, by name. */
export interface RequiredColumns {
  /** With a value. */
  readonly figures: readonly string[];
  /** Be it without a value: a report of one day may know of no country. */
  readonly breakdowns: readonly string[];
}

/** Looks for the columns that some record of a feed must have. */
export class MissingColumns {
  /** Records that were looked at. */
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

  /** What no record has had: `the figure cost`, `the breakdown country`; empty where nothing is missing. */
  get missing(): string {
    return [named('the figure', this.figures), named('the breakdown', this.breakdowns)]
      .filter((part) => part !== '')
      .join(' and ');
  }

  /** What to do about the missing ones, in sentences: of a `source` with its feed, or of a `mapping` with its file. */
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

  /** Columns that have had values as long as one was missing, for a sentence. */
  get columns(): readonly string[] {
    return [...this.names];
  }

  /** @param record in the names of the contract */
  observe(record: unknown): void {
    this.recordCount += 1;
    // All found, as in the first record of almost every feed: nothing is looked at any more.
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

/** The members of a record, each breakdown as one of its own. */
export const columnsOfRecord = (record: Readonly<Record<string, unknown>>): (readonly [string, unknown])[] =>
  Object.entries(record).flatMap(([name, value]): (readonly [string, unknown])[] =>
    name === 'breakdowns' && isObject(value)
      ? Object.entries(value).map(([breakdown, text]) => [`breakdowns.${breakdown}`, text])
      : [[name, value]],
  );

const named = (what: string, names: ReadonlySet<string>): string =>
  names.size === 0 ? '' : `${what} ${[...names].join(', ')}`;

export const hasValue = (value: unknown): boolean =>
  value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');
