import { afterAll, beforeAll, expect, it } from 'vitest';
import { sql } from '../../src/clickhouse/sql.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';

const utm = { utm_campaign: 'back_to_school', utm_source: 'google', utm_medium: 'cpc' };
const ads = [
  {
    date: '2025-08-01',
    campaign_id: 'C-1001',
    channel: 'google_ads',
    clicks: 1200,
    impressions: 45000,
    cost: 350.75,
    ...utm,
  },
];
// 25 leads, 8 of them opportunities, 3 of those won for 5000 together.
const opportunities = Array.from({ length: 25 }, (_, index) => ({
  opportunity_id: `O-${9001 + index}`,
  contact_email: `contact${index}@example.com`,
  stage: index < 3 ? 'closed_won' : index < 6 ? 'qualified' : index < 8 ? 'closed_lost' : 'lead',
  amount: [3000, 1500, 500][index] ?? 800,
  created_at: `2025-08-01T${String(index % 24).padStart(2, '0')}:00:00Z`,
  ...utm,
}));

const golden = {
  impressions: 45000,
  clicks: 1200,
  cost: 350.75,
  leads: 25,
  opportunities: 8,
  closedWon: 3,
  revenue: 5000,
  ctr: 1200 / 45000,
  cpc: 350.75 / 1200,
  cpm: (1000 * 350.75) / 45000,
  cpa: 14.03,
  costPerOpportunity: 350.75 / 8,
  cac: 350.75 / 3,
  cvrClickToLead: 25 / 1200,
  cvrLeadToOpp: 0.32,
  cvrOppToWon: 0.375,
  roas: 5000 / 350.75,
  averageDealSize: 5000 / 3,
};
const all = Object.keys(golden).join(' ');
const question = `query ($range: DateRangeInput!) {
  metrics(dateRange: $range, groupBy: [DATE, CHANNEL, CAMPAIGN_ID, UTM_SOURCE]) {
    nodes { date channel campaignId utmSource utmTerm ${all} } totals { ${all} } totalCount
    pageInfo { hasNextPage endCursor } meta { freshness rowsRead elapsedMs queries warnings { code message } }
  }
}`;
const range = { between: { from: '2025-08-01', to: '2025-08-01' } };

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { ROLLUPS: 'on', ROLLUPS_MIN_ROWS: '0' } });
  app.answer({ ads: adsFeed(ads), crm: crmFeed(opportunities) });
});
afterAll(() => app.close());

const expectGolden = async (): Promise<void> => {
  const { data } = await app.query(question, { range });
  expect(data).toMatchObject({
    metrics: {
      nodes: [
        {
          date: '2025-08-01',
          channel: 'google_ads',
          campaignId: 'C-1001',
          utmSource: 'google',
          utmTerm: null,
          ...golden,
        },
      ],
      totals: golden,
      totalCount: 1,
      pageInfo: { hasNextPage: false },
      meta: { queries: 1, rowsRead: expect.any(Number), warnings: [] },
    },
  });
};

it('gives the golden row, from feed to GraphQL', async () => {
  const runs = await app.pull();
  expect(runs).toMatchObject([
    {
      source: 'ads',
      status: 'SUCCEEDED',
      recordsRead: 1,
      recordsWritten: 1,
      recordsRejected: 0,
      error: null,
    },
    {
      source: 'crm',
      status: 'SUCCEEDED',
      recordsRead: 25,
      recordsWritten: 25,
      recordsRejected: 0,
      error: null,
    },
  ]);
  await expectGolden();
  expect(golden.cpc).toBeCloseTo(0.292292, 6);
  expect(golden.roas).toBeCloseTo(14.255167, 6);
});

it('does not change when the feeds come again, one after the other and at once', async () => {
  await app.pull();
  await Promise.all([app.pull(), app.pull(), app.pull()]);
  await expectGolden();
});

it('keeps no e-mail address', async () => {
  const { rows } = await app.store.read(sql`SELECT * FROM opportunities`);
  expect(JSON.stringify(rows)).not.toContain('@example.com');
});

it('starts runs once for one idempotency key, and refuses the key for another call', async () => {
  const once = 'idempotencyKey: "nightly-2025-08-02"';
  const [first, second] = await Promise.all([app.pull(once), app.pull(once)]);
  const third = await app.pull(once);
  expect(second).toEqual(first);
  expect(third).toEqual(first);
  const { errors } = await app.query(
    `mutation { triggerIngest(input: { wait: true, sources: ["ads"], ${once} }) { runs { id } } }`,
  );
  expect(errors).toMatchObject([
    { message: expect.stringContaining('idempotencyKey'), extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});

it('lists runs, newest first, and finds one by its id', async () => {
  const { data } = await app.query('{ ingestRuns(first: 3, source: "ads") { id source status durationMs } }');
  const runs = (data as unknown as { ingestRuns: { id: string }[] }).ingestRuns;
  expect(runs).toHaveLength(3);
  expect(runs.map(({ id }) => id)).toEqual(
    runs
      .map(({ id }) => id)
      .sort()
      .reverse(),
  );
  const one = await app.query('query ($id: ID!) { ingestRun(id: $id) { id status } }', { id: runs[1]?.id });
  expect(one.data).toEqual({ ingestRun: { id: runs[1]?.id, status: 'SUCCEEDED' } });
  const none = await app.query('{ ingestRun(id: "00000000-0000-7000-8000-000000000000") { id } }');
  expect(none).toEqual({ data: { ingestRun: null } });
});

it('passes since and until on to the source and applies them to what comes back', async () => {
  const day = (date: string, cost: number) => ({ ...ads[0], date, cost });
  app.answer({ ads: adsFeed([day('2025-08-01', 1), day('2025-08-02', 2), day('2025-08-03', 3)]) });
  const [run] = await app.pull('sources: ["ads"], since: "2025-08-02", until: "2025-08-02"');
  expect(run).toMatchObject({
    recordsRead: 3,
    recordsWritten: 1,
    since: '2025-08-02',
    until: '2025-08-02',
    skippedByReason: [{ name: 'outside_range', count: 2 }],
  });
  expect(app.sourceRequests.at(-1)).toMatchObject({
    path: '/ads',
    query: { since: '2025-08-02', until: '2025-08-02' },
  });
  const { data } = await app.query(
    '{ metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-03" } }) { totals { cost } } }',
  );
  expect(data).toEqual({ metrics: { totals: { cost: 352.75 } } });
});
