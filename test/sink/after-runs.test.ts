import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { formatDay, parseIsoDay } from '../../src/records/day.ts';
import { monthsOf } from '../../src/sink/after-runs.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts';

const secret = 'a-secret-of-thirty-bytes-or-so';
const ad = (date: string, cost: number) => ({
  date,
  channel: 'google',
  campaign_id: 'C-1',
  clicks: 1,
  impressions: 9,
  cost,
});

let receiver: Receiver;
let app: TestApp;
beforeAll(async () => {
  receiver = await startReceiver(secret);
  app = await startTestApp({
    environment: { SINK_URL: receiver.url, SINK_SECRET: secret, SINK_AFTER: 'run', SINK_RETRY_MS: '1' },
  });
});
afterEach(async () => {
  await app.empty();
  receiver.forget();
});
afterAll(async () => {
  await app.close();
  await receiver.close();
});

const exported = () => receiver.counted.map(({ page }) => page.data);
const waitFor = (pages: number) =>
  vi.waitFor(() => expect(receiver.counted.length).toBeGreaterThanOrEqual(pages), { timeout: 30_000 });

it('exports the days of a run once it has ended, and those that attribution reaches, by month', async () => {
  app.answer({ ads: adsFeed([ad('2025-07-30', 1.5), ad('2025-08-02', 2.25)]) });
  await app.pull('sources: ["ads"]');
  await waitFor(3);
  expect(exported()).toMatchObject([
    {
      range: { from: '2025-07-30', to: '2025-07-31' },
      totals: { cost: 1.5 },
      groupBy: ['date', 'channel', 'campaignId'],
    },
    { range: { from: '2025-08-01', to: '2025-08-31' }, totals: { cost: 2.25 } },
    { range: { from: '2025-09-01', to: '2025-09-01' }, rows: [] },
  ]);
});

it('exports nothing after a dry run, or one that failed', async () => {
  app.answer({ ads: adsFeed([ad('2025-08-02', 1)]) });
  await app.pull('sources: ["ads"], dryRun: true');
  app.answer({ ads: (_request, response) => void response.writeHead(403).end() });
  await app.pull('sources: ["ads"]');
  app.answer({ ads: adsFeed([ad('2025-09-03', 3)]) });
  await app.pull('sources: ["ads"]');
  await vi.waitFor(() => expect(exported().map(({ totals }) => totals?.cost)).toContain(3), {
    timeout: 30_000,
  });
  expect(exported().map(({ range }) => range.from)).not.toContain('2025-08-02');
});

it('splits days by month; without DATE, whole months', () => {
  const days = { from: parseIsoDay('2024-12-30') ?? 0, to: parseIsoDay('2025-02-01') ?? 0 };
  const texts = (isByDay: boolean) =>
    monthsOf(days, isByDay).map(({ from, to }) => `${formatDay(from)} ${formatDay(to)}`);
  expect(texts(true)).toEqual(['2024-12-30 2024-12-31', '2025-01-01 2025-01-31', '2025-02-01 2025-02-01']);
  expect(texts(false)).toEqual(['2024-12-01 2024-12-31', '2025-01-01 2025-01-31', '2025-02-01 2025-02-28']);
});
