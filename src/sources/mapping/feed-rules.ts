import type { RequiredColumns } from './missing-columns.ts';

/** The limit of unreadable records in a feed above which `replace` changes nothing. */
export interface MaxRejects {
  /** Share of the records received, 0 to 1; applies to feeds of more than 20 records. */
  readonly share: number;
  /** Number of records, for a feed of any length; undefined: only the share applies. */
  readonly count?: number | undefined;
}

/** Conditions that a feed must meet before a run changes stored rows. */
export interface FeedRules {
  readonly maxRejects: MaxRejects;
  /** Columns that some record must have: without them the feed has changed its format, and would be stored as zeros. */
  readonly required: RequiredColumns;
  /** Undefined: `fail` where a run replaces what is stored, else `last`. */
  readonly duplicates: DuplicateRule | undefined;
  /** Whether a run that would delete most stored rows waits for confirmation. */
  readonly isGuarded: boolean;
}

/**
 * What rows of one feed with the same key but different figures mean. `sum`: parts of one row, since the feed is finer than its
 * key. `last`: states of one row, the last of which counts. `fail`: an error, and the run changes nothing. Rows with different
 * `updated_at` are always states.
 */
export const duplicateRules = ['sum', 'last', 'fail'] as const;
export type DuplicateRule = (typeof duplicateRules)[number];

export const defaultMaxRejects: MaxRejects = { share: 0.1 };

/** The share does not apply to feeds of up to this many records. */
const minRecordsForShare = 20;

export function exceedsMaxRejects(limit: MaxRejects, unreadable: number, read: number): boolean {
  if (limit.count !== undefined && unreadable > limit.count) return true;
  return read > minRecordsForShare && unreadable > limit.share * read;
}
