import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { checkQuestion } from '../support/check-question.ts';
import { dirtyFeeds } from '../support/dirty-data.ts';
import { countFacts } from '../support/oracle.ts';
import { oracleQueries } from '../support/oracle-questions.ts';
import { rounds } from '../support/rounds.ts';

const days = Array.from({ length: 90 }, (_, index) =>
  new Date(Date.UTC(2025, 4, 20 + index)).toISOString().slice(0, 10),
);
const feeds = dirtyFeeds(99, { ads: 1_500, crm: 700 }, days);
const facts = countFacts(feeds.ads, feeds.crm);
let app: TestApp;
beforeAll(async () => {
  // Each of these queries shows everything there is; the limit is another test's matter.
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

it('random queries that use everything give what is counted from the raw records', async () => {
  const queries = fc.sample(oracleQueries(days, facts), { seed: 11, numRuns: rounds(2_000) });
  let rows = 0;
  for (let index = 0; index < queries.length; index += 4) {
    const counts = await Promise.all(
      queries.slice(index, index + 4).map((asked) => checkQuestion(app, facts, asked)),
    );
    rows += counts.reduce((sum, count) => sum + count, 0);
  }
  expect(rows).toBeGreaterThan(rounds(5_000));
}, 900_000);
