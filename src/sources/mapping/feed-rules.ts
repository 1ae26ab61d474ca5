import type { RequiredColumns } from './missing-columns.ts';

/** How many records of a feed may be unreadable before `replace` changes nothing. */
export interface MaxRejects {
  /** Of the records that came, from 0 to 1; holds where more than 20 came. */
  readonly share: number;
  /** Of a feed of any length; undefined: only the share counts. */
  readonly count?: number | undefined;
}

/** What a feed must be like for its runs to change anything. */
export interface FeedRules {
  readonly maxRejects: MaxRejects;
  /** What some record must have: a feed in which none does has changed its shape, and would store zeros. */
  readonly required: RequiredColumns;
  /** Undefined: `fail` where a run replaces what is stored, else `last`. */
  readonly duplicates: DuplicateRule | undefined;
  /** Whether a run that would take away a lot of what is stored waits for somebody's word. */
  readonly isGuarded: boolean;
}

/**
 * What rows of one feed mean that have one key and other figures: parts of one row, whose feed is finer than its key; states of one
 * row, the last of which holds; or a mistake, with which a run changes nothing. Rows with other `updated_at` are states, always.
 */
export const duplicateRules = ['sum', 'last', 'fail'] as const;
export type DuplicateRule = (typeof duplicateRules)[number];

export const defaultMaxRejects: MaxRejects = { share: 0.1 };

/** Of so few records a share says nothing. */
const minRecordsForShare = 20;

export function exceedsMaxRejects(limit: MaxRejects, unreadable: number, read: number): boolean {
  if (limit.count !== undefined && unreadable > limit.count) return true;
  return read > minRecordsForShare && unreadable > limit.share * read;
}
