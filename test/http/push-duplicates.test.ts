import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../src/clickhouse/sql.ts';
import { namedMapping } from '../../src/sources/mapping/named-mapping.ts';
import { startTestPush, type TestPush } from '../support/push.ts';
import { ad, adsTotals, emptyTables, eventually, ndjson } from '../support/push-records.ts';

let app: TestPush;
beforeAll(async () => {
  const mappings = [namedMapping.parse({ name: 'hourly', kind: 'ad_performance', duplicates: 'sum' })];
  app = await startTestPush({ mappings, drainIntervalMs: 20, breakerOpenMs: 300 });
});
afterEach(() => emptyTables(app.store));
afterAll(() => app.close());

type Row = Record<string, unknown>;
const push = (query: string, rows: readonly Row[]) =>
  app.post(`/ingest/ad-performance${query}`, ndjson(rows), { 'content-type': 'application/x-ndjson' });

/** A report by hour: what is one row a day for us. */
const hours = (count: number, campaign = 1): Row[] =>
  Array.from({ length: count }, (_, hour) => ad(campaign, { hour, clicks: hour + 1, cost: 0.1 }));
/** Makes a push too large for the buffer. */
const others = (count: number): Row[] =>
  Array.from({ length: count }, (_, index) => ad(100 + index, { cost: 1 }));

const stored = async (): Promise<unknown[]> =>
  app.store.select(
    z.object({ clicks: z.number(), impressions: z.number(), cost: z.number(), extra: z.string() }),
    sql`SELECT clicks, impressions, toFloat64(cost) AS cost, extra FROM ad_performance FINAL WHERE campaign_id = 'C-1'`,
  );
const folded = async (): Promise<number | undefined> => {
  const found = await app.telemetry.registry.getSingleMetric('ingest_folded_rows')?.get();
  return found?.values.find(({ labels }) => labels.source === 'push')?.value;
};

describe.each([
  ['a small push', 0],
  ['a large one', 1_200],
])('rows of %s with one key', (_size, more) => {
  const rest = others(more);

  it.each(['?duplicates=sum', '?mapping=hourly'])('are added up by %s, to the cent', async (query) => {
    const rows = [...hours(24), ...rest, ...hours(3)];
    const answer = await push(query, rows);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        accepted: 27 + more,
        rejected: 0,
        duplicates: { identical: 0, conflicting: 0, summed: 26 },
        stored: true,
      },
    });
    expect(await stored()).toEqual([{ clicks: 306, impressions: 270, cost: 2.7, extra: '' }]);
    expect(await adsTotals(app.store)).toMatchObject({ rows: 1 + more });
    await push(query, rows);
    expect(await stored()).toEqual([{ clicks: 306, impressions: 270, cost: 2.7, extra: '' }]);
  });

  it('change nothing by ?duplicates=fail, and the answer names the columns and the setting', async () => {
    const answer = await push('?duplicates=fail', [...hours(3), ...rest]);
    expect(answer).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'BAD_USER_INPUT',
          message: expect.stringMatching(
            /^The push has 2 rows .* campaign C-1 on 2025-08-02; they differ in hour, clicks\. Say with `\?duplicates=`/,
          ),
        },
      },
    });
    expect(await adsTotals(app.store)).toMatchObject({ rows: 0 });
  });

  it('that say the same, or were restated, are no mistake', async () => {
    const [row = {}] = hours(1);
    const restated = [
      ad(2, { clicks: 1, updated_at: '2025-08-03T01:00:00Z' }),
      ad(2, { clicks: 2, updated_at: '2025-08-03T02:00:00Z' }),
    ];
    const answer = await push('?duplicates=fail', [row, row, ...restated, ...rest]);
    expect(answer).toMatchObject({
      status: 200,
      body: { accepted: 4 + more, duplicates: { identical: 1, conflicting: 1, summed: 0 } },
    });
    expect(await stored()).toMatchObject([{ clicks: 1, cost: 0.1 }]);
  });

  it('are the last one where nothing is said, which is told', async () => {
    const before = (await folded()) ?? 0;
    const answer = await push('', [...hours(4), ...rest]);
    expect(answer.body).toMatchObject({ duplicates: { identical: 0, conflicting: 3, summed: 0 } });
    expect(await stored()).toMatchObject([{ clicks: 4, cost: 0.1 }]);
    expect(await folded()).toBe(before + 3);
    // Whoever says so knows of it.
    await push('?duplicates=last', [...hours(4), ...rest]);
    expect(await stored()).toMatchObject([{ clicks: 4, cost: 0.1 }]);
    expect(await folded()).toBe(before + 3);
  });
});

it('small and large pushes sum alike', async () => {
  const row = fc.record({
    campaign_id: fc.constantFrom('A', 'B', 'C'),
    clicks: fc.nat(1e6),
    cost: fc.integer({ min: 0, max: 1e12 }).map((micros) => micros / 1e6),
    hour: fc.nat(23),
  });
  const shown = () =>
    app.store.select(
      z.object({ campaign_id: z.string(), clicks: z.number(), cost: z.string(), extra: z.string() }),
      sql`SELECT campaign_id, clicks, toString(cost) AS cost, extra FROM ad_performance FINAL
          WHERE campaign_id IN ('A', 'B', 'C') ORDER BY campaign_id`,
    );
  const rest = others(1_001);
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 12 }), async (rows) => {
      const records = rows.map((one) => ad(1, one));
      await push('?duplicates=sum', records);
      const small = await shown();
      await emptyTables(app.store);
      await push('?duplicates=sum', [...records, ...rest]);
      expect(await shown()).toEqual(small);
      await emptyTables(app.store);
    }),
    { numRuns: 4 },
  );
});

it('a body that breaks off leaves no part of a sum', async () => {
  const whole = JSON.stringify([...hours(3), ...others(1_200)]);
  const answer = await app.post('/ingest/ad-performance?duplicates=sum', whole.slice(0, -20));
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'UNREADABLE_BODY' }, accepted: 0 } });
  expect(await adsTotals(app.store)).toMatchObject({ rows: 0 });
});

it('large ones that must see all rows are told to come again while ClickHouse is away', async () => {
  const rows = [...hours(2), ...others(1_200)];
  await app.proxy.away('refused');
  for (const message of [
    /./,
    /^The database cannot be reached, which a push of more than 1000 records needs/,
  ]) {
    const answer = await push('?duplicates=sum', rows);
    expect(answer).toMatchObject({
      status: 503,
      body: { error: { code: 'STORE_UNAVAILABLE', message: expect.stringMatching(message) } },
    });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await push('?duplicates=sum', hours(2))).toMatchObject({ status: 202, body: { accepted: 2 } });
  }
  await app.proxy.back();
  await eventually(async () => app.buffer.stats().records === 0);
  expect(await stored()).toMatchObject([{ clicks: 3, cost: 0.2 }]);
  expect(await push('?duplicates=sum', rows)).toMatchObject({ status: 200 });
});
