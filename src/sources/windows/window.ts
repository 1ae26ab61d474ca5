import type { PageRequest } from '../pagination/pagination.ts';

/**
 * How a source continues where its platform limits the results of a search: by the ids of its results, which must then be in
 * order, or by days, in ever shorter ranges.
 */
export type SearchWindow = IdWindow | DayWindow;

export interface IdWindow {
  readonly by: 'id';
  /** Most results of one search. */
  readonly limit: number;
  /** Path of the id in a result. */
  readonly id: readonly string[];
  /** `{last_id}` of the first search. */
  readonly start: string;
  /** Adds the condition on the id, none for the first search, and the order by id. Undefined: the request's templates have them. */
  readonly place?: (request: PageRequest, lastId: string | undefined) => PageRequest;
}

export interface DayWindow {
  readonly by: 'day';
  readonly limit: number;
}
