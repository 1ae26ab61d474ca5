import type { JsonObject } from '../../formats/json/parse.ts';

const utmNames = ['utm_campaign', 'utm_source', 'utm_medium', 'utm_content', 'utm_term'] as const;

/**
 * Returns the decoded UTM parameters of a landing page's address: those of the query, including what follows a second `?`; else
 * those of the fragment. The first of a repeated parameter counts. Other parameters (`gclid`, `fbclid`) are ignored. The
 * address may be percent-encoded as a whole, or be the query alone.
 */
export function utmsOfUrl(url: unknown): JsonObject {
  if (typeof url !== 'string') return {};
  const address = /^\s*https?%3a/i.test(url) ? decoded(url) : url;
  const from = address.search(/[?#]/);
  if (from !== -1) return utmsOfQuery(address.slice(address[from] === '#' ? from : from + 1));
  return /^\s*&?utm_[a-z]+=/i.test(address) ? utmsOfQuery(address) : {};
}

/** The same for a query string without `?`. */
export function utmsOfQuery(query: unknown): JsonObject {
  if (typeof query !== 'string') return {};
  // HTML escapes `&` this way.
  const [search = '', ...fragment] = query.replace(/&(?:(?:amp|#0*38|#x0*26);)+/gi, '&').split('#');
  const utms = utmsIn(search);
  return Object.keys(utms).length > 0 ? utms : utmsIn(fragment.join('&'));
}

function utmsIn(parameters: string): JsonObject {
  const utms: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(parameters.replaceAll('?', '&'))) {
    const utm = utmNames.find((known) => known === name.trim().toLowerCase());
    if (utm !== undefined && value.trim() !== '') utms[utm] ??= value;
  }
  return utms;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
