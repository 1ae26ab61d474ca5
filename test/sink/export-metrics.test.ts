import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { eventually } from '../support/push-records.ts';
import { type Page, type Receiver, startReceiver } from '../support/webhook-receiver.ts';

const secret = `whsec_${Buffer.from('a key that is thirty-two bytes!!').toString('base64')}`;
const days = Array.from({ length: 10 }, (_, index) => `2025-08-${String(index + 1).padStart(2, '0')}`);

const ad = (date: string, channel: string, cost: number) => ({
  date,
  channel,
  campaign_id: `C-${channel}`,
  clicks: 10,
  impressions: 1_000,
  cost,
  utm_campaign: 'sale',
  utm_source: channel,
  utm_medium: 'cpc',
});
const lead = (id: number, date: string) => ({
  opportunity_id: `O-${id}`,
  created_at: `${date}T10:00:00Z`,
  stage: 'closed_won',
  amount: 100.25,
  utm_campaign: 'sale',
  utm_source: 'google',
  utm_medium: 'cpc',
});
const costs = (factor: number) =>
  adsFeed(
    days.flatMap((date, index) => [ad(date, 'google', factor * (index + 0.1)), ad(date, 'meta', 1.25)]),
  );

let keys: TestKeys;
let receiver: Receiver;
let app: TestApp;
const headers: Record<string, Record<string, string>> = {};

beforeAll(async () => {
  keys = await makeKeys();
  headers.admin = await keys.create({ role: 'admin', workspace: ['default'] });
  headers.ingestor = await keys.create({ role: 'ingestor', workspace: ['default'] });
  headers.viewer = await keys.create({ role: 'viewer', workspace: ['default'] });
  receiver = await startReceiver(secret);
  app = await startTestApp({
    headers: headers.admin,
    environment: {
      API_KEYS_FILE: keys.file,
      SINK_URL: receiver.url,
      SINK_SECRET: `${secret},another secret of thirty bytes`.replaceAll(' ', '_'),
      SINK_PAGE_ROWS: '1',
      SINK_RETRY_MS: '1',
    },
  });
});
beforeEach(async () => {
  receiver.forget();
  app.answer({ ads: costs(1), crm: crmFeed([lead(1, '2025-08-02'), lead(2, '2025-08-03')]) });
  await app.pull();
});
afterEach(() => app.empty());
afterAll(async () => {
  await app.close();
  await receiver.close();
  await keys.close();
});

interface Exported {
  readonly exportId: string;
  readonly pages: number | null;
  readonly run: {
    readonly id: string;
    readonly status: string;
    readonly source: string;
    readonly recordsRead: number;
    readonly recordsWritten: number;
    readonly bytesRead: number;
    readonly error: { readonly code: string; readonly message: string } | null;
  };
}
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-10" } }';
const usual = `${range}, groupBy: [DATE, CHANNEL], measures: [COST, CLICKS, REVENUE, ROAS, CPA], wait: true`;

const exportMetrics = async (input = usual, who = headers.admin): Promise<Exported> => {
  const { data, errors } = await app.query(
    `mutation { exportMetrics(input: { ${input} }) { exportId pages run {
       id status source recordsRead recordsWritten bytesRead error { code message } } } }`,
    {},
    who,
  );
  if (errors) throw new Error(`${errors[0]?.extensions.code} ${errors[0]?.message}`);
  return (data as unknown as { exportMetrics: Exported }).exportMetrics;
};
const rowsOf = (pages: readonly { page: Page }[]) => pages.flatMap(({ page }) => page.data.rows);
const idsOf = (pages: readonly { id: string }[]) => pages.map(({ id }) => id);

