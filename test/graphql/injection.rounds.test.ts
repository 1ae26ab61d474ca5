import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { rounds } from '../support/rounds.ts';
import { textArguments } from '../support/text-arguments.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ environment: { RESPONSE_CACHE_TTL_MS: '0' } });
  const utm = { utm_campaign: 'x', utm_source: 'google', utm_medium: 'cpc' };
  app.answer({
    ads: adsFeed([
      {
        date: '2025-08-01',
        campaign_id: 'C-1',
        channel: 'google',
        clicks: 1,
        impressions: 1,
        cost: 1,
        ...utm,
      },
    ]),
    crm: crmFeed([
      { opportunity_id: 'O-1', created_at: '2025-08-01T10:00:00Z', stage: 'lead', amount: 1, ...utm },
    ]),
  });
  await app.pull();
});
afterAll(() => app.close());

/** Marks every hostile text, so that it can be looked for in statements. */
const mark = 'zq7mark';
const hostile = fc.oneof(
  fc.constantFrom(
    `${mark}' OR 1=1 --`,
    `${mark}'); DROP TABLE ad_performance; --`,
    `${mark}\\' UNION ALL SELECT password FROM system.users --`,
    `${mark}{p1:String}`,
    `${mark}\u0000\n\t/* */ # `,
    `${mark}\`"$$%27%3B`,
    `${mark}😀\uD800`,
  ),
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => mark + text),
);

const cases = textArguments();

it('knows the arguments that take text', () => {
  expect(cases.map(({ title }) => title)).toEqual(
    expect.arrayContaining([
      'metrics(where)',
      'metrics(after)',
      'metrics(timezone)',
      'dimensionValues(search)',
      'campaign(id)',
      'triggerIngest(input)',
      'ingestRuns(source)',
    ]),
  );
});

const allowed = new Set(['BAD_USER_INPUT', 'NOT_FOUND', 'IDEMPOTENCY_KEY_REUSED']);

it.each(cases)('$title: no text breaks anything, none reaches SQL', async ({ document, variables }) => {
  for (const text of fc.sample(hostile, { seed: 5, numRuns: rounds(25) })) {
    const { errors = [] } = await app.query(document, variables(text));
    for (const error of errors)
      expect(allowed, `${JSON.stringify(text)}: ${error.message}`).toContain(error.extensions.code);
  }
});

it('whole statements hold placeholders, not texts, and change nothing', async () => {
  const document = `query ($where: MetricsWhere) { metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }, groupBy: [CHANNEL], where: $where) { nodes { channel cost leads } totals { roas } totalCount meta { sql } } }`;
  for (const text of fc.sample(hostile, { seed: 6, numRuns: rounds(100) })) {
    const filter = {
      eq: text,
      ne: text,
      in: [text],
      notIn: [text],
      contains: text,
      startsWith: text,
      endsWith: text,
    };
    const { data, errors } = await app.query(document, {
      where: {
        utmCampaign: filter,
        campaignId: { in: [text] },
        or: [{ channel: filter }, { not: { utmTerm: filter } }],
      },
    });
    expect(errors).toBeUndefined();
    const { metrics } = data as unknown as { metrics: { totalCount: number; meta: { sql: string } } };
    expect(metrics.totalCount).toBe(0);
    expect(metrics.meta.sql).toContain('IN ({p4:Array(String)})');
    expect(metrics.meta.sql.toLowerCase().includes(mark)).toBe(false);
  }
  const { data } = await app.query(
    '{ metrics(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }) { totals { cost leads } } }',
  );
  expect(data).toEqual({ metrics: { totals: { cost: 1, leads: 1 } } });
});
