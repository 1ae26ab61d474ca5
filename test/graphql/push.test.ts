import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventually } from '../support/push-records.ts';

let folder: string;
let app: TestApp;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-push-'));
  const file = join(folder, 'sources.yaml');
  await writeFile(
    file,
    `mappings:
  - { name: german, kind: ad_performance, decimal: ",", date_format: DD.MM.YYYY, channel: excel, duplicates: sum, where: { Tag: { not: "Gesamt*" } },
      fields: { date: Tag, campaign_id: Kampagne, cost: Kosten }, breakdowns: { country: Land } }`,
  );
  app = await startTestApp({
    environment: { EVENT_RETENTION_DAYS: '20000', SOURCES_FILE: file, LOG_LEVEL: 'silent' },
  });
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

const answerFields = `runId accepted rejected repaired duplicates conflictingDuplicates stored replayed
  repairsByKind { name count } rejects { id position field reason detail }`;
const push = async (field: string, input: unknown): Promise<Record<string, never>> => {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  const { data, errors } = await app.query(
    `mutation ($input: ${type}!) { ${field}(input: $input) { ${answerFields} } }`,
    { input },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data?.[field] ?? {};
};

const ad = {
  date: '2025-08-01',
  campaignId: 'C-1001',
  channel: 'google_ads',
  clicks: 1200,
  impressions: '45000',
  cost: 350.75,
  utmCampaign: 'back_to_school',
  utmSource: 'google',
  utmMedium: 'cpc',
};
const range = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-01" } }';

describe('ingestAdPerformance', () => {
  it('takes typed records, and dashboards see them at once, also where an answer was cached', async () => {
    const question = `{ metrics(${range}) { totals { clicks impressions cost cpc } } }`;
    expect((await app.query(question)).data).toMatchObject({ metrics: { totals: { clicks: 0 } } });
    expect(await push('ingestAdPerformance', { records: [ad] })).toMatchObject({
      accepted: 1,
      rejected: 0,
      stored: true,
      replayed: false,
    });
    expect((await app.query(question)).data).toMatchObject({
      metrics: { totals: { clicks: 1200, impressions: 45000, cost: 350.75 } },
    });
  });

  it('lists what was rejected and repaired, by position', async () => {
    const answer = await push('ingestAdPerformance', {
      records: [
        ad,
        { ...ad, date: 'soon' },
        { ...ad, campaignId: 7, clicks: -1 },
        { ...ad, cost: 'much' },
        ad,
      ],
    });
    expect(answer).toMatchObject({
      accepted: 3,
      rejected: 2,
      duplicates: 1,
      conflictingDuplicates: 0,
      rejects: [
        { position: 2, field: 'date', reason: 'invalid_date' },
        { position: 4, field: 'cost', reason: 'invalid_number', detail: expect.stringContaining('"much"') },
      ],
    });
    expect(answer.repairsByKind).toContainEqual({ name: 'negative_to_zero', count: 1 });
  });

  it('names what is wrong with arguments', async () => {
    const { errors } = await app.query(
      'mutation { ingestAdPerformance(input: { records: [{ campaignId: "C-1" }] }) { accepted } }',
    );
    expect(errors).toMatchObject([
      { message: expect.stringContaining('date'), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });
});

it('ingestOpportunities attributes before it answers; its run is among the runs, and makes the data fresh', async () => {
  const answer = await push('ingestOpportunities', {
    records: [
      {
        opportunityId: 'O-1',
        createdAt: '2025-08-01T10:00:00Z',
        stage: 'closed_won',
        amount: '5000',
        contactEmail: 'ana@example.com',
        utmCampaign: 'back_to_school',
        utmSource: 'google',
        utmMedium: 'cpc',
      },
    ],
  });
  expect(answer).toMatchObject({ accepted: 1, stored: true });
  const { data } = await app.query(
    `{ opportunities(${range}) { nodes { id amount match channel campaignId source } } }`,
  );
  expect(data).toEqual({
    opportunities: {
      nodes: [
        {
          id: 'O-1',
          amount: 5000,
          match: 'EXACT',
          channel: 'google_ads',
          campaignId: 'C-1001',
          source: 'push',
        },
      ],
    },
  });
});

describe('ingestEvents', () => {
  it('with an idempotency key is answered the same again, and makes no second event', async () => {
    const input = {
      records: [{ message: 'a' }, { message: 'b', metadata: { deep: [1, { x: null }] } }],
      idempotencyKey: 'k',
    };
    const first = await push('ingestEvents', input);
    expect(await push('ingestEvents', input)).toEqual({ ...first, replayed: true });
    const { data } = await app.query('{ events { totalCount } }');
    expect(data).toEqual({ events: { totalCount: 2 } });
  });

  it('with the key of other records is refused', async () => {
    await push('ingestEvents', { records: [{ message: 'a' }], idempotencyKey: 'used' });
    const { errors } = await app.query(
      'mutation { ingestEvents(input: { records: [{ message: "b" }], idempotencyKey: "used" }) { accepted } }',
    );
    expect(errors).toMatchObject([{ extensions: { code: 'IDEMPOTENCY_KEY_REUSED' } }]);
  });

  it('takes nothing from an empty list', async () => {
    expect(await push('ingestEvents', { records: [] })).toMatchObject({ accepted: 0, stored: true });
  });
});

describe('what a push by HTTP can say of its records', () => {
  const day = 'dateRange: { between: { from: "2025-09-01", to: "2025-09-01" } }';
  const costs = async (): Promise<unknown> =>
    (
      await app.query(
        `{ metrics(${day}, groupBy: [CAMPAIGN_ID], breakdowns: ["country"]) { nodes { campaignId country: breakdown(name: "country") cost } } }`,
      )
    ).data?.metrics;
  const row = (campaign: string, land: string, cost: string, tag = '01.09.2025') => ({
    Tag: tag,
    Kampagne: campaign,
    Land: land,
    Kosten: cost,
  });
  const asked = async (input: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const { data, errors } = await app.query(
      'mutation ($input: IngestAdPerformanceInput!) { push: ingestAdPerformance(input: $input) { accepted rejected leftOut summedDuplicates conflictingDuplicates replayed } }',
      { input },
    );
    return errors?.[0] === undefined
      ? (data?.push ?? {})
      : { ...errors[0].extensions, message: errors[0].message };
  };

  it('is said here, too: rows in the columns of a mapping', async () => {
    const rows = [
      row('E', 'DE', '1.000,25'),
      row('E', 'FR', '0,50'),
      row('E', 'DE', '0,25'),
      row('', '', '1.001', 'Gesamt'),
      row('E', 'DE', '1,2,3'),
    ];
    const input = { rows, mapping: 'german', idempotencyKey: 'by mapping' };
    const told = { accepted: 3, rejected: 1, leftOut: 1, summedDuplicates: 1, conflictingDuplicates: 0 };
    expect(await asked(input)).toEqual({ ...told, replayed: false });
    expect(await asked(input)).toEqual({ ...told, replayed: true });
    expect(await costs()).toEqual({
      nodes: [
        { campaignId: 'E', country: 'DE', cost: 1_000.5 },
        { campaignId: 'E', country: 'FR', cost: 0.5 },
      ],
    });
    // The same rows read in another way are another push.
    expect(await asked({ ...input, duplicates: 'LAST' })).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    const retried = await app.query(
      `mutation { retryRejectedRecords(input: { where: { source: "push", reason: "invalid_number" }, patch: { Kosten: "7,00" } }) { records { reason } } }`,
    );
    expect(retried.data).toEqual({
      retryRejectedRecords: { records: expect.arrayContaining([{ reason: 'part_of_sum' }]) },
    });
  });

  it('and parameters for typed records', async () => {
    const hours = [0, 1, 2].map((hour) => ({
      date: '01.09.2025',
      campaignId: 'H',
      channel: 'x',
      cost: `1.${hour}00,50`,
      impressions: hour + 1,
    }));
    const input = { records: hours, decimal: ',', dateFormat: ['DD.MM.YYYY'] };
    expect(await asked({ ...input, duplicates: 'FAIL' })).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/^The push has 2 rows .*they differ in impressions, cost\./),
    });
    expect(await asked({ ...input, duplicates: 'SUM' })).toMatchObject({ accepted: 3, summedDuplicates: 2 });
    expect(await costs()).toMatchObject({
      nodes: expect.arrayContaining([{ campaignId: 'H', country: null, cost: 3_301.5 }]),
    });
  });

  it.each([
    [{ rows: [row('E', 'DE', '1')], mapping: 'germann' }, /^mapping is "germann": .*german/],
    [
      { rows: [{ Tag: '01.09.2025' }], mapping: 'german' },
      /^None of the first 1 records has the figure cost and the breakdown country/,
    ],
    [{ mapping: 'german' }, /^input: give either records or rows/],
    [{ records: [], rows: [] }, /^input: give either records or rows/],
    [{ records: [ad], timezone: 'Mars' }, /^timezone is "Mars"; expected an IANA time zone/],
  ])('is refused with a sentence where it is wrong: %j', async (input, message) => {
    expect(await asked(input)).toMatchObject({ message: expect.stringMatching(message) });
  });
});

describe('rows of a push that gave way to others of their key', () => {
  const warnings = async (day: string): Promise<readonly { code: string; message: string }[]> => {
    const { data } = await app.query(
      `{ metrics(dateRange: { between: { from: "${day}", to: "${day}" } }) { totals { cost } meta { warnings { code message } } } }`,
    );
    const found = data as unknown as { metrics: { meta: { warnings: { code: string; message: string }[] } } };
    // Days without rows have a warning of their own.
    return found.metrics.meta.warnings.filter(({ code }) => code !== 'NO_DATA');
  };
  const hours = (day: string, count: number): Record<string, unknown>[] =>
    Array.from({ length: count }, (_, hour) => ({
      date: day,
      campaignId: 'W',
      channel: 'x',
      cost: hour + 1,
    }));

  it.each([
    ['a small push', '2025-10-01', 3],
    ['a large one', '2025-10-03', 1_500],
  ])('are warned of on their days until somebody says what they mean: %s', async (_size, day, count) => {
    expect(await warnings(day)).toEqual([]);
    await push('ingestAdPerformance', { records: hours(day, count) });
    const [warning] = await eventually(async () => {
      const found = await warnings(day);
      return found.length > 0 && found;
    });
    expect(warning).toEqual({
      code: 'CONFLICTING_ROWS',
      message: expect.stringMatching(
        new RegExp(
          `^push: ${count - 1} rows were replaced .* on a day of the range; .* Push those days again with`,
        ),
      ),
    });
    expect(await warnings('2025-10-02')).toEqual([]);
    await push('ingestAdPerformance', { records: [{ ...hours(day, 1)[0], campaignId: 'other' }] });
    expect(await warnings(day)).toHaveLength(1);
    await push('ingestAdPerformance', { records: hours(day, count), duplicates: 'SUM' });
    await eventually(async () => (await warnings(day)).length === 0);
  });
});
