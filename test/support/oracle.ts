/**
 * What the answers should be, counted in plain TypeScript from the raw feeds. It shares no code with the program: its
 * reading of the rules is its own, simple and slow. Attribution is in `oracle-attribution.ts`; ratios, grouping and filters are in
 * `oracle-query.ts`.
 */

import { type Alike, attribute, type OracleMatch } from './oracle-attribution.ts';

export type Raw = Readonly<Record<string, unknown>>;

interface OracleEvent {
  readonly service: string;
  readonly message: string;
  readonly metadata: unknown;
}

export interface Fact {
  readonly from: 'ads' | 'crm' | 'events';
  readonly date: string;
  readonly event?: OracleEvent;
  /** What it adds to the team's own sums that count it, or the value that is different or not. */
  readonly own?: Readonly<Record<string, number | string>>;
  /** When the record was closed, if it says so. */
  readonly closedOn?: string | undefined;
  /** Null where the record has none. */
  readonly dimensions: Readonly<Record<string, string | null>>;
  readonly clicks: number;
  readonly impressions: number;
  readonly cost: number;
  readonly conversions: number;
  readonly conversionValue: number;
  readonly leads: number;
  readonly opportunities: number;
  readonly closedWon: number;
  readonly revenue: number;
}

const utmNames = ['campaign', 'source', 'medium', 'content', 'term'] as const;

function label(value: unknown): string {
  if (value === undefined || value === null) return 'unknown';
  const text = String(value).normalize('NFC').toLowerCase().split(/\s+/).filter(Boolean).join(' ');
  return text === '' || /^\{.*\}$/.test(text) ? 'unknown' : text;
}
const breakdownNames = ['country', 'device'] as const;
/** Empty where the record has none of the name, `unknown` where it has no value. */
function breakdown(given: unknown, name: string): string {
  const breakdowns = (given ?? {}) as Raw;
  if (breakdowns[name] === undefined) return '';
  const text = String(breakdowns[name] ?? '')
    .split(/\s+/)
    .filter(Boolean)
    .join(' ');
  return text === '' || text === 'n/a' ? 'unknown' : text;
}
const breakdowns = (raw: Raw): Record<string, string> =>
  Object.fromEntries(breakdownNames.map((name) => [`breakdown_${name}`, breakdown(raw.breakdowns, name)]));
const currencyOf = (raw: Raw): string => String(raw.currency ?? 'USD');
const figure = (value: unknown): number => Math.max(0, Number(value ?? 0));
const camel = (name: string): string => `utm${name[0]?.toUpperCase()}${name.slice(1)}`;
const utms = (raw: Raw): Record<string, string> =>
  Object.fromEntries(utmNames.map((name) => [camel(name), label(raw[`utm_${name}`])]));

interface Ad {
  readonly date: string;
  readonly dimensions: Record<string, string>;
  readonly clicks: number;
  readonly impressions: number;
  readonly cost: number;
  readonly conversions: number;
  readonly conversionValue: number;
}

function readAds(rows: readonly Raw[]): Ad[] {
  const byKey = new Map<string, Ad>();
  for (const raw of rows) {
    const dimensions = {
      channel: label(raw.channel),
      campaignId: String(raw.campaign_id).trim(),
      adGroupId: String(raw.ad_group_id ?? '').trim(),
      adId: String(raw.ad_id ?? '').trim(),
      currency: currencyOf(raw),
      ...utms(raw),
      ...breakdowns(raw),
    };
    const date = String(raw.date).slice(0, 10).replaceAll('/', '-');
    const ad = {
      date,
      dimensions,
      clicks: figure(raw.clicks),
      impressions: figure(raw.impressions),
      cost: figure(raw.cost),
      conversions: figure(raw.conversions),
      conversionValue: figure(raw.conversion_value),
    };
    byKey.set(JSON.stringify([date, dimensions]), ad);
  }
  return [...byKey.values()];
}

