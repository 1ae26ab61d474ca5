import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sql } from '../../src/clickhouse/sql.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { ask, askAllPages } from '../support/explore-data.ts';
import { emptyTables } from '../support/push-records.ts';
import { text } from '../support/source-server.ts';

interface Node {
  readonly id: string;
  readonly runId: string;
  readonly position: number;
  readonly record: string;
  readonly reason: string;
  readonly field: string;
  readonly detail: string;
  readonly rejectedAt: string;
}

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { EVENT_RETENTION_DAYS: '20000' } });
});
afterAll(() => app.close());
beforeEach(() => emptyTables(app.store));

const post = async (
  path: string,
  body: unknown,
  type = 'application/json',
): Promise<{ run_id: string; rejects: { id: string }[] }> => {
  const response = await fetch(`${app.url}/ingest/${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return (await response.json()) as { run_id: string; rejects: { id: string }[] };
};
const ad = (campaign: string, rest: Record<string, unknown> = {}) => ({
  date: '2025-08-01',
  campaign_id: campaign,
  channel: 'meta',
  clicks: 1,
  cost: 2.5,
  ...rest,
});
const rejected = async (args = 'first: 1000'): Promise<readonly Node[]> =>
  (
    await ask<{ nodes: Node[] }>(
      app,
      `rejectedRecords(${args}) { nodes { id runId position record reason field detail rejectedAt } }`,
    )
  ).nodes;
const retry = async (input: Record<string, unknown>) => {
  const { data, errors } = await app.query(
    'mutation ($input: RetryRejectedRecordsInput!) { retryRejectedRecords(input: $input) { accepted rejected records { id accepted reason field detail } } }',
    { input },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return (data as unknown as { retryRejectedRecords: Record<string, never> }).retryRejectedRecords;
};
const campaigns = async (): Promise<unknown> =>
  (
    await ask<{ nodes: unknown }>(
      app,
      'adPerformance(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }, orderBy: { by: CLICKS }) { nodes { campaignId clicks source date } }',
    )
  ).nodes;

describe('rejectedRecords', () => {
  it('shows pushed and pulled ones whole, with where they stood', async () => {
    const lines = `${JSON.stringify(ad('C-1'))}\n{"campaign_id":\n${JSON.stringify(ad('C-2', { date: 'x' }))}\n`;
    const answer = await post('ad-performance', lines, 'application/x-ndjson');
    app.answer({ ads: adsFeed([ad('C-3', { clicks: 'x' })]) });
    await app.pull(', sources: ["ads"]');
    const nodes = await rejected();
    expect(nodes).toHaveLength(3);
    const pushed = await rejected('where: { source: "push" }');
    expect(pushed.map(({ id }) => id)).toEqual(answer.rejects.map(({ id }) => id));
    expect(pushed).toMatchObject([
      { position: 2, reason: 'malformed', field: '', record: '{"campaign_id":', runId: answer.run_id },
      {
        position: 3,
        reason: 'invalid_date',
        field: 'date',
        record: JSON.stringify(ad('C-2', { date: 'x' })),
      },
    ]);
    expect(await rejected('where: { source: "ads" }')).toMatchObject([
      { position: 1, reason: 'invalid_number' },
    ]);
  });

  it.each([
    ['where: { kind: EVENT }', 2],
    ['where: { kind: AD_PERFORMANCE, reason: "invalid_date" }', 1],
    ['where: { field: "timestamp" }', 2],
    ['where: { reason: "nothing" }', 0],
    ['where: { from: "2020-01-01T00:00:00Z" }', 4],
    ['where: { to: "2020-01-01T00:00:00Z" }', 0],
    ['where: { from: "1066-10-14T00:00:00Z", to: "9999-12-31T00:00:00Z" }', 4],
    ['where: { runId: "019837c2-1b6e-7000-8000-000000000000" }', 0],
  ])('with %s are %i', async (args, count) => {
    await post('events', [{ timestamp: 'x' }, { timestamp: 'y' }]);
    await post('ad-performance', [ad('C-1', { date: 'x' }), 5]);
    expect(await rejected(args)).toHaveLength(count);
    expect(await ask(app, `rejectedRecords(${args}) { totalCount }`)).toEqual({ totalCount: count });
  });

  it.each([1, 3, 100])('%i a page give every one once, in the order of their bodies', async (first) => {
    await post(
      'events',
      Array.from({ length: 7 }, (_, index) => ({ timestamp: `t${index}` })),
    );
    const { nodes } = await askAllPages<Node>(
      app,
      (paging, beside) => `rejectedRecords(${paging}) { nodes { id record } ${beside} }`,
      first,
    );
    expect(nodes.map(({ record }) => record)).toEqual(
      Array.from({ length: 7 }, (_, index) => `{"timestamp":"t${index}"}`),
    );
  });

  it('shows them as they came: all digits, twice named members, their own spaces', async () => {
    const texts = [
      '{ "date": "2025-08-01", "campaign_id": 12345678901234567890, "clicks": 1.50, "clicks": 2 }',
      '{"date":"2025-08-01","campaign_id":"C","clicks":1e400,"note":{"ids":[9007199254740993]}}',
    ];
    await post('ad-performance', `[${texts.join(' ,\n')}]`);
    await post('ad-performance', texts.join('\n'), 'application/x-ndjson');
    const event = '{"timestamp":"x","service":"s","message":"m","order":12345678901234567890}';
    await fetch(`${app.url}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: event,
    });
    app.answer({
      ads: text(`{"external":{"ads":{"performance":[${texts.join()}]}}}`, {
        'content-type': 'application/json',
      }),
    });
    await app.pull(', sources: ["ads"]');
    // The single event is stored a moment after its answer.
    await expect
      .poll(async () => (await rejected()).map(({ record }) => record).sort())
      .toEqual([event, ...texts, ...texts, ...texts].sort());
  });

  it('are counted in dataQuality by source and reason for as long as they are there', async () => {
    await post('events', [{ timestamp: 'x' }, { timestamp: 'y' }]);
    const [first] = await rejected();
    const quality =
      'dataQuality(dateRange: { last: { count: 1, unit: DAY, includeToday: true } }) { rejectedRecords { source kind reason count } }';
    const counted = { source: 'push', kind: 'EVENT', reason: 'invalid_date' };
    expect(await ask(app, quality)).toEqual({ rejectedRecords: [{ ...counted, count: 2 }] });
    await retry({ ids: [first?.id], patch: { timestamp: null } });
    expect(await ask(app, quality)).toEqual({ rejectedRecords: [{ ...counted, count: 1 }] });
  });
});