describe('an export', () => {
  it('sends the rows and totals of metrics in verified pages', async () => {
    const { run, pages, exportId } = await exportMetrics();
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      source: 'sink',
      recordsRead: 20,
      recordsWritten: 20,
      error: null,
    });
    expect(pages).toBe(20);
    expect(receiver.refused).toBe(0);
    const { data } = await app.query(
      `{ metrics(${range}, groupBy: [DATE, CHANNEL]) { nodes { date channel cost clicks revenue roas cpa } totals { cost clicks revenue roas cpa } } }`,
    );
    const { nodes, totals } = (data as unknown as { metrics: { nodes: unknown[]; totals: unknown } }).metrics;
    expect(rowsOf(receiver.counted)).toEqual(nodes);
    const pagesSent = receiver.counted.map(({ page }) => page);
    expect(pagesSent.at(-1)?.data.totals).toEqual(totals);
    expect(pagesSent.filter((page) => page.data.totals !== undefined)).toHaveLength(1);
    expect(pagesSent.map(({ data: { page } }) => page)).toEqual(pagesSent.map((_, index) => index + 1));
    expect(pagesSent[0]).toMatchObject({
      type: 'metrics.export',
      data: {
        workspace: 'default',
        exportId,
        pages: 20,
        rowCount: 20,
        range: { from: '2025-08-01', to: '2025-08-10' },
        groupBy: ['date', 'channel'],
        measures: ['cost', 'clicks', 'revenue', 'roas', 'cpa'],
        currency: null,
      },
    });
    expect(run.bytesRead).toBe(
      receiver.deliveries.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0),
    );
  });

  it('has the same ids when it is repeated, and others when figures have changed, also back', async () => {
    await exportMetrics();
    const first = receiver.counted;
    await exportMetrics();
    expect(receiver.deliveries).toHaveLength(40);
    expect(receiver.counted).toHaveLength(20);
    const revisions = () => receiver.counted.map(({ page }) => page.data.revision);
    app.answer({ ads: costs(2) });
    await app.pull('sources: ["ads"]');
    await exportMetrics();
    expect(receiver.counted).toHaveLength(40);
    app.answer({ ads: costs(1) });
    await app.pull('sources: ["ads"]');
    await exportMetrics();
    // The figures of the first again: a receiver that keys on ids must not take them for those that it has had.
    expect(receiver.counted).toHaveLength(60);
    expect(new Set(revisions()).size).toBe(3);
    expect(revisions()).toEqual([...revisions()].sort((a, b) => a - b));
    const last = receiver.counted.slice(-20);
    expect(rowsOf(last)).toEqual(rowsOf(first));
    expect(idsOf(last).filter((id) => idsOf(first).includes(id))).toEqual([]);
  });

  it('delivers each page once in effect though 200 connections are cut', async () => {
    // Ten for each page: half of them after the sink has taken the page, so that only the answer is lost.
    let cuts = 0;
    receiver.behave(() => {
      cuts += 1;
      if (cuts % 11 === 0) return 'take';
      return cuts % 2 === 0 ? 'cut before' : 'cut after';
    });
    const { run } = await exportMetrics();
    expect(run).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 20 });
    expect(receiver.attempts).toBe(220);
    expect(receiver.deliveries.length).toBeGreaterThan(100);
    expect(receiver.counted).toHaveLength(20);
    const cost = rowsOf(receiver.counted).reduce((sum, row) => sum + Number(row.cost), 0);
    expect(cost).toBeCloseTo(45 + 1 + 12.5, 6);
  });

  it('sends one empty page of no rows, so that the sink can take away what it has', async () => {
    const { run, pages } = await exportMetrics(
      'date: "2024-01-01", groupBy: [DATE], measures: [COST], wait: true',
    );
    expect({ run, pages }).toMatchObject({ run: { status: 'SUCCEEDED', recordsRead: 0 }, pages: 1 });
    expect(receiver.counted.map(({ page }) => page.data)).toMatchObject([
      { rows: [], rowCount: 0, totals: { cost: 0 } },
    ]);
  });

  it('sends nothing with dryRun', async () => {
    const { run, pages } = await exportMetrics(`${usual}, dryRun: true`);
    expect({ run, pages }).toMatchObject({
      run: { status: 'SUCCEEDED', recordsRead: 20, recordsWritten: 0 },
      pages: 20,
    });
    expect(run.bytesRead).toBeGreaterThan(20 * 100);
    expect(receiver.attempts).toBe(0);
  });

  it('is one run for calls at the same time, and is listed with the runs', async () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    receiver.behave(() => opened.then(() => 'take' as const));
    const all = await Promise.all(
      Array.from({ length: 5 }, () => exportMetrics(usual.replace('wait: true', 'wait: false'))),
    );
    expect(new Set(all.map(({ run }) => run.id)).size).toBe(1);
    open();
    const listed = async () =>
      (await app.query('{ ingestRuns(source: "sink") { id source status since until } }'))
        .data as unknown as {
        ingestRuns: { status: string }[];
      };
    await eventually(async () => (await listed()).ingestRuns.every(({ status }) => status === 'SUCCEEDED'));
    expect(receiver.deliveries).toHaveLength(20);
    expect(await listed()).toEqual({
      ingestRuns: [
        { id: all[0]?.run.id, source: 'sink', status: 'SUCCEEDED', since: '2025-08-01', until: '2025-08-10' },
      ],
    });
  });

  it('is for those who bring in data', async () => {
    expect((await exportMetrics(usual, headers.ingestor)).run).toMatchObject({ status: 'SUCCEEDED' });
    await expect(exportMetrics(usual, headers.viewer)).rejects.toThrow('FORBIDDEN');
  });

  it.each([
    ['groupBy: [DATE]', 'BAD_USER_INPUT input: give date or dateRange.'],
    [`date: "2025-08-01", ${range}`, 'BAD_USER_INPUT input: give either date or dateRange.'],
    [`${range}, groupBy: [DATE, DATE]`, 'BAD_USER_INPUT groupBy names DATE twice'],
    [`${range}, measures: [CLOSED_WON, CLOSED_WON]`, 'BAD_USER_INPUT measures names CLOSED_WON twice'],
    [`${range}, measures: []`, 'BAD_USER_INPUT measures: name at least one'],
    ['dateRange: { between: { from: "2025-08-02", to: "2025-08-01" } }', 'BAD_USER_INPUT dateRange: from'],
  ])('refuses { %s }', async (input, message) => {
    await expect(exportMetrics(input)).rejects.toThrow(message);
    expect(receiver.attempts).toBe(0);
  });
});