const beyondLead = new Set(['qualified', 'proposal', 'closed_won', 'closed_lost']);

/**
 * All feeds as facts, in the order in which they came.
 *
 * @param more.alike values of UTMs that the team says mean the same
 */
export function countFacts(
  adRows: readonly Raw[],
  crmRows: readonly Raw[],
  more: { readonly events?: readonly Raw[]; readonly alike?: Alike; readonly windowDays?: number } = {},
): Fact[] {
  const { events = [], alike = {}, windowDays = 30 } = more;
  const ads = readAds(adRows);
  const none = {
    clicks: 0,
    impressions: 0,
    cost: 0,
    conversions: 0,
    conversionValue: 0,
    leads: 0,
    opportunities: 0,
    closedWon: 0,
    revenue: 0,
  };
  const matches = new Map<string, OracleMatch>();
  const matchOf = (date: string, utm: Record<string, string>): OracleMatch => {
    const key = JSON.stringify([date, utm.utmCampaign, utm.utmSource, utm.utmMedium]);
    const match = matches.get(key) ?? attribute(date, utm, ads, ads, windowDays, alike);
    matches.set(key, match);
    return match;
  };
  const facts: Fact[] = ads.map(({ date, dimensions, ...figures }) => {
    const { adGroupId, adId, breakdown_country: country, breakdown_device: device } = dimensions;
    return {
      ...none,
      from: 'ads',
      date,
      dimensions: {
        ...dimensions,
        adGroupId: adGroupId || null,
        adId: adId || null,
        breakdown_country: country || null,
        breakdown_device: device || null,
        match: null,
      },
      ...figures,
    };
  });
  const latest = new Map(crmRows.map((raw) => [String(raw.opportunity_id).trim(), raw]));
  for (const raw of latest.values()) {
    const date = String(raw.created_at).slice(0, 10);
    const utm = utms(raw);
    const stage = label(raw.stage).replaceAll(' ', '_');
    const won = stage === 'closed_won';
    facts.push({
      ...none,
      from: 'crm',
      date,
      closedOn: raw.closed_at === undefined ? undefined : String(raw.closed_at).slice(0, 10),
      dimensions: {
        ...utm,
        ...matchOf(date, utm),
        adGroupId: null,
        adId: null,
        currency: currencyOf(raw),
      },
      leads: 1,
      opportunities: beyondLead.has(stage) ? 1 : 0,
      closedWon: won ? 1 : 0,
      revenue: won ? figure(raw.amount) : 0,
    });
  }
  for (const raw of new Map(events.map((each) => [each.event_id, each])).values()) {
    const date = String(raw.timestamp).slice(0, 10);
    const utm = utms(raw);
    facts.push({
      ...none,
      from: 'events',
      date,
      dimensions: { ...utm, ...matchOf(date, utm), adGroupId: null, adId: null, currency: null },
      event: {
        service: String(raw.service ?? 'unknown').trim(),
        message: String(raw.message ?? ''),
        metadata: typeof raw.metadata === 'string' ? JSON.parse(raw.metadata || '{}') : raw.metadata,
      },
    });
  }
  return facts;
}

export const sumNames = [
  'impressions',
  'clicks',
  'cost',
  'conversions',
  'conversionValue',
  'leads',
  'opportunities',
  'closedWon',
  'revenue',
] as const;
export type Sums = Record<(typeof sumNames)[number], number>;

const decimals: readonly string[] = ['cost', 'conversions', 'conversionValue', 'revenue'];

/** Sums to the cent: what has decimals is added in millionths. */
export function sumUp(facts: readonly Fact[]): Sums {
  const sums = Object.fromEntries(sumNames.map((name) => [name, 0])) as Sums;
  for (const fact of facts)
    for (const name of sumNames)
      sums[name] += decimals.includes(name) ? Math.round(fact[name] * 1e6) : fact[name];
  for (const name of sumNames) if (decimals.includes(name)) sums[name] /= 1e6;
  return sums;
}
