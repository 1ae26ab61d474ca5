/**
 * The (channel, campaign) of an opportunity, by going through all ads: a reading of the rules of its own, like the rest of the
 * oracle. It takes the usual names of Facebook only; the feeds of the tests have no others.
 */

export interface OracleAd {
  readonly date: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly clicks: number;
  readonly cost: number;
}

export interface OracleMatch {
  readonly channel: string | null;
  readonly campaignId: string | null;
  readonly match: string;
}

const three = ['utmCampaign', 'utmSource', 'utmMedium'] as const;
type Utms = Readonly<Record<string, string>>;

/** By dimension: the name of each value that the team says is another one's. */
export type Alike = Readonly<Record<string, Readonly<Record<string, string>>>>;

const ofFacebook = new Set(['fb', 'ig', 'an', 'msg', 'meta', 'instagram', 'facebook.com', 'm.facebook.com']);
/** What the team says counts before what is usual. */
function meant(alike: Alike, name: string, value = ''): string {
  const names = alike[name] ?? {};
  const isNamed = value in names || Object.values(names).includes(value);
  const usual = name === 'utmSource' && !isNamed && ofFacebook.has(value) ? 'facebook' : value;
  return names[usual] ?? usual;
}
const meansSame = (alike: Alike, a: Utms, b: Utms, names: readonly string[] = three): boolean =>
  names.every((name) => meant(alike, name, a[name]) === meant(alike, name, b[name]));

const mark = /\{\{[^{}]*\}\}|\{[^{}]*\}/;
const fixedParts = (text: string): string[] => text.split(new RegExp(mark, 'g'));
function isFilled(template: string, value: string): boolean {
  const [first = '', ...rest] = fixedParts(template);
  const last = rest.pop() ?? '';
  if (value === 'unknown' || !value.startsWith(first)) return false;
  let left = value.slice(first.length);
  for (const part of rest) {
    const at = left.indexOf(part);
    if (at < 0) return false;
    left = left.slice(at + part.length);
  }
  return left.endsWith(last);
}

/** Sets of values with placeholders that those of a lead can have come of, the best first. */
function templatesFor(utm: Utms, ads: readonly OracleAd[], alike: Alike): Utms[] {
  const sets = new Map<string, Utms>();
  for (const { dimensions } of ads) {
    if (!three.some((name) => mark.test(dimensions[name] ?? ''))) continue;
    const set = Object.fromEntries(three.map((name) => [name, meant(alike, name, dimensions[name])]));
    const fits = three.every((name) => {
      const value = set[name] ?? '';
      return (
        value === meant(alike, name, utm[name]) || (mark.test(value) && isFilled(value, utm[name] ?? ''))
      );
    });
    if (fits) sets.set(JSON.stringify(Object.values(set)), set);
  }
  const fixed = (set: Utms): number => Object.values(set).flatMap(fixedParts).join('').length;
  return [...sets].sort(([a, x], [b, y]) => fixed(y) - fixed(x) || (a < b ? -1 : 1)).map(([, set]) => set);
}

const dayNumber = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000;

/** @param named all ads rows that there have ever been: campaigns keep the names that they had */
export function attribute(
  date: string,
  utm: Utms,
  ads: readonly OracleAd[],
  named: readonly OracleAd[],
  windowDays: number,
  alike: Alike = {},
): OracleMatch {
  const find = (fits: (ad: OracleAd) => boolean): OracleMatch | undefined => {
    const candidates = ads.filter(
      (ad) => ad.date <= date && dayNumber(ad.date) >= dayNumber(date) - windowDays && fits(ad),
    );
    const latest = candidates
      .map((ad) => ad.date)
      .sort()
      .at(-1);
    const totals = new Map<string, { channel: string; campaignId: string; clicks: number; cost: number }>();
    for (const ad of candidates.filter((candidate) => candidate.date === latest)) {
      const { channel = '', campaignId = '' } = ad.dimensions;
      const known = totals.get(`${channel}\n${campaignId}`) ?? { channel, campaignId, clicks: 0, cost: 0 };
      known.clicks += ad.clicks;
      known.cost = Math.round((known.cost + ad.cost) * 1e6) / 1e6;
      totals.set(`${channel}\n${campaignId}`, known);
    }
    const [best] = [...totals.values()].sort(
      (a, b) =>
        b.clicks - a.clicks ||
        b.cost - a.cost ||
        (a.channel < b.channel ? -1 : a.channel > b.channel ? 1 : a.campaignId < b.campaignId ? -1 : 1),
    );
    return (
      best && {
        channel: best.channel,
        campaignId: best.campaignId,
        match: latest === date ? 'EXACT' : 'WINDOW',
      }
    );
  };
  const unattributed = { channel: null, campaignId: null, match: 'UNATTRIBUTED' };
  if (utm.utmCampaign === 'unknown') return unattributed;

  const own = find((ad) => three.every((name) => ad.dimensions[name] === utm[name]));
  if (own) return own;
  const spelt = find((ad) => meansSame(alike, ad.dimensions, utm));
  if (spelt) return spelt;
  for (const template of templatesFor(utm, ads, alike)) {
    const filled = find((ad) => meansSame(alike, ad.dimensions, template));
    if (filled) return filled;
  }
  const others = ['utmSource', 'utmMedium'];
  const byId = find(
    ({ dimensions }) =>
      dimensions.campaignId?.toLowerCase() === utm.utmCampaign && meansSame(alike, dimensions, utm, others),
  );
  if (byId) return byId;
  const campaign = ({ channel, campaignId }: Utms): string => `${channel}\n${campaignId}`;
  const once = named.filter(({ dimensions }) => meansSame(alike, dimensions, utm));
  const renamed = find(({ dimensions }) =>
    once.some(
      (earlier) =>
        campaign(earlier.dimensions) === campaign(dimensions) &&
        earlier.dimensions.utmCampaign !== dimensions.utmCampaign,
    ),
  );
  if (renamed) return renamed;
  if (!others.some((name) => utm[name] === 'unknown')) return unattributed;
  const alone = find((ad) => ad.dimensions.utmCampaign === utm.utmCampaign);
  return alone ? { ...alone, match: 'CAMPAIGN' } : unattributed;
}
