import type { PageRequest } from '../pagination/pagination.ts';

/**
 * How a feed goes on where its platform ends a search: after so many results, whatever is left. By the ids of its results, which
 * then have to come in their order; or by its days, in ever shorter ranges.
 */
export type SearchWindow = IdWindow | DayWindow;

export interface IdWindow {
  readonly by: 'id';
  /** Results that one search gives at most. */
  readonly limit: number;
  /** Path of the id in a result. */
  readonly id: readonly string[];
  /** What `{last_id}` of the first search is. */
  readonly start: string;
  /** Asks for what comes after an id, in the order of ids; at first without one. Undefined: the templates of the request do. */
  readonly place?: (request: PageRequest, lastId: string | undefined) => PageRequest;
}

export interface DayWindow {
  readonly by: 'day';
  readonly limit: number;
}
