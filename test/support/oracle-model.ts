import type { Fact } from './oracle.ts';
import type { Dimensions, OracleWords } from './oracle-words.ts';

/** A team's own words: the files, and what they mean in plain TypeScript, written by hand beside them. */

export const modelFiles = {
  'model.yaml': `
aliases:
  utm_source: { google: [bing], Meta: [Facebook] }
  utm_campaign: { brand: [brand-2] }
dimensions:
  channel_group:
    description: Group.
    rules:
      - { value: Paid  search, when: { utm_source: [bing, baidu], utm_medium: { matches: '^CPC$' } } }
      - { value: Paid social, when: { or: [{ utm_source: facebook }, { utm_medium: { contains: social } }] } }
      - { value: Gap, when: { utm_source: { is_unknown: true } } }
    otherwise: Other
  tier:
    description: Tier, from nothing but conditions.
    rules:
      - value: one
        when:
          and:
            - campaign_id: { ne: C-1, in: [C-1, C-2, c-3] }
            - not: { channel: { not_in: [Google, tiktok] } }
      - { value: two, when: { match: { in: [exact, campaign] } } }
      - { value: two, when: { ad_id: { is_unknown: false }, utm_campaign: { starts_with: S, ends_with: g } } }
      - { value: three, when: { breakdowns.country: { eq: DE } } }
      - { value: three, when: { not: { currency: { ne: jpy } } } }
      - { value: 'ünknown', when: { utm_campaign: { matches: 'HÜTE|^x' } } }
  region:
    description: Region.
    of: utm_campaign
    pattern: &naming '^(?<region>[A-Z]{2})_(?<product>[^_]*?)(?:_(?<rest>.*))?$'
  product: { description: Product., of: utm_campaign, pattern: *naming, otherwise: nothing }
  rest_of_name: { description: Rest., of: utm_campaign, pattern: *naming, group: rest }
  owner:
    description: Owner.
    of: campaign_id
    lookup: { file: owners.csv, key: campaign, value: Owner }
    otherwise: nobody
  team:
    description: Team.
    of: utm_source
    lookup: { file: teams.csv, key: source, value: team }
measures:
  brand_cost: { description: Brand., sum: cost, where: { utm_campaign: { contains: BRAND } } }
  german_clicks:
    description: Clicks.
    sum: clicks
    where: { breakdowns.country: DE, not: { ad_id: A1 } }
  other_value:
    description: Value.
    sum: conversion_value
    where: { channel: { ne: google }, utm_term: { is_unknown: false } }
  sure_revenue:
    description: Revenue.
    sum: revenue
    where: { match: exact, or: [{ utm_source: bing }, { utm_medium: { starts_with: paid } }] }
  sure_won: { description: Won., sum: closed_won, where: { match: { not_in: [unattributed] } } }
  search_leads: { description: Leads., sum: leads, where: { utm_source: [Bing], campaign_id: { ne: C-3 } } }
  euro_leads: { description: Leads., sum: leads, where: { currency: [eur, gbp] } }
  all_events: { description: Events., count: events }
  demos:
    description: Demos.
    count: events
    where: { service: [web, Shop], message: { contains: demo }, match: { ne: unattributed } }
  pro_events:
    description: Events.
    count: events
    where: { or: [{ metadata.plan: Pro }, { metadata.plan: { is_unknown: true }, channel: google }] }
  visitors: { description: Visitors., distinct: metadata.visitor, where: { service: { matches: '^(WEB|shop)$' } } }
  buyers: { description: Buyers., distinct: metadata.visitor, where: { metadata.order.total: { is_unknown: false } } }
  services: { description: Services., distinct: service }
  points: { description: Points., sum: metadata.points }
  web_points: { description: Points., sum: metadata.points, where: { service: web, utm_source: { ne: facebook } } }
  orders: { description: Orders., sum: metadata.order.total, currency: metadata.order.currency }
  shop_orders:
    description: Orders of the shop.
    sum: metadata.order.total
    currency: metadata.order.currency
    where: { service: shop }
  fees: { description: Fees., sum: metadata.order.fee, currency: GBP, where: { metadata.order.fee: { ne: '0' } } }
  roi: { description: Return., formula: (revenue - cost) / cost }
  roi_percent: { description: Return., formula: 100 * roi }
  brand_share: { description: Share., formula: brand_cost / cost }
  cost_per_demo: { description: Cost., formula: cost / demos }
  margin: { description: Margin., formula: revenue + orders - (cost + fees) / 2 }
  orders_per_visitor: { description: Orders., formula: shop_orders / visitors }
  leads_per_cost: { description: Leads., formula: (leads + demos) / cost }
  odd: { description: Odd., formula: -demos * 1.5 / (buyers - services) - points / cpc * cpc }
`,
  'owners.csv': 'Campaign,Owner\nC-1,"Ann, A."\n C-2 ,Bob  B.\nc-3,\nC-9,Eve\n',
  'teams.csv': 'Source,Team\nGOOGLE,search\nFacebook,"social ""x"""\nnewsletter,mail\n',
} as const;