describe('retryRejectedRecords', () => {
  it('stores what a patch has mended and removes its rejected record, repeats find nothing to do', async () => {
    await post('ad-performance', [ad('C-1', { date: 'x', clicks: 7 }), ad('C-2', { clicks: 'y' })]);
    const ids = (await rejected()).map(({ id }) => id);
    expect(await retry({ ids, patch: { date: '2025-08-09' } })).toMatchObject({
      accepted: 1,
      rejected: 1,
      records: [
        { id: ids[0], accepted: true, reason: null, field: null, detail: null },
        { id: ids[1], accepted: false, reason: 'invalid_number', field: 'clicks' },
      ],
    });
    expect(await campaigns()).toEqual([{ campaignId: 'C-1', clicks: 7, source: 'push', date: '2025-08-09' }]);
    expect((await rejected()).map(({ id }) => id)).toEqual([ids[1]]);
    expect(await retry({ ids, patch: { date: '2025-08-10' } })).toMatchObject({
      accepted: 0,
      records: [{ reason: 'not_found' }, { reason: 'invalid_number' }],
    });
    expect(await campaigns()).toHaveLength(1);
  });

  it('keeps what is still bad, with its new reason, and as it came', async () => {
    const record = ad('C-1', { date: 'x' });
    await post('ad-performance', [record]);
    const [before] = await rejected();
    await retry({ where: { reason: 'invalid_date' }, patch: { date: '2025-08-01', cost: 'much' } });
    expect(await rejected()).toEqual([
      {
        ...before,
        reason: 'invalid_number',
        field: 'cost',
        detail: expect.stringContaining('"much"'),
        record: JSON.stringify(record),
      },
    ]);
  });

  it('lets newer data win: the record is as old as its rejection', async () => {
    await post('ad-performance', [ad('C-1', { date: 'x', clicks: 7 })]);
    await post('ad-performance', [ad('C-1', { clicks: 99 })]);
    expect(await retry({ where: {}, patch: { date: '2025-08-01' } })).toMatchObject({ accepted: 1 });
    expect(await campaigns()).toMatchObject([{ clicks: 99 }]);
  });

  it('reads a pulled record by the rules of its source, and stores it as of that source', async () => {
    app.answer({ ads: adsFeed([ad('C-3', { date: 'x' })]) });
    await app.pull(', sources: ["ads"]');
    expect(await retry({ where: { source: 'ads' }, patch: { date: '2025-08-02' } })).toMatchObject({
      accepted: 1,
    });
    expect(await campaigns()).toMatchObject([{ campaignId: 'C-3', source: 'ads' }]);
  });

  it('takes the place of what the run had kept because it could not read the record, until a newer run says otherwise', async () => {
    const updated = { updated_at: '2025-08-02T00:00:00Z' };
    const pull = async (clicks: unknown) => {
      app.answer({ ads: adsFeed([ad('C-3', { clicks, ...updated }), ad('C-4', { clicks: 1 })]) });
      await app.pull(', sources: ["ads"]');
    };
    await pull(5);
    await pull('x');
    expect(await campaigns()).toMatchObject([{ campaignId: 'C-3', clicks: 5 }, { campaignId: 'C-4' }]);
    expect(await retry({ where: {}, patch: { clicks: 7 } })).toMatchObject({ accepted: 1 });
    expect(await campaigns()).toMatchObject([
      { campaignId: 'C-3', clicks: 7, source: 'ads' },
      { campaignId: 'C-4' },
    ]);
    await pull('y');
    await pull(9);
    // The newer run has ended the reject.
    expect(await retry({ where: {}, patch: { clicks: 8 } })).toMatchObject({ accepted: 0, rejected: 0 });
    expect(await campaigns()).toMatchObject([{ campaignId: 'C-3', clicks: 9 }, { campaignId: 'C-4' }]);
  });

  it.each([
    ['the run’s state replaces it', 'REPLACE', 5],
    ['the newest state stays', 'UPSERT', 3],
  ])('of CRM records %s with %s', async (_what, mode, amount) => {
    const deal = { opportunity_id: 'O-1', created_at: '2025-08-01T10:00:00Z', stage: 'closed_won' };
    const pull = async (record: Record<string, unknown>) => {
      // Another record of the day: without one, REPLACE leaves the day alone.
      const other = { ...deal, opportunity_id: 'O-2', amount: 1 };
      app.answer({ crm: crmFeed([{ ...deal, ...record }, other]) });
      await app.pull(`, sources: ["crm"], mode: ${mode}`);
    };
    await pull({ amount: 3, updated_at: '2025-08-03T00:00:00Z' });
    await pull({ amount: 'x', updated_at: '2025-08-02T00:00:00Z' });
    expect(await retry({ where: {}, patch: { amount: 5 } })).toMatchObject({ accepted: 1 });
    const amounts = await app.store.read(
      sql`SELECT opportunity_id, amount FROM opportunities FINAL ORDER BY opportunity_id`,
    );
    expect(amounts.rows).toEqual([
      ['O-1', amount],
      ['O-2', 1],
    ]);
  });

  it('takes a record anew in place of one that is no JSON', async () => {
    await post('ad-performance', `${JSON.stringify(ad('C-8'))}\n{"campaign_id":\n`, 'application/x-ndjson');
    const [broken] = await rejected();
    expect(await retry({ ids: [broken?.id], patch: { date: '2025-08-01' } })).toMatchObject({
      records: [{ accepted: false, reason: 'malformed', detail: expect.stringContaining('`record`') }],
    });
    expect(await retry({ ids: [broken?.id], record: ad('C-9', { clicks: 0 }) })).toMatchObject({
      accepted: 1,
    });
    expect(await campaigns()).toMatchObject([{ campaignId: 'C-8' }, { campaignId: 'C-9' }]);
    expect(await rejected()).toEqual([]);
  });

  it('makes one event of an event, at the time of its rejection where it has none', async () => {
    await post('events', [{ message: 'hi', metadata: 'no object' }]);
    const [before] = await rejected();
    expect(await retry({ where: { kind: 'EVENT' }, patch: { metadata: null } })).toMatchObject({
      accepted: 1,
    });
    expect(await ask(app, 'events { nodes { message timestamp metadata } }')).toEqual({
      nodes: [{ message: 'hi', timestamp: before?.rejectedAt, metadata: null }],
    });
  });

  it('tries no more than its limit, the latest first', async () => {
    await post('events', [{ timestamp: 'x' }]);
    await post('events', [{ timestamp: 'y' }]);
    expect(await retry({ where: {}, patch: { timestamp: null }, limit: 1 })).toMatchObject({
      accepted: 1,
      rejected: 0,
    });
    expect(await rejected()).toMatchObject([{ record: '{"timestamp":"x"}' }]);
  });

  it.each([
    [{}, /either ids or where/],
    [{ ids: ['x'], where: {} }, /either ids or where/],
    [{ ids: [] }, /between 1 and 1000 ids/],
    [{ ids: ['nonsense'] }, /"nonsense" is no id of a rejected record/],
    [{ where: {}, limit: 0 }, /input\.limit: 0/],
    [{ where: {}, patch: [1] }, /input\.patch is no object/],
    [{ where: {}, record: {} }, /input\.record stands in for one record/],
    [{ where: { runId: 'x' } }, /where\.runId: "x" is no run id/],
  ])('says what is wrong with %j', async (input, message) => {
    const { errors } = await app.query(
      'mutation ($input: RetryRejectedRecordsInput!) { retryRejectedRecords(input: $input) { accepted } }',
      { input },
    );
    expect(errors).toMatchObject([
      { message: expect.stringMatching(message), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });
});
