import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { identifier, sql } from '../../src/clickhouse/sql.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { dirtyFeeds } from '../support/dirty-data.ts';
import { countFacts, type Raw } from '../support/oracle.ts';
import type { OracleQuery } from '../support/oracle-query.ts';
import { oracleQueries, toGraphql } from '../support/oracle-questions.ts';
import { rounds } from '../support/rounds.ts';

const days = Array.from({ length: 120 }, (_, index) =>
  new Date(Date.UTC(2025, 3, 20 + index)).toISOString().slice(0, 10),
);
const feeds = dirtyFeeds(5, { ads: 2_000, crm: 900 }, days);
const facts = countFacts(feeds.ads, feeds.crm);

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
});
afterAll(() => app.close());

type Answer = Readonly<Record<string, unknown>> & { readonly meta: { readonly source: string } };
const seen = new Map<string, number>();

async function ask(asked: OracleQuery, useRollups: boolean): Promise<Answer> {
  const { document, variables } = toGraphql(asked, `, useRollups: ${useRollups}`, 'meta { source }');
  const answer = await app.query(document, variables);
  expect(answer.errors, JSON.stringify(asked)).toBeUndefined();
  return (answer.data as unknown as { metrics: Answer }).metrics;
}

async function check(asked: OracleQuery): Promise<void> {
  const [withThem, without] = await Promise.all([ask(asked, true), ask(asked, false)]);
  expect(without.meta.source).toBe('TABLES');
  expect({ ...withThem, meta: undefined }, JSON.stringify(asked)).toEqual({ ...without, meta: undefined });
  seen.set(withThem.meta.source, (seen.get(withThem.meta.source) ?? 0) + 1);
}

/** Questions over any part of the days, whole months among them, about few dimensions more often than not. */
const questions = fc
  .tuple(
    oracleQueries(days, facts),
    fc.nat(days.length - 1),
    fc.nat(days.length - 1),
    fc.subarray(['date', 'channel', 'match', 'utmSource', 'campaignId'], { maxLength: 3 }),
    fc.integer({ min: 0, max: 3 }),
  )
  .map(([asked, one, other, groupBy, kind]): OracleQuery => {
    const range = [days[Math.min(one, other)] ?? '', days[Math.max(one, other)] ?? ''] as const;
    if (kind === 0) return { ...asked, range };
    const isLimited = asked.limitBy !== undefined && groupBy.includes(asked.limitBy.dimension);
    return {
      ...asked,
      range,
      groupBy,
      where: kind === 1 ? asked.where : undefined,
      fill: asked.fill && groupBy.includes('date'),
      limitBy: isLimited ? asked.limitBy : undefined,
    };
  });

/** Resolves when the records are stored: one that is only durable (202, on a busy machine) is sent again, which changes nothing. */
async function push(path: string, records: readonly Raw[]): Promise<void> {
  for (;;) {
    const response = await fetch(`${app.url}/ingest/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(records),
    });
    if (response.status === 200) return;
    expect(response.status, await response.text()).toBe(202);
  }
}

/** What happens to stored data, of a random part of the feeds. */
const happenings: Readonly<Record<string, (from: number, count: number) => Promise<unknown>>> = {
  'ads are pushed': (from, count) => push('ad-performance', feeds.ads.slice(from, from + count)),
  'opportunities are pushed': (from, count) => push('opportunities', feeds.crm.slice(from, from + count)),
  'opportunities are deleted': (from, count) =>
    push(
      'opportunities',
      feeds.crm.slice(from, from + Math.ceil(count / 4)).map((record) => ({ ...record, is_deleted: true })),
    ),
  'days are replaced': (from, count) => {
    app.answer({ ads: adsFeed(feeds.ads.slice(from, from + count)), crm: crmFeed([]) });
    return app.pull('mode: REPLACE, guard: OFF, sources: ["ads"]');
  },
  'old days are deleted': (from) =>
    app.query('mutation ($before: LocalDate!) { applyRetention(before: $before) { __typename } }', {
      before: days[from % 10],
    }),
  'parts are merged': async () => {
    for (const table of ['ad_performance', 'opportunities'])
      await app.store.command(sql`OPTIMIZE TABLE ${identifier(table)} FINAL`, {
        changesAnswersOf: [],
      });
  },
  'time passes': () => new Promise((resolve) => setTimeout(resolve, 1_500)),
};

it('answers are those of the tables, whatever has just happened to them', async () => {
  await push('ad-performance', feeds.ads);
  await push('opportunities', feeds.crm);
  const count = Math.max(8, rounds(80));
  const script = fc.sample(
    fc.record({
      name: fc.constantFrom(...Object.keys(happenings)),
      from: fc.nat(1_800),
      count: fc.integer({ min: 1, max: 150 }),
    }),
    { seed: 3, numRuns: count },
  );
  const asked = fc.sample(questions, { seed: 4, numRuns: count * 4 });
  for (const [index, { name, from, count: records }] of script.entries()) {
    await happenings[name]?.(from, records);
    for (const question of asked.slice(index * 4, index * 4 + 4)) await check(question);
  }
  expect(seen.get('TABLES') ?? 0).toBeGreaterThan(0);
  // Once nothing happens any more, all that rollups can answer they do.
  const whole: OracleQuery = {
    ...(asked[0] as OracleQuery),
    range: [days[0] ?? '', days.at(-1) ?? ''],
    groupBy: ['channel', 'utmSource'],
    where: undefined,
    fill: false,
    limitBy: undefined,
  };
  await vi.waitFor(async () => expect((await ask(whole, true)).meta.source).toBe('ROLLUPS'), {
    timeout: 120_000,
    interval: 500,
  });
  await check(whole);
}, 600_000);

it('what is acknowledged is in the next answer, while days are being built', async () => {
  const clicks = async (): Promise<number> => {
    const { data } = await app.query(
      `{ metrics(dateRange: { between: { from: "2025-06-01", to: "2025-07-31" } }, where: { channel: { eq: "acknowledged" } }) { totals { clicks } } }`,
    );
    return (data as unknown as { metrics: { totals: { clicks: number } } }).metrics.totals.clicks;
  };
  for (let sent = 1; sent <= rounds(100); sent++) {
    const date = days[42 + (sent % 50)];
    await push('ad-performance', [
      { date, campaign_id: `K-${sent}`, channel: 'acknowledged', clicks: 1, impressions: 1, cost: 1 },
    ]);
    expect(await clicks()).toBe(sent);
  }
}, 120_000);
