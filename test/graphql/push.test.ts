import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { EVENT_RETENTION_DAYS: '20000' } });
});
afterAll(() => app.close());

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
