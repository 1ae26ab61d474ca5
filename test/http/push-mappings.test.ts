import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import { type NamedMapping, namedMapping } from '../../src/sources/mapping/named-mapping.ts';
import { startTestPush, type TestPush } from '../support/push.ts';
import { ad, adsTotals, emptyTables, event, ndjson, rejectsOf } from '../support/push-records.ts';

const mappings: readonly NamedMapping[] = [
  {
    name: 'excel_de',
    kind: 'ad_performance',
    encoding: 'windows-1252',
    skip_rows: 2,
    delimiter: ';',
    decimal: ',',
    date_format: 'DD.MM.YYYY',
    currency: 'EUR',
    fields: { date: 'Tag', campaign_id: 'Kampagne', clicks: 'Klicks', cost: 'Kosten' },
    where: { Kampagne: { not: 'Summe*' } },
    channel: 'google_ads',
  },
  {
    name: 'weekly',
    kind: 'ad_performance',
    fields: { campaign_id: 'Campaign', cost: 'Spend' },
    spread: { start: 'From', end: 'To' },
  },
  { name: 'json_feed', kind: 'ad_performance', records: 'data.rows', fields: { cost: 'spend.amount' } },
  { name: 'hourly', kind: 'ad_performance', duplicates: 'sum' },
  {
    name: 'deals',
    kind: 'opportunity',
    decimal: ',',
    timezone: 'Europe/Berlin',
    fields: { opportunity_id: 'Nummer', created_at: 'Angelegt', amount: 'Wert', stage: 'Phase' },
    stages: { Gewonnen: 'closed_won' },
  },
  { name: 'log', kind: 'event', timezone: 'Europe/Berlin', fields: { timestamp: 'ts', service: 'app' } },
  { name: 'excel_de', kind: 'ad_performance', workspace: 'elsewhere', decimal: '.' },
].map((mapping) => namedMapping.parse(mapping));

let app: TestPush;
beforeAll(async () => {
  app = await startTestPush({ mappings });
});
afterEach(() => emptyTables(app.store));
afterAll(() => app.close());

const csv = { 'content-type': 'text/csv' };
const lines = { 'content-type': 'application/x-ndjson' };
const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const german = [
  'Kampagnenbericht;;;',
  '01.08.2025 – 02.08.2025;;;',
  'Tag;Kampagne;Klicks;Kosten',
  '01.08.2025;Früh;1.200;1.350,75',
  '02.08.2025;Früh;10;2,5O',
  '02.08.2025;Spät;20;0,25',
  'Summe;Summe;1.230;1.353,50',
]
  .join('\r\n')
  .replace('–', '-');

const adsRows = (): Promise<unknown[]> =>
  app.store.select(
    z.object({
      day: z.string(),
      campaign_id: z.string(),
      clicks: z.number(),
      cost: z.number(),
      channel: z.string(),
      currency: z.string(),
    }),
    sql`SELECT toString(date) AS day, campaign_id, clicks, toFloat64(cost) AS cost, channel, currency FROM ad_performance FINAL
        ORDER BY date, campaign_id, clicks`,
  );

