import { UtmqlError } from '../../errors.ts';
import type { FeedPage } from '../pagination/page.ts';

/** A buffered page of one search. */
export interface SearchPage {
  readonly page: FeedPage;
  /** Total number of results of the search, if the page has it. */
  readonly total: number | undefined;
  /** Resolves to the results on the page; an unreadable one is undefined. */
  elements(): Promise<readonly unknown[]>;
}

/** The error for a platform that truncates a search, or may have. */
export const searchLimitError = (source: string, what: string): UtmqlError =>
  new UtmqlError('SOURCE_MALFORMED', `Source ${source} ${what}.`);

export const missingResultsError = (source: string, total: number, came: number): UtmqlError =>
  searchLimitError(
    source,
    `says that there are ${total} results, and gave ${came}; what is missing would be lost in silence. If it ends a search after so many, set window to that number (docs/sources.md), or lower days_per_request`,
  );
