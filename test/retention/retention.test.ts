import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';

const clock = { now: () => Date.UTC(2025, 7, 20, 12) };
const days = ['2025-05-01', '2025-05-02', '2025-08-01'];
const other = { 'x-workspace': 'other' };

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ clock, environment: { EVENT_RETENTION_DAYS: '20000' } });
  app.answer({
    ads: adsFeed(
      days.map((date) => ({
        date,
        campaign_id: 'C-1',
        channel: 'google',
        clicks: 10,
        impressions: 100,
        cost: 5,
        utm_campaign: 'spring',
      })),
    ),
    crm: crmFeed(
      days.map((date) => ({
        opportunity_id: `O-${date}`,
        created_at: `${date}T10:00:00Z`,
        stage: 'closed_won',
        amount: 100,
        utm_campaign: 'spring',
      })),
    ),
  });
  await app.pull();
  await push('/ingest/ad-performance', other);
});
afterAll(() => app.close());

/** What another workspace has of the same days. */
async function push(path: string, headers: Record<string, string>): Promise<void> {
  const response = await fetch(`${app.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(
      days.map((date) => ({ date, campaign_id: 'X-1', channel: 'meta', clicks: 1, impressions: 1, cost: 1 })),
    ),
  });
  expect(response.status).toBe(200);
}

const figures = async (headers?: Record<string, string>): Promise<unknown> =>
  (
    await app.query(
      '{ metrics(dateRange: { between: { from: "2025-04-01", to: "2025-08-20" } }, groupBy: [DATE]) { nodes { date cost leads revenue } } }',
      {},
      headers,
    )
  ).data;
const apply = async (before: string, dryRun: boolean) =>
  app.query(
    `mutation { applyRetention(before: "${before}", dryRun: ${dryRun}) { dryRun tables { table rows days } } }`,
  );
const byTable = (answer: Awaited<ReturnType<typeof apply>>): Record<string, number> => {
  const data = answer.data as unknown as {
    applyRetention: { tables: { table: string; days: number }[] };
  };
  return Object.fromEntries(data.applyRetention.tables.map(({ table, days: count }) => [table, count]));
};

it('a dry run tells what there is, and deletes nothing', async () => {
  const before = await figures();
  expect(byTable(await apply('2025-05-02', true))).toMatchObject({
    ad_performance: 1,
    opportunities: 1,
    events: 0,
  });
  expect(await figures()).toEqual(before);
});

it('what is older than the day goes, of this workspace alone, and at once for who had asked before', async () => {
  const others = await figures(other);
  await figures();
  expect(byTable(await apply('2025-05-02', false))).toMatchObject({ ad_performance: 1, opportunities: 1 });
  expect(await figures()).toEqual({
    metrics: {
      nodes: days.slice(1).map((date) => ({ date, cost: 5, leads: 1, revenue: 100 })),
    },
  });
  expect(await figures(other)).toEqual(others);
  expect(byTable(await apply('2025-05-02', false))).toMatchObject({ ad_performance: 0, opportunities: 0 });
});

it('the last week always stays', async () => {
  for (const day of ['2025-08-14', '2025-08-20', '2030-01-01']) {
    const { errors } = await apply(day, false);
    expect(errors?.[0]).toMatchObject({
      message: 'before: the last 7 days always stay; give 2025-08-13 or an earlier day.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
  expect((await apply('2025-08-13', true)).errors).toBeUndefined();
});
