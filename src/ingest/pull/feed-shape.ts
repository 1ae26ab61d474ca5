import { isObject } from '../../formats/json/parse.ts';
import { columnsOfRecord, hasValue } from '../../sources/mapping/missing-columns.ts';

/** Of each column of a feed the share of records that have a value in it, 0 to 1. */
export type FeedColumns = Readonly<Record<string, number>>;

/** So many records are looked at before only some are. */
const wholeRecords = 1_000;
/** Beyond them each of so many: enough to know a column by, and no cost. */
const everyRecord = 97;
/** Columns that are kept of a feed, and characters of a name. */
const maxColumns = 200;
const maxNameLength = 200;
/** Values that a column must have, or must have been expected to have, for its coming or going to mean something. */
const fewValues = 5;

/** Watches which columns a feed has. */
export interface FeedShape {
  /** @param raw a record in the field names of the contract, readable or not */
  see(raw: unknown): void;
  /** None before enough records have come to tell. */
  readonly columns: FeedColumns;
  /** What has changed since an earlier run, in sentences; nothing where too little has come to tell. */
  changesSince(before: FeedColumns): readonly string[];
}

export function createFeedShape(): FeedShape {
  const filled = new Map<string, number>();
  let seen = 0;
  let looked = 0;

  return {
    see(raw) {
      seen += 1;
      if (seen > wholeRecords && seen % everyRecord !== 0) return;
      if (!isObject(raw)) return;
      looked += 1;
      for (const [name, value] of columnsOfRecord(raw)) {
        const key = name.slice(0, maxNameLength);
        if (!filled.has(key) && filled.size >= maxColumns) continue;
        filled.set(key, (filled.get(key) ?? 0) + (hasValue(value) ? 1 : 0));
      }
    },
    get columns() {
      return looked < fewValues
        ? {}
        : Object.fromEntries([...filled].map(([name, values]) => [name, values / looked]));
    },
    changesSince(before) {
      if (looked < fewValues || Object.keys(before).length === 0) return [];
      const appeared = [...filled].filter(([name, values]) => !(name in before) && values >= fewValues);
      const gone = Object.entries(before).filter(
        ([name, share]) => (filled.get(name) ?? 0) === 0 && share * looked >= fewValues,
      );
      return [
        ...(gone.length === 0
          ? []
          : [`Columns that had values in the run before have none now: ${namesOf(gone)}.`]),
        ...(appeared.length === 0
          ? []
          : [`Columns have come that the run before did not have: ${namesOf(appeared)}.`]),
      ];
    },
  };
}

const namesOf = (columns: readonly (readonly [name: string, unknown])[]): string =>
  columns
    .map(([name]) => name)
    .sort()
    .join(', ');