const aliases = {
  utmSource: { bing: 'google', facebook: 'meta' },
  utmCampaign: { 'brand-2': 'brand' },
};

const isKnown = (value: string | null | undefined): boolean =>
  value !== null && value !== undefined && value !== '' && value !== 'unknown';
const one = (value: string | null | undefined, ...of: readonly string[]): boolean => of.includes(value ?? '');

function naming(of: Dimensions): readonly string[] {
  const [region = '', product = '', ...rest] = (of.utmCampaign ?? '').split('_');
  return /^[a-z]{2}$/.test(region) && (of.utmCampaign ?? '').length > 2
    ? [region, product.trim(), rest.join('_').trim()]
    : [];
}

const metadata = (fact: Fact, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined,
    fact.event?.metadata,
  );
function text(fact: Fact, ...path: readonly string[]): string {
  const value = metadata(fact, ...path);
  return value === undefined || value === null
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}
function number(fact: Fact, ...path: readonly string[]): number {
  const value = metadata(fact, ...path);
  const isNumeric =
    typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?(e\d+)?$/.test(value.trim()));
  return isNumeric && Math.abs(Number(value)) < 1e12 ? Number(value) : 0;
}
const orderCurrency = (fact: Fact): string | null =>
  text(fact, 'order', 'currency').trim().toUpperCase() || null;
const service = (fact: Fact): string => fact.event?.service ?? '';
const orders = {
  from: 'events',
  unit: 'money',
  of: (fact: Fact) => number(fact, 'order', 'total'),
  currency: orderCurrency,
} as const;