describe('?mapping=', () => {
  it('reads a file as its mapping says, and keeps rejected rows as they came, by their lines', async () => {
    const answer = await app.post('/ingest/ad-performance?mapping=excel_de', latin(german), csv);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        accepted: 2,
        rejected: 1,
        left_out: 1,
        rejects: [{ position: 5, reason: 'invalid_number', field: 'cost' }],
      },
    });
    const common = { channel: 'google_ads', currency: 'EUR' };
    expect(await adsRows()).toEqual([
      { day: '2025-08-01', campaign_id: 'Früh', clicks: 1_200, cost: 1_350.75, ...common },
      { day: '2025-08-02', campaign_id: 'Spät', clicks: 20, cost: 0.25, ...common },
    ]);
    const [reject] = await rejectsOf(app.store);
    expect(JSON.parse(reject?.record ?? '')).toEqual({
      tag: '02.08.2025',
      kampagne: 'Früh',
      klicks: '10',
      kosten: '2,5O',
    });
  });

  it('gives the days of a row that sums up several their parts, each reject the row’s line', async () => {
    const rows = 'Campaign,From,To,Spend\nC-1,2025-08-01,2025-08-03,1.00\nC-2,2025-08-01,2025-08-02,x\n';
    const answer = await app.post('/ingest/ad-performance?mapping=weekly', rows, csv);
    expect(answer.body).toMatchObject({
      accepted: 3,
      rejected: 1,
      rejects: [{ position: 3, reason: 'invalid_number' }],
    });
    expect(await adsRows()).toMatchObject([{ cost: 0.34 }, { cost: 0.33 }, { cost: 0.33 }]);
  });

  it('finds the records of JSON where it says, deals and events too', async () => {
    const { cost, ...rest } = ad(4);
    const rows = { data: { rows: [{ ...rest, spend: { amount: cost } }] } };
    expect(await app.post('/ingest/ad-performance?mapping=json_feed', rows)).toMatchObject({ status: 200 });
    expect(await adsTotals(app.store)).toMatchObject({ rows: 1, cost: 1 });
    const deals = 'Nummer;Angelegt;Wert;Phase\n7;2025-08-01 00:30;1.000,5;Gewonnen\n';
    expect(await app.post('/ingest/opportunities?mapping=deals', deals, csv)).toMatchObject({ status: 200 });
    expect(
      await app.store.select(
        z.object({ opportunity_id: z.string(), at: z.string(), amount: z.number(), stage: z.string() }),
        sql`SELECT opportunity_id, toString(created_at) AS at, toFloat64(amount) AS amount, stage FROM opportunities FINAL`,
      ),
    ).toEqual([{ opportunity_id: '7', at: '2025-07-31 22:30:00.000', amount: 1_000.5, stage: 'closed_won' }]);
    const log = { event_id: 'L', ts: '2025-08-01 02:00:00', app: 'shop' };
    expect(await app.post('/ingest/events?mapping=log', [log])).toMatchObject({ status: 200 });
    expect(
      await app.store.select(
        z.object({ at: z.string(), service: z.string() }),
        sql`SELECT toString(timestamp) AS at, service FROM events FINAL`,
      ),
    ).toEqual([{ at: '2025-08-01 00:00:00.000', service: 'shop' }]);
  });

  it('refuses a file that has lost a column or a figure, and stores nothing of it', async () => {
    const renamed = german.replace('Kosten\r', 'Kosten (EUR)\r');
    expect(await app.post('/ingest/ad-performance?mapping=excel_de', latin(renamed), csv)).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('no column "kosten"; it has "tag", "kampagne"') } },
    });
    const lost = Array.from({ length: 1_200 }, (_, index) => ({ ...ad(index), cost: undefined, spent: 1 }));
    for (const body of [lost.slice(0, 2), lost]) {
      const answer = await app.post('/ingest/ad-performance?mapping=json_feed', ndjson(body), lines);
      expect(answer).toMatchObject({
        status: 400,
        body: {
          error: { code: 'UNREADABLE_BODY', message: expect.stringMatching(/figure cost;.* spent\b/) },
        },
      });
    }
    expect(await adsTotals(app.store)).toMatchObject({ rows: 0 });
  });

  it('holds for a large push, too', async () => {
    const rows = Array.from({ length: 1_500 }, (_, index) => `0${1 + (index % 3)}.08.2025;c${index};1;0,5`);
    const body = ['-', '-', 'Tag;Kampagne;Klicks;Kosten', ...rows, 'Summe;Summe;1500;750,0'].join('\n');
    const answer = await app.post('/ingest/ad-performance?mapping=excel_de', latin(body), csv);
    expect(answer.body).toMatchObject({ accepted: 1_500, rejected: 0, left_out: 1 });
    expect(await adsTotals(app.store)).toEqual({ rows: 1_500, clicks: 1_500, cost: 750 });
  });
});

