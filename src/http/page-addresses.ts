import { dashboardPaths } from '../views/address.ts';

const pages: readonly string[] = [...dashboardPaths, '/graphql'];

/**
 * Where a login leads: to the page that was asked for, with its parameters, if that is what `asked` is, else to the dashboard.
 * There is nothing else on this server to go on to, so no other address can be smuggled in.
 */
export function pageAddress(asked: string | null | undefined): string {
  const [, path = ''] = /^(\/[a-z]*)(?:\?[\x21-\x7e]*)?$/.exec(asked ?? '') ?? [];
  return pages.includes(path) ? (asked ?? '') : '/';
}
