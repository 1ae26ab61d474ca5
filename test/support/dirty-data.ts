import fc from 'fast-check';
import type { Raw } from './oracle.ts';

/** Random dirty feeds; the same seed gives the same feeds. Every record can be stored, however it is spelt. */
export function dirtyFeeds(
  seed: number,
  count: { ads: number; crm: number },
  days: readonly string[],
  /** Records take them in turns, most ads rows have conversions, and most CRM records say when they were closed; empty: none of these. */
  currencies: readonly string[] = [],
): { ads: Raw[]; crm: Raw[] } {
  const spelt = (...values: readonly string[]) =>
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...values) },
      { weight: 2, arbitrary: fc.constantFrom(...values).map((value) => ` ${value.toUpperCase()}  `) },
      { weight: 1, arbitrary: fc.constantFrom(null, '', '{{placement}}', undefined) },
    );
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
