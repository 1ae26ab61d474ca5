/** The UTM columns of ads rows and CRM records. */
export const utmColumns = ['utm_campaign', 'utm_source', 'utm_medium', 'utm_content', 'utm_term'] as const;
export type UtmColumn = (typeof utmColumns)[number];

/** Values of UTM columns, as they are stored, that count as another value: alias → canonical value. */
export type Aliases = { readonly [Column in UtmColumn]?: ReadonlyMap<string, string> };

const aliasesOf = (names: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(names).flatMap(([canonical, aliases]) => aliases.map((alias) => [alias, canonical])),
  );

/**
 * What platforms call themselves, in attribution. `fb`, `ig`, `msg` and `an` are what Meta fills in for `{{site_source_name}}`: one
 * campaign runs on all four, and its ads rows say at most one.
 */
const usualAliases: Aliases = {
  utm_source: aliasesOf({
    facebook: [
      'fb',
      'ig',
      'msg',
      'an',
      'meta',
      'instagram',
      'messenger',
      'facebook.com',
      'www.facebook.com',
      'm.facebook.com',
      'l.facebook.com',
      'lm.facebook.com',
      'instagram.com',
      'www.instagram.com',
      'l.instagram.com',
    ],
    google: ['google.com', 'www.google.com', 'adwords', 'google_ads', 'google-ads'],
    bing: ['bing.com', 'www.bing.com'],
    linkedin: ['linkedin.com', 'www.linkedin.com'],
    tiktok: ['tiktok.com', 'www.tiktok.com'],
  }),
};

/** The aliases that attribution goes by: the usual ones, except where the team says otherwise. A name of theirs stands for itself. */
export function attributionAliases(own: Aliases = {}): Aliases {
  return Object.fromEntries(
    utmColumns.flatMap((column) => {
      const theirs = own[column] ?? new Map<string, string>();
      const names = new Set(theirs.values());
      const usual = [...(usualAliases[column] ?? [])]
        .filter(([alias]) => !theirs.has(alias) && !names.has(alias))
        .map(([alias, name]) => [alias, theirs.get(name) ?? name] as const);
      const all = new Map([...usual, ...theirs]);
      return all.size === 0 ? [] : [[column, all]];
    }),
  );
}
