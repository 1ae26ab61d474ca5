import { UtmqlError } from '../../errors.ts';
import type { Page } from '../pagination/page.ts';

/** A page of one search, held. */
export interface SearchPage {
  readonly page: Page;
  /** How many results the search has, as the page says; undefined where it does not. */
  readonly total: number | undefined;
  /** What is on the page; a result that cannot be read is undefined. */
  elements(): Promise<readonly unknown[]>;
}

/** A platform that ends a search early, or says nothing that would tell whether it did. */
export const searchLimitError = (source: string, what: string): UtmqlError =>
  new UtmqlError('SOURCE_MALFORMED', `Source ${source} ${what}.`);

export const missingResultsError = (source: string, total: number, came: number): UtmqlError =>
  searchLimitError(
    source,
    `says that there are ${total} results, and gave ${came}; what is missing would be lost in silence. If it ends a search after so many, set window to that number (docs/sources.md), or lower days_per_request`,
  );
