import type { Raw } from '../../formats/json/parse.ts';

const utmNames = ['utm_campaign', 'utm_source', 'utm_medium', 'utm_content', 'utm_term'] as const;

/**
 * Each UTM parameter of a landing page's address, decoded: of the query and what stands behind a second `?`; of the fragment
 * where the query has none. Of one that comes several times the first. Other parameters (`gclid`, `fbclid`) are no UTMs. The address may be encoded as a
 * whole, or be the query alone.
 */
export function utmsOfUrl(url: unknown): Raw {
  if (typeof url !== 'string') return {};
  const address = /^\s*https?%3a/i.test(url) ? decoded(url) : url;
  const from = address.search(/[?#]/);
  if (from !== -1) return utmsOfQuery(address.slice(address[from] === '#' ? from : from + 1));
  return /^\s*&?utm_[a-z]+=/i.test(address) ? utmsOfQuery(address) : {};
}

/** The same of what stands behind the `?`. */
export function utmsOfQuery(query: unknown): Raw {
  if (typeof query !== 'string') return {};
  // Pages of HTML write `&` so.
  const [search = '', ...fragment] = query.replace(/&(?:(?:amp|#0*38|#x0*26);)+/gi, '&').split('#');
  const utms = utmsIn(search);
  return Object.keys(utms).length > 0 ? utms : utmsIn(fragment.join('&'));
}

function utmsIn(parameters: string): Raw {
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