export const words: OracleWords = {
  alike: aliases,
  dimensions: {
    channelGroup({ utmSource, utmMedium }) {
      if (one(utmSource, 'google', 'baidu') && utmMedium === 'cpc') return 'Paid search';
      if (utmSource === 'meta' || utmMedium?.includes('social')) return 'Paid social';
      return isKnown(utmSource) ? 'Other' : 'Gap';
    },
    tier({ campaignId, channel, match, adId, utmCampaign, breakdown_country: country, currency }) {
      if (one(campaignId, 'C-2', 'c-3') && one(channel, 'google', 'tiktok')) return 'one';
      if (one(match, 'EXACT', 'CAMPAIGN')) return 'two';
      if (isKnown(adId) && utmCampaign?.startsWith('s') && utmCampaign.endsWith('g')) return 'two';
      if (country === 'DE' || currency === 'JPY') return 'three';
      return utmCampaign?.includes('hüte') || utmCampaign?.startsWith('x') ? 'ünknown' : null;
    },
    region: (of) => naming(of)[0] ?? null,
    product: (of) => naming(of)[1] || 'nothing',
    restOfName: (of) => naming(of)[2] || null,
    owner: ({ campaignId }) =>
      campaignId === 'C-1' ? 'Ann, A.' : campaignId === 'C-2' ? 'Bob B.' : 'nobody',
    team: ({ utmSource }) => (utmSource === 'google' ? 'search' : utmSource === 'meta' ? 'social "x"' : null),
  },
  sums: {
    brandCost: {
      from: 'ads',
      unit: 'money',
      of: ({ cost }) => cost,
      where: ({ dimensions }) => dimensions.utmCampaign?.includes('brand') === true,
    },
    germanClicks: {
      from: 'ads',
      unit: 'count',
      of: ({ clicks }) => clicks,
      where: ({ dimensions }) => dimensions.breakdown_country === 'DE' && dimensions.adId !== 'A1',
    },
    otherValue: {
      from: 'ads',
      unit: 'money',
      of: ({ conversionValue }) => conversionValue,
      where: ({ dimensions }) => dimensions.channel !== 'google' && isKnown(dimensions.utmTerm),
    },
    sureRevenue: {
      from: 'crm',
      unit: 'money',
      isOutcome: true,
      of: ({ revenue }) => revenue,
      where: ({ dimensions: { match, utmSource, utmMedium } }) =>
        match === 'EXACT' && (utmSource === 'google' || utmMedium?.startsWith('paid') === true),
    },
    sureWon: {
      from: 'crm',
      unit: 'count',
      isOutcome: true,
      of: ({ closedWon }) => closedWon,
      where: ({ dimensions }) => dimensions.match !== 'UNATTRIBUTED',
    },
    searchLeads: {
      from: 'crm',
      unit: 'count',
      of: ({ leads }) => leads,
      where: ({ dimensions }) => dimensions.utmSource === 'google' && dimensions.campaignId !== 'C-3',
    },
    euroLeads: {
      from: 'crm',
      unit: 'count',
      of: ({ leads }) => leads,
      where: ({ dimensions }) => one(dimensions.currency, 'EUR', 'GBP'),
    },
    allEvents: { from: 'events', unit: 'count', of: () => 1 },
    demos: {
      from: 'events',
      unit: 'count',
      of: () => 1,
      where: (fact) =>
        one(service(fact), 'web', 'Shop') &&
        fact.event?.message.includes('demo') === true &&
        fact.dimensions.match !== 'UNATTRIBUTED',
    },
    proEvents: {
      from: 'events',
      unit: 'count',
      of: () => 1,
      where: (fact) => {
        const plan = text(fact, 'plan');
        return plan === 'Pro' || (!isKnown(plan) && fact.dimensions.channel === 'google');
      },
    },
    visitors: {
      from: 'events',
      unit: 'different',
      of: (fact) => text(fact, 'visitor'),
      where: (fact) => one(service(fact).toLowerCase(), 'web', 'shop'),
    },
    buyers: {
      from: 'events',
      unit: 'different',
      of: (fact) => text(fact, 'visitor'),
      where: (fact) => isKnown(text(fact, 'order', 'total')),
    },
    services: { from: 'events', unit: 'different', of: service },
    points: { from: 'events', unit: 'quantity', of: (fact) => number(fact, 'points') },
    webPoints: {
      from: 'events',
      unit: 'quantity',
      of: (fact) => number(fact, 'points'),
      where: (fact) => service(fact) === 'web' && fact.dimensions.utmSource !== 'meta',
    },
    orders,
    shopOrders: { ...orders, where: (fact) => service(fact) === 'shop' },
    fees: {
      from: 'events',
      unit: 'money',
      of: (fact) => number(fact, 'order', 'fee'),
      currency: () => 'GBP',
      where: (fact) => text(fact, 'order', 'fee') !== '0',
    },
  },
  formulas: {
    roi: {
      of: ['revenue', 'cost'],
      isScaleFree: true,
      value: (revenue, cost) => ratio(revenue - cost, cost),
    },
    roiPercent: {
      of: ['revenue', 'cost'],
      isScaleFree: true,
      value: (revenue, cost) => (cost === 0 ? null : 100 * ((revenue - cost) / cost)),
    },
    brandShare: { of: ['brandCost', 'cost'], isScaleFree: true, value: ratio },
    costPerDemo: { of: ['cost', 'demos'], isScaleFree: false, value: ratio },
    margin: {
      of: ['revenue', 'orders', 'cost', 'fees'],
      isScaleFree: false,
      value: (revenue, sold, cost, fees) => revenue + sold - (cost + fees) / 2,
    },
    ordersPerVisitor: { of: ['shopOrders', 'visitors'], isScaleFree: false, value: ratio },
    leadsPerCost: {
      of: ['leads', 'demos', 'cost'],
      isScaleFree: false,
      value: (leads, demos, cost) => ratio(leads + demos, cost),
    },
    odd: {
      of: ['demos', 'buyers', 'services', 'points', 'cost', 'clicks'],
      isScaleFree: true,
      value(demos, buyers, services, points, cost, clicks) {
        if (buyers === services || clicks === 0 || cost === 0) return null;
        return (-demos * 1.5) / (buyers - services) - points;
      },
    },
  },
};

function ratio(numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : numerator / denominator;
}
