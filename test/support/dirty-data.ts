import fc from 'fast-check';
import type { Raw } from './oracle.ts';

const spelt = (...values: readonly string[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...values) },
    { weight: 2, arbitrary: fc.constantFrom(...values).map((value) => ` ${value.toUpperCase()}  `) },
    { weight: 1, arbitrary: fc.constantFrom(null, '', '{{placement}}', undefined) },
  );

/** Random dirty feeds; the same seed gives the same feeds. Every record can be stored, however it is spelt. */
export function dirtyFeeds(
  seed: number,
  count: { ads: number; crm: number },
  days: readonly string[],
  /** Records take them in turns, most ads rows have conversions, and most CRM records say when they were closed; empty: none of these. */
  currencies: readonly string[] = [],
): { ads: Raw[]; crm: Raw[] } {
  const utm = {
    utm_campaign: spelt('spring', 'summer sale', 'brand', 'brand-2'),
    utm_source: spelt('google', 'facebook', 'bing'),
    utm_medium: spelt('cpc', 'paid social'),
    utm_content: spelt('a', 'b'),
    utm_term: fc.constantFrom(null, 'shoes'),
  };
  const money = fc.integer({ min: -500, max: 99_999 }).map((cents) => cents / 100);
  const ad = fc.record({
    date: fc
      .constantFrom(...days)
      .chain((day) => fc.constantFrom(day, day.replaceAll('-', '/'), `${day}T08:00:00Z`)),
    campaign_id: fc.constantFrom('C-1', ' C-2', 'C-3', 'c-3'),
    channel: spelt('google', 'meta', 'tiktok'),
    ad_group_id: fc.constantFrom(undefined, 'G1', 'G2'),
    ad_id: fc.constantFrom(undefined, undefined, 'A1'),
    clicks: fc.oneof(
      fc.integer({ min: -2, max: 500 }),
      fc.integer({ min: 0, max: 50 }).map(String),
      fc.constant(null),
    ),
    impressions: fc.integer({ min: 0, max: 100_000 }),
    cost: fc.oneof(money, money.map(String)),
    breakdowns: fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(undefined, null, {}) },
      {
        weight: 3,
        arbitrary: fc.record(
          {
            country: fc.constantFrom('DE', ' DE', 'US', 'United  States', '', null),
            device: fc.constantFrom('phone', 'Phone', 'n/a', 7),
          },
          { requiredKeys: [] },
        ),
      },
    ),
    ...utm,
  });
  const opportunity = fc.record({
    opportunity_id: fc.integer({ min: 1, max: Math.ceil(count.crm * 0.9) }).map((id) => `O-${id}`),
    created_at: fc.constantFrom(...days).map((day) => `${day}T12:00:00Z`),
    stage: fc.constantFrom(
      'lead',
      'Qualified',
      'proposal',
      'closed_won',
      'Closed Won',
      'closed_lost',
      'who knows',
    ),
    amount: fc.oneof(money, fc.constant(null)),
    contact_email: fc.constantFrom('ana@example.com', null),
    ...utm,
  });
  const [ads = []] = fc.sample(fc.array(ad, { minLength: count.ads, maxLength: count.ads }), {
    seed,
    numRuns: 1,
  });
  const [crm = []] = fc.sample(fc.array(opportunity, { minLength: count.crm, maxLength: count.crm }), {
    seed: seed + 1,
    numRuns: 1,
  });
  const inTurns = (records: readonly Raw[], step: number): Raw[] =>
    records.map((raw, index) => ({
      ...raw,
      currency: currencies[Math.floor((index * step) / 3) % currencies.length],
    }));
  if (currencies.length === 0) return { ads, crm };
  const closes = (raw: Raw, index: number): Raw => {
    if (index % 4 === 0) return raw;
    const at = Date.parse(String(raw.created_at)) + (index % 40) * 86_400_000;
    return { ...raw, closed_at: new Date(at).toISOString() };
  };
  const converts = (raw: Raw, index: number): Raw =>
    index % 3 === 0
      ? raw
      : { ...raw, conversions: (index % 29) / 4, conversion_value: String((index % 31) * 7.5) };
  return { ads: inTurns(ads, 4).map(converts), crm: inTurns(crm, 5).map(closes) };
}

/** Random dirty events; some come twice. Their metadata is what anybody sends: numbers and texts, garbage, and gaps. */
export function dirtyEvents(
  seed: number,
  count: number,
  days: readonly string[],
  currencies: readonly string[],
): Raw[] {
  const figure = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -2_000, max: 99_999 }).map((cents) => cents / 100) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 9_999 }).map((cents) => (cents / 100).toFixed(2)) },
    { weight: 1, arbitrary: fc.constantFrom(0, '0', ' 7.5 ', '1e3', 1e3, 0.1, 1.15) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(null, '', 'n/a', '12,50', '12 EUR', true, [5], { amount: 5 }, 1e40, '1e25'),
    },
  );
  const order = fc.record(
    {
      total: figure,
      fee: figure,
      currency: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...currencies) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(...currencies).map((code) => ` ${code.toLowerCase()} `),
        },
        { weight: 1, arbitrary: fc.constantFrom(null, '', 'ZZZ') },
      ),
    },
    { requiredKeys: [] },
  );
  const visitor = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }).map((number) => `v${number}`) },
    { weight: 1, arbitrary: fc.constantFrom(7, '7', 2.5, '', null, true, 'unknown') },
  );
  const metadata = fc.record(
    { visitor, order, points: figure, plan: fc.constantFrom('Pro', 'pro', 'free', 'unknown', null) },
    { requiredKeys: [] },
  );
  const event = fc.record({
    at: fc.nat({ max: 86_399 }),
    day: fc.constantFrom(...days),
    service: fc.constantFrom('web', ' web', 'shop', 'Shop', null),
    message: fc.constantFrom('demo requested', 'Demo', 'a demo', 'view', undefined),
    metadata: fc.oneof(
      { weight: 6, arbitrary: metadata },
      { weight: 2, arbitrary: metadata.map((given) => JSON.stringify(given)) },
      { weight: 1, arbitrary: fc.constantFrom(undefined, null, '') },
    ),
    utm_campaign: spelt('spring', 'summer sale', 'brand', 'brand-2'),
    utm_source: spelt('google', 'facebook', 'bing'),
    utm_medium: spelt('cpc', 'paid social'),
    utm_content: spelt('a', 'b'),
    utm_term: fc.constantFrom(null, 'shoes'),
  });
  const [events = []] = fc.sample(fc.array(event, { minLength: count, maxLength: count }), {
    seed,
    numRuns: 1,
  });
  const records = events.map(({ at, day, ...raw }, index) => ({
    ...raw,
    event_id: `E-${index}`,
    timestamp: new Date(Date.parse(`${day}T00:00:00Z`) + at * 1_000).toISOString(),
  }));
  return [...records, ...records.filter((_, index) => index % 9 === 0)];
}

/** The same records with names of campaigns that say more, and sources that mean the same, here and there. */
export const withSpeakingNames = (records: readonly Raw[], every: number): Raw[] =>
  records.map((raw, index) => {
    if (index % every !== 0) return raw;
    const named = speakingNames[Math.floor(index / every) % speakingNames.length];
    return { ...raw, utm_campaign: named };
  });

const speakingNames = [
  'de_shoes_spring',
  'DE_Hüte',
  'fr_ Hu\u0308te _ Winter  Sale',
  'fr_',
  'X {network}',
  'x search',
  'de_shoes',
];
