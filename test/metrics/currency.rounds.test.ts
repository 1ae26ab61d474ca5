import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { checkQuestion } from '../support/check-question.ts';
import { dirtyFeeds } from '../support/dirty-data.ts';
import { pushRates } from '../support/exchange-rates.ts';
import { countFacts } from '../support/oracle.ts';
import { oracleQueries } from '../support/oracle-questions.ts';
import { readRates } from '../support/oracle-rates.ts';
import { rounds } from '../support/rounds.ts';

const days = Array.from({ length: 90 }, (_, index) =>
  new Date(Date.UTC(2025, 4, 20 + index)).toISOString().slice(0, 10),
);
const currencies = ['EUR', 'USD', 'SEK', 'GBP', 'JPY'];
const feeds = dirtyFeeds(17, { ads: 1_500, crm: 700 }, days, currencies);
const facts = countFacts(feeds.ads, feeds.crm);

/** One a pair and day, but for gaps: weekends, some weeks of SEK, single days of each; and a pair beside those of the euro. */
const rateRows = days.flatMap((date, index) => {
  const isWeekend = [0, 6].includes(new Date(`${date}T00:00:00Z`).getUTCDay());
  const wobble = (of: number): number => Number((of * (1 + ((index * 7) % 11) / 100)).toFixed(5));
  const pairs = [
    { base: 'EUR', quote: 'USD', rate: wobble(1.1), isThere: index % 13 !== 4 },
    { base: 'EUR', quote: 'SEK', rate: wobble(11.2), isThere: index < 20 || index > 48 },
    { base: 'EUR', quote: 'JPY', rate: wobble(160), isThere: index % 5 !== 2 },
    { base: 'GBP', quote: 'USD', rate: wobble(1.3), isThere: true },
  ];
  return isWeekend ? [] : pairs.flatMap(({ isThere, ...pair }) => (isThere ? [{ date, ...pair }] : []));
});

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({
    environment: {
      ROLLUPS: 'on',
      ROLLUPS_MIN_ROWS: '0',
      QUERY_MAX_COMPLEXITY: '1000000000',
      QUERY_COST_PER_MINUTE: '1000000000000',
      RESPONSE_CACHE_TTL_MS: '0',
    },
  });
  app.answer({ ads: adsFeed(feeds.ads), crm: crmFeed(feeds.crm) });
  expect(await app.pull('mode: UPSERT')).toMatchObject([{ status: 'SUCCEEDED' }, { status: 'SUCCEEDED' }]);
});
afterAll(() => app.close());

const crmDate = fc.constantFrom('CREATED' as const, 'CLOSED' as const);

async function checkAll(questions: ReturnType<typeof oracleQueries>, seed: number): Promise<void> {
  const rates = readRates(rateRows);
  const queries = fc.sample(questions, { seed, numRuns: rounds(2_000) });
  let rows = 0;
  for (let index = 0; index < queries.length; index += 4) {
    const counts = await Promise.all(
      queries.slice(index, index + 4).map((asked) => checkQuestion(app, facts, asked, rates)),
    );
    rows += counts.reduce((sum, count) => sum + count, 0);
  }
  expect(rows).toBeGreaterThan(rounds(3_000));
}

it('without rates, money of several currencies is null and all other figures are right', async () => {
  const questions = fc
    .tuple(oracleQueries(days, facts), crmDate)
    .map(([asked, by]) => ({ ...asked, crmDate: by }));
  await checkAll(questions, 21);
}, 900_000);

it('with rates, every figure is what is counted with the rate of each record’s own day', async () => {
  await pushRates(app, rateRows);
  const questions = fc
    .tuple(oracleQueries(days, facts), fc.constantFrom(...currencies), crmDate)
    .map(([asked, currency, by]) => ({ ...asked, currency, crmDate: by }));
  await checkAll(questions, 22);
}, 900_000);