describe('a sink', () => {
  it('that refuses is asked once, and the run says why', async () => {
    receiver.behave(() => ({ status: 410, body: '{"message":"moved away"}' }));
    const { run } = await exportMetrics();
    expect(run).toMatchObject({
      status: 'FAILED',
      recordsWritten: 0,
      error: {
        code: 'WEBHOOK_REFUSED',
        message: expect.stringMatching(
          /^The sink at http:\/\/127.0.0.1:\d+ answered 410 Gone: “moved away.”/,
        ),
      },
    });
    expect(receiver.attempts).toBe(1);
  });

  it('that redirects is not followed', async () => {
    receiver.behave(() => ({ status: 307, headers: { location: `${receiver.url}/elsewhere` } }));
    const { run } = await exportMetrics();
    expect(run.error).toMatchObject({
      code: 'WEBHOOK_REFUSED',
      message: expect.stringContaining('Redirects are not followed'),
    });
    expect(receiver.attempts).toBe(1);
  });

  it.each([429, 503])('that answers %s is asked again when it says', async (status) => {
    const startedAt = performance.now();
    receiver.behave((attempt) => (attempt === 1 ? { status, headers: { 'retry-after': '1' } } : 'take'));
    expect((await exportMetrics(`${usual}`)).run).toMatchObject({ status: 'SUCCEEDED' });
    expect(performance.now() - startedAt).toBeGreaterThan(1_000);
    expect(receiver.attempts).toBe(21);
  });

  it('that refuses in the middle has what came before, and gets the same ids again', async () => {
    receiver.behave((attempt) => (attempt <= 7 ? 'take' : { status: 400 }));
    const { run } = await exportMetrics();
    expect(run).toMatchObject({ status: 'PARTIAL', recordsWritten: 7, error: { code: 'WEBHOOK_REFUSED' } });
    receiver.behave(() => 'take');
    expect((await exportMetrics()).run).toMatchObject({ status: 'SUCCEEDED' });
    expect(receiver.counted).toHaveLength(20);
  });
});
