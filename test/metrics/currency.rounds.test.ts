import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { checkQuestion } from '../support/check-question.ts';
import { dirtyEvents, dirtyFeeds, withSpeakingNames } from '../support/dirty-data.ts';
import { pushRates } from '../support/exchange-rates.ts';
import { countFacts } from '../support/oracle.ts';
import { modelFiles, words } from '../support/oracle-model.ts';
import { oracleQueries } from '../support/oracle-questions.ts';
import { readRates } from '../support/oracle-rates.ts';
import { inOwnWords } from '../support/oracle-words.ts';
import { eventually } from '../support/push-records.ts';
import { rounds } from '../support/rounds.ts';

const days = Array.from({ length: 90 }, (_, index) =>
  new Date(Date.UTC(2025, 4, 20 + index)).toISOString().slice(0, 10),
);
const currencies = ['EUR', 'USD', 'SEK', 'GBP', 'JPY'];
const feeds = dirtyFeeds(17, { ads: 1_500, crm: 700 }, days, currencies);
const ads = withSpeakingNames(feeds.ads, 3);
const crm = withSpeakingNames(feeds.crm, 4);
/** They begin when there have been ads for a while, as it usually is. */
const events = withSpeakingNames(dirtyEvents(31, 2_000, days.slice(38), currencies), 5);
const facts = inOwnWords(countFacts(ads, crm, { events, alike: words.alike }), words);

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
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-words-'));
  for (const [name, text] of Object.entries(modelFiles)) await writeFile(join(folder, name), text);
  app = await startTestApp({
    environment: {
      MODEL_FILE: join(folder, 'model.yaml'),
      ROLLUPS: 'on',
      ROLLUPS_MIN_ROWS: '0',
      EVENT_RETENTION_DAYS: '20000',
      QUERY_MAX_COMPLEXITY: '1000000000',
      QUERY_COST_PER_MINUTE: '1000000000000',
      RESPONSE_CACHE_TTL_MS: '0',
    },
  });
  app.answer({ ads: adsFeed(ads), crm: crmFeed(crm) });
  expect(await app.pull('mode: UPSERT')).toMatchObject([{ status: 'SUCCEEDED' }, { status: 'SUCCEEDED' }]);
  await pushEvents();
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

/** Resolves when all events are attributed, which is done in the background. */
async function pushEvents(): Promise<void> {
  const response = await fetch(`${app.url}/ingest/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(await response.json()).toMatchObject({ rejected: 0 });
  const attributed = facts.filter(
    ({ own, dimensions }) => own?.allEvents !== undefined && dimensions.match !== 'UNATTRIBUTED',
  );
  await eventually(async () => {
    const { data } = await app.query(`{ metrics(
      dateRange: { between: { from: "${days[0]}", to: "${days.at(-1)}" } }, where: { match: { ne: "UNATTRIBUTED" } }
    ) { totals { allEvents } } }`);
    const { metrics } = data as unknown as { metrics: { totals: { allEvents: number } } };
    return metrics.totals.allEvents === attributed.length;
  });
}

const crmDate = fc.constantFrom('CREATED' as const, 'CLOSED' as const);

/** Of each part of the questions; a part tells by itself that it holds. */
const partSize = 250;
const seen = { questions: 0, rows: 0 };

async function checkPart(questions: ReturnType<typeof oracleQueries>, seed: number): Promise<void> {
  const rates = readRates(rateRows);
  const queries = fc.sample(questions, { seed, numRuns: rounds(partSize) });
  for (let index = 0; index < queries.length; index += 4) {
    const counts = await Promise.all(
      queries.slice(index, index + 4).map((asked) => checkQuestion(app, facts, asked, { rates, words })),
    );
    seen.rows += counts.reduce((sum, count) => sum + count, 0);
  }
  seen.questions += queries.length;
}

const timeout = 1_800_000;

describe('without rates, money of several currencies is null and all other figures are right', () => {
  const questions = fc
    .tuple(oracleQueries(days, facts, words), crmDate)
    .map(([asked, by]) => ({ ...asked, crmDate: by }));
  it.each([210, 211, 212, 213])('questions of seed %i', { timeout }, (seed) => checkPart(questions, seed));
});

describe('with rates, every figure is what is counted with the rate of each record’s own day', () => {
  beforeAll(() => pushRates(app, rateRows));
  const questions = fc
    .tuple(oracleQueries(days, facts, words), fc.constantFrom(...currencies), crmDate)
    .map(([asked, currency, by]) => ({ ...asked, currency, crmDate: by }));
  it.each([220, 221, 222, 223, 224, 225, 226, 227])('questions of seed %i', { timeout }, (seed) =>
    checkPart(questions, seed),
  );
});

it('most questions have rows', () => {
  expect(seen.rows).toBeGreaterThan(1.5 * seen.questions);
});
