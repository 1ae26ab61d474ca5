import type { Raw } from './adapters/adapter.ts';

const utmNames = ['utm_campaign', 'utm_source', 'utm_medium', 'utm_content', 'utm_term'] as const;

/** Each UTM parameter of a landing page's address, decoded; of one that comes several times the first. Other parameters
 * (`gclid`, `fbclid`) are no UTMs. */
export function utmsOfUrl(url: unknown): Raw {
  if (typeof url !== 'string') return {};
  const from = url.indexOf('?');
  return from === -1 ? {} : utmsOfQuery(url.slice(from + 1).replace(/#.*$/s, ''));
}

/** The same of what stands behind the `?`. */
export function utmsOfQuery(query: unknown): Raw {
  if (typeof query !== 'string') return {};
  const utms: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const utm = utmNames.find((known) => known === name.toLowerCase());
    if (utm !== undefined && value !== '') utms[utm] ??= value;
  }
  return utms;
}
