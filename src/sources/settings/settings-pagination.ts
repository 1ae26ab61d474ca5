import type { Adapter } from '../adapters/adapter.ts';
import type { Pagination, ParameterLocation } from '../pagination/pagination.ts';
import type { SearchWindow } from '../windows/window.ts';
import { hasJsonBody, type RequestPlan } from './request-plan.ts';
import type { SourceSettings } from './settings.ts';

/** How a source is paged: as its settings say, else as its adapter does. */
export function paginationOf(
  { pagination }: SourceSettings,
  adapter: Adapter,
  plan: Pick<RequestPlan, 'bodies'>,
): Pagination {
  const chosen = pagination === undefined ? adapter.pagination : paginationFromSettings(pagination);
  // A POST that asks in JSON has its cursor there, too.
  const usual: ParameterLocation = hasJsonBody(plan) ? 'body' : 'query';
  if (chosen === undefined) return { kind: 'none' };
  return 'parameter' in chosen ? { ...chosen, in: chosen.in ?? usual } : chosen;
}

function paginationFromSettings(settings: NonNullable<SourceSettings['pagination']>): Pagination | undefined {
  const { none, cursor, next_link, page_number, offset, link_header } = settings;
  if (none) return { kind: 'none' };
  if (cursor) return { kind: 'cursor', ...cursor };
  if (next_link) return { kind: 'next_link', ...next_link };
  if (link_header) return { kind: 'link_header' };
  if (page_number) return { kind: 'page_number', ...page_number, stop: stopAt(page_number.stop, ['empty']) };
  if (offset) {
    const { limit_parameter: limitParameter, ...rest } = offset;
    return { kind: 'offset', ...rest, limitParameter, stop: stopAt(offset.stop, ['empty', 'short']) };
  }
  return undefined;
}

/** One of the words, or the path of the field that tells the end. */
function stopAt<Word extends string>(
  stop: readonly string[],
  words: readonly Word[],
): Word | readonly string[] {
  return (stop.length === 1 ? words.find((word) => word === stop[0]) : undefined) ?? stop;
}

/** How a source goes on where its platform ends a search: as its settings say, else as its adapter does. */
export function windowOf(
  { window }: SourceSettings,
  adapter: Adapter,
  plan: Pick<RequestPlan, 'url' | 'bodies'>,
): SearchWindow | undefined {
  if (window === undefined) return adapter.window?.(plan);
  const { limit, id, start } = window;
  return id === undefined ? { by: 'day', limit } : { by: 'id', limit, id, start };
}

/** Where a page of a source tells how many results there are in all. */
export function totalOf({ total, pagination }: SourceSettings, adapter: Adapter): Path | undefined {
  const counted = pagination?.offset?.stop;
  const isPath = counted !== undefined && !['empty', 'short'].includes(counted.join('.'));
  return total ?? (isPath ? counted : undefined) ?? adapter.total;
}

type Path = readonly string[];
