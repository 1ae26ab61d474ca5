import fc from 'fast-check';
import { isInterfaceType, isObjectType } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';
const page = 'nodes { __typename } pageInfo { endCursor }';
/** Every list that is paged, with how it is asked; `AFTER` is where a cursor goes. */
const lists: Readonly<Record<string, string>> = {
  'Query.adPerformance': `adPerformance(${range} AFTER) { ${page} }`,
  'Query.auditLog': `auditLog(AFTER) { ${page} }`,
  'Query.breakdowns': `breakdowns(${range} AFTER) { ${page} }`,
  'Query.campaigns': `campaigns(${range} AFTER) { ${page} }`,
  'Query.dimensionValues': `dimensionValues(${range} dimension: CHANNEL AFTER) { ${page} }`,
  'Query.exchangeRates': `exchangeRates(${range} AFTER) { ${page} }`,
  'Query.events': `events(AFTER) { ${page} }`,
  'Query.metrics': `metrics(${range} groupBy: [CHANNEL] AFTER) { ${page} }`,
  'Query.opportunities': `opportunities(${range} AFTER) { ${page} }`,
  'Query.rejectedRecords': `rejectedRecords(AFTER) { ${page} }`,
  'DataQuality.nearDuplicateUtms': `dataQuality(${range}) { nearDuplicateUtms(AFTER) { ${page} } }`,
  'RevenueWithoutSpend.campaigns': `dataQuality(${range}) { revenueWithoutSpend { campaigns(AFTER) { ${page} } } }`,
  'RevenueWithoutSpend.channels': `dataQuality(${range}) { revenueWithoutSpend { channels(AFTER) { ${page} } } }`,
};

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { RESPONSE_CACHE_TTL_MS: '0' } });
  const now = Date.now();
  const { errors } = await app.query(
    `mutation($now: String!) {
      ads: ingestAdPerformance(input: { records: [
        { date: "2025-08-01", campaignId: "1", channel: "google", utmCampaign: "a b", clicks: 1, cost: 1, breakdowns: { country: "DE" } }
        { date: "2025-08-01", campaignId: "4", channel: "bing", utmCampaign: "free", utmSource: "bing", utmMedium: "cpc", clicks: 1, cost: 0 }
        { date: "2025-08-01", campaignId: "2", channel: "meta", utmCampaign: "a-b", clicks: 1, cost: 1 }
        { date: "never", campaignId: "3", channel: "x" } ] }) { accepted }
      crm: ingestOpportunities(input: { records: [
        { opportunityId: "O-1", createdAt: "2025-08-01T10:00:00Z", stage: "closed_won", amount: 5, utmCampaign: "free", utmSource: "bing", utmMedium: "cpc" } ] }) { accepted }
      rates: ingestExchangeRates(input: { records: [
        { date: "2025-08-01", base: "EUR", quote: "USD", rate: 1.14 } { date: "2025-08-01", base: "EUR", quote: "SEK", rate: 11.2 } ] }) { accepted }
      events: ingestEvents(input: { records: [{ service: "shop", message: "hello", timestamp: $now }] }) { accepted } }`,
    { now: new Date(now).toISOString() },
  );
  expect(errors).toBeUndefined();
});
afterAll(() => app.close());

it('knows every list that is paged', () => {
  const paged = Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) || isInterfaceType(type)
      ? Object.values(type.getFields())
          .filter(({ args }) => args.some(({ name }) => name === 'after'))
          .map((field) => `${type.name}.${field.name}`)
      : [],
  );
  expect(paged.sort()).toEqual(Object.keys(lists).sort());
});

const ask = (list: string, after?: string) =>
  app.query(
    after === undefined
      ? `{ ${list.replace('(AFTER)', '').replace('AFTER', '')} }`
      : `query($after: String!) { ${list.replace('AFTER', 'after: $after')} }`,
    after === undefined ? {} : { after },
  );

/** The first cursor in an answer. */
const cursorIn = (answer: unknown): string | undefined =>
  /"endCursor":"([^"]+)"/.exec(JSON.stringify(answer))?.[1];

const encode = (text: string): string => Buffer.from(text).toString('base64url');

/** A cursor with the right mark, as whoever has seen one can make it, around what no page ends at. */
const forgedFrom = (real: string): fc.Arbitrary<string> => {
  const parts: unknown = JSON.parse(Buffer.from(real, 'base64url').toString());
  const [mark, ...key] = parts as unknown[];
  const harm = fc.oneof(
    fc.constantFrom(-1, 1.5, 1e18, 1e300, '', "' OR 1=1", '\0', '\ud800', null, [], {}),
    fc.string(),
    fc.double(),
    fc.integer(),
  );
  return fc
    .oneof(
      fc.tuple(...key.map((part) => fc.oneof(fc.constant(part), harm))),
      fc.array(harm, { maxLength: 5 }),
    )
    .map((forged) => encode(JSON.stringify([mark, ...forged])));
};

it.each(Object.entries(lists))('%s: a forged cursor is a page or BAD_USER_INPUT', async (_name, list) => {
  let real: ReturnType<typeof cursorIn>;
  // Entries of the audit log are stored a moment after what they tell of.
  await expect
    .poll(
      async () => {
        const first = await ask(list);
        expect(first.errors).toBeUndefined();
        real = cursorIn(first.data);
        return real;
      },
      { timeout: 20_000 },
    )
    .toBeDefined();
  expect((await ask(list, real)).errors).toBeUndefined();
  const damaged = fc.tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 3 })).map(([at, text]) => {
    const place = at % (real ?? '').length;
    return `${real?.slice(0, place)}${text}${real?.slice(place + text.length)}`;
  });
  const forged = fc.oneof(fc.string(), fc.base64String(), damaged, forgedFrom(real ?? ''));
  await fc.assert(
    fc.asyncProperty(forged, async (after) => {
      const { data, errors } = await ask(list, after);
      if (errors === undefined) expect(data).not.toBeNull();
      else expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    }),
    { numRuns: 60 },
  );
  expect((await ask(list, 'x'.repeat(500_000))).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
});
