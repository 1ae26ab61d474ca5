import type { Adapter } from '../adapters/adapter.ts';
import type { Pagination, ParameterLocation } from '../pagination/pagination.ts';
import type { SearchWindow } from '../windows/window.ts';
import { hasJsonBody, type RequestPlan } from './request-plan.ts';
import type { SourceSettings } from './settings.ts';

/** Returns a source's pagination: that of its settings, else its adapter's. */
export function paginationOf(
  { pagination }: SourceSettings,
  adapter: Adapter,
  plan: Pick<RequestPlan, 'bodies'>,
): Pagination {
  const chosen = pagination === undefined ? adapter.pagination : paginationFromSettings(pagination);
  // A POST with a JSON body has its cursor in the body, too.
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

/** Returns one of the words, or the path of the field that marks the end. */
function stopAt<Word extends string>(
  stop: readonly string[],
  words: readonly Word[],
): Word | readonly string[] {
  return (stop.length === 1 ? words.find((word) => word === stop[0]) : undefined) ?? stop;
}

/** Returns how a source continues a limited search: by its settings, else by its adapter. */
export function windowOf(
  { window }: SourceSettings,
  adapter: Adapter,
  plan: Pick<RequestPlan, 'url' | 'bodies'>,
): SearchWindow | undefined {
  if (window === undefined) return adapter.window?.(plan);
  const { limit, id, start } = window;
  return id === undefined ? { by: 'day', limit } : { by: 'id', limit, id, start };
}

/** Returns the path of the total number of results in a page. */
export function totalOf({ total, pagination }: SourceSettings, adapter: Adapter): SettingPath | undefined {
  const counted = pagination?.offset?.stop;
  const isPath = counted !== undefined && !['empty', 'short'].includes(counted.join('.'));
  return total ?? (isPath ? counted : undefined) ?? adapter.total;
}

type SettingPath = readonly string[];
