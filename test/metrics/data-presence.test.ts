import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
let today: string;

const dayMs = 86_400_000;
/** A day, counted back from today. */
const back = (days: number): string => new Date(Date.parse(today) - days * dayMs).toISOString().slice(0, 10);

beforeAll(async () => {
  app = await startTestApp({ environment: { DATA_RETENTION_DAYS: '800' } });
  today = new Date().toISOString().slice(0, 10);
  const ads = (days: number, campaign: string, cost: number) =>
    `{ date: "${back(days)}", campaignId: "${campaign}", channel: "ga", clicks: 1, impressions: 10, cost: ${cost} }`;
  // 60 to 50 days ago, and from 20 days ago until yesterday without two days.
  const days = Array.from({ length: 61 }, (_, index) => index).filter(
    (day) => day >= 50 || (day >= 1 && day <= 20 && day !== 7 && day !== 8),
  );
  const records = days.flatMap((day) => [ads(day, 'a', day), ...(day > 55 ? [ads(day, 'b', 1)] : [])]);
  const { errors } = await app.query(
    `mutation { ingestAdPerformance(input: { records: [${records.join(' ')}] }) { stored } }`,
  );
  expect(errors).toBeUndefined();
});
afterAll(() => app.close());

const figures = z.object({ cost: z.number().nullable() }).nullable();
const answer = z.object({
  metrics: z.object({
    nodes: z
      .array(
        z.object({ date: z.string().optional(), cost: z.number().optional(), previous: figures.optional() }),
      )
      .optional(),
    totals: z
      .object({
        previous: figures.optional(),
        change: figures.optional(),
        relativeChange: figures.optional(),
      })
      .optional(),
    meta: z.object({ warnings: z.array(z.object({ code: z.string(), message: z.string() })) }).optional(),
  }),
});

const ask = async (from: number, to: number, more: string, selection: string) => {
  const { data, errors } = await app.query(
    `{ metrics(dateRange: { between: { from: "${back(from)}", to: "${back(to)}" } } ${more}) { ${selection} } }`,
  );
  expect(errors).toBeUndefined();
  return answer.parse(data).metrics;
};
const against = (from: number, to: number): string =>
  `compareTo: { between: { from: "${back(from)}", to: "${back(to)}" } }`;

describe('where there is no data to compare to, there are no figures of zero', () => {
  const compared = 'totals { previous { cost } change { cost } relativeChange { cost } }';

  it('before the first day', async () => {
    expect((await ask(60, 50, 'compareTo: { previousPeriod: true }', compared)).totals).toEqual({
      previous: null,
      change: null,
      relativeChange: null,
    });
  });

  it('in a range without any, though there are earlier ones', async () => {
    expect((await ask(10, 5, against(40, 35), compared)).totals?.previous).toBeNull();
  });

  it('but a day without rows among others is 0, and so is a campaign that had none', async () => {
    const { nodes } = await ask(
      20,
      18,
      `${against(8, 6)} groupBy: [DATE]`,
      'nodes { date previous { cost } }',
    );
    expect(nodes).toEqual([
      { date: back(20), previous: { cost: 0 } },
      { date: back(19), previous: { cost: 0 } },
      { date: back(18), previous: { cost: 6 } },
    ]);
    const ofB = 'where: { utmCampaign: { eq: "nobody" } }';
    expect((await ask(20, 18, `${against(58, 56)} ${ofB}`, compared)).totals?.previous).toEqual({
      cost: 0,
    });
  });

  it('by day, only the days before the first are without, and the total is that of the others', async () => {
    const series = await ask(
      20,
      17,
      `${against(62, 59)} groupBy: [DATE] fill: true`,
      'nodes { date previous { cost } } totals { previous { cost } }',
    );
    expect(series.nodes).toEqual([
      { date: back(20), previous: null },
      { date: back(19), previous: null },
      { date: back(18), previous: { cost: 61 } },
      { date: back(17), previous: { cost: 60 } },
    ]);
    expect(series.totals?.previous).toEqual({ cost: 121 });
  });

  it('meets no condition, and comes last in any order', async () => {
    const having = 'having: [{ measure: COST, of: PREVIOUS, gte: 0 }]';
    const selection = 'nodes { date previous { cost } }';
    const { nodes } = await ask(20, 17, `${against(62, 59)} groupBy: [DATE] ${having}`, selection);
    expect(nodes?.map(({ date }) => date)).toEqual([back(18), back(17)]);
    const order = 'orderBy: [{ measure: COST, of: PREVIOUS, direction: ASC }]';
    const ordered = await ask(20, 17, `${against(62, 59)} groupBy: [DATE] ${order}`, selection);
    expect(ordered.nodes?.map(({ date }) => date)).toEqual([back(17), back(18), back(20), back(19)]);
    const none = await ask(
      60,
      50,
      `compareTo: { previousPeriod: true } groupBy: [CHANNEL] ${having}`,
      'nodes { previous { cost } }',
    );
    expect(none.nodes).toEqual([]);
  });
});

describe('warnings', () => {
  const warningsOf = async (from: number, to: number, more = '', measure = 'cost') => {
    const { meta } = await ask(from, to, more, `totals { ${measure} } meta { warnings { code message } }`);
    return meta?.warnings.map(({ code, message }) => `${code}: ${message}`);
  };

  it('none where each day has rows, and today’s may still come', async () => {
    expect(await warningsOf(6, 0)).toEqual([]);
    expect(await warningsOf(60, 50, '')).toEqual([]);
  });

  it('days before the first, and days among others', async () => {
    expect(await warningsOf(63, 57)).toEqual([
      `NO_DATA: The first ads rows are of ${back(60)}: there are none on ${back(63)} to ${back(61)}.`,
    ]);
    expect(await warningsOf(51, 6)).toEqual([
      `NO_DATA: There are no ads rows on ${back(49)} to ${back(21)}, ${back(8)} to ${back(7)}.`,
    ]);
    expect(await warningsOf(22, 19)).toEqual([
      `NO_DATA: There are no ads rows on ${back(22)} to ${back(21)}.`,
    ]);
  });

  it('a range without any, and what it is compared to', async () => {
    expect(await warningsOf(40, 30)).toEqual([
      `NO_DATA: There are no ads rows on ${back(40)} to ${back(30)}.`,
    ]);
    expect(await warningsOf(5, 5, against(40, 40))).toEqual([
      `NO_DATA: There are no ads rows on ${back(40)}, which the range is compared to.`,
    ]);
  });

  it('both tables, where both are read; a day without CRM records is no warning of its own', async () => {
    expect(await warningsOf(5, 5, '', 'cpa')).toEqual([`NO_DATA: There are no CRM records on ${back(5)}.`]);
    const record = `{ opportunityId: "1", createdAt: "${back(3)}T10:00:00Z", stage: "lead" }`;
    const { errors } = await app.query(
      `mutation { ingestOpportunities(input: { records: [${record}] }) { accepted } }`,
    );
    expect(errors).toBeUndefined();
    expect(await warningsOf(5, 1, '', 'leads')).toEqual([
      `NO_DATA: The first CRM records are of ${back(3)}: there are none on ${back(5)} to ${back(4)}.`,
    ]);
  });

  it('days that are not kept', async () => {
    const [first, ...others] = (await warningsOf(801, 799, '')) ?? [];
    expect(first).toBe(
      `BEYOND_RETENTION: Days are kept for 800 days (DATA_RETENTION_DAYS), since ${back(800)}: nothing is left of ${back(801)}.`,
    );
    expect(others).toEqual([`NO_DATA: There are no ads rows on ${back(801)} to ${back(799)}.`]);
  });
});
