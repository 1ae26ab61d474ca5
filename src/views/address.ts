import { badInput } from '../errors.ts';

/** The addresses of the dashboard. */
export const dashboardPaths = ['/', '/explore', '/quality', '/ingestion', '/records'] as const;

/** The pages whose figures a link can show. */
export const sharedPaths: readonly string[] = ['/', '/explore'] satisfies (typeof dashboardPaths)[number][];

/** Browsers and proxies pass on addresses of this length. */
const maxLength = 8_000;

/**
 * Returns the address of a page of the dashboard: a path and its query, in visible ASCII characters, so that it leads nowhere else
 * wherever it is written.
 *
 * @throws UtmqlError BAD_USER_INPUT
 */
export function readAddress(text: string): string {
  if (text.length > maxLength)
    throw badInput(`address: ${text.length} characters are too many; at most ${maxLength} are stored.`);
  const [, path] = /^(\/[a-z]*)(?:\?[\x21\x22\x24-\x7e]*)?$/.exec(text) ?? [];
  const paths: readonly (string | undefined)[] = dashboardPaths;
  if (!paths.includes(path))
    throw badInput(
      `address: give the path and query of a page of the dashboard (${dashboardPaths.join(', ')}), such as /explore?range=last_7_days.`,
    );
  return text;
}

export const pathOf = (address: string): string => address.split('?', 1)[0] ?? '';

/** Whether an address says more than which page it is. */
export const hasQuery = (address: string): boolean => (address.split('?', 2)[1] ?? '') !== '';