describe('parameters', () => {
  it('say how values are written, and go before what the mapping says', async () => {
    const row = { date: '3.8.2025', campaign_id: 'C', channel: 'x', clicks: '1.000', cost: '2.662,38' };
    const path = '/ingest/ad-performance?decimal=,&date_format=D.M.YYYY&currency=EUR';
    expect(await app.post(path, [row])).toMatchObject({ status: 200, body: { accepted: 1 } });
    const swiss = german
      .replaceAll('1.350,75', "1'350.75")
      .replaceAll('1.200', '1200')
      .replace('0,25', '0.25');
    const other = '/ingest/ad-performance?mapping=excel_de&decimal=.&currency=CHF';
    expect(await app.post(other, latin(swiss), csv)).toMatchObject({ body: { accepted: 2 } });
    expect(await adsRows()).toMatchObject([
      { day: '2025-08-01', clicks: 1_200, cost: 1_350.75, currency: 'CHF' },
      { day: '2025-08-02', cost: 0.25, currency: 'CHF' },
      { day: '2025-08-03', clicks: 1_000, cost: 2_662.38, currency: 'EUR' },
    ]);
  });

  it('timezone is that of times without an offset', async () => {
    const at = { event_id: 'a', timestamp: '2025-08-01 00:30:00' };
    await app.post('/ingest/events?timezone=America/New_York', [at]);
    const rows = await app.store.select(
      z.object({ at: z.string() }),
      sql`SELECT toString(timestamp) AS at FROM events FINAL`,
    );
    expect(rows).toEqual([{ at: '2025-08-01 04:30:00.000' }]);
  });

  it.each([
    [
      'ad-performance?maping=x',
      '"maping": there is no such parameter; did you mean mapping? accepted: mapping,',
    ],
    [
      'ad-performance?mapping=excel_en',
      'mapping is "excel_en": there is no such mapping; did you mean excel_de? accepted: excel_de, weekly, json_feed, hourly.',
    ],
    ['opportunities?mapping=excel_de', 'there is no such mapping; accepted: deals.'],
    ['ad-performance?decimal=;', 'decimal is ";"; accepted: ".", ",".'],
    ['ad-performance?decimal=,&thousands=,', 'thousands is the same as decimal.'],
    ['ad-performance?decimal=,&decimal=.', 'decimal is given 2 times.'],
    ['ad-performance?timezone=Mars', 'timezone is "Mars"; expected an IANA time zone'],
    [
      'ad-performance?date_format=DD.MM.YYYY&date_format=MM.DD.YYYY',
      'date_format is ["DD.MM.YYYY","MM.DD.YYYY"]',
    ],
    ['ad-performance?duplicates=add', 'duplicates is "add"; accepted: sum, last, fail.'],
    ['opportunities?duplicates=sum', 'duplicates has a meaning only for ads rows and exchange rates.'],
    ['ad-performance?namespace=a', 'namespace has a meaning only for opportunities.'],
    ['opportunities?namespace=a&namespace=b', 'namespace is given more than once.'],
    ['events?decimal=,', 'there is no such parameter'],
    ['ad-performance?__proto__=1', 'there is no such parameter'],
    ['ad-performance?constructor=1', 'there is no such parameter'],
  ])('%s is 400 and says what there is', async (path, message) => {
    const answer = await app.post(`/ingest/${path}`, [ad(1)]);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'BAD_USER_INPUT', message: expect.stringContaining(message) } },
    });
    expect(await adsTotals(app.store)).toMatchObject({ rows: 0 });
  });

  it('have no meaning for a single event; those of others are passed over', async () => {
    expect(await app.post('/events?mapping=log', event(1))).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('/ingest/events') } },
    });
    expect(await app.post('/events?hook=7', event(1))).toMatchObject({ status: 202 });
  });
});

it('the same body under the same key by another mapping or parameter is another push', async () => {
  const key = { 'idempotency-key': 'monday.csv' };
  const push = (query: string) => app.post(`/ingest/ad-performance${query}`, [ad(1)], key);
  expect(await push('?decimal=.')).toMatchObject({ status: 200 });
  expect((await push('?decimal=.')).headers.get('idempotent-replayed')).toBe('true');
  for (const query of ['', '?decimal=,', '?mapping=hourly']) {
    expect(await push(query)).toMatchObject({
      status: 422,
      body: { error: { code: 'IDEMPOTENCY_KEY_REUSED' } },
    });
  }
});
