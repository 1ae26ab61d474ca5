import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';

const days = ['2025-07-01', '2025-07-02', '2025-07-03'] as const;
type Day = (typeof days)[number];
type Row = Record<string, unknown> & { readonly cost: number | string };
const row = (date: string, campaign: string, cost: number | string, more = {}): Row => ({
  date,
  campaign_id: campaign,
  channel: 'google',
  clicks: 1,
  impressions: 10,
  cost,
  utm_campaign: 'x',
  utm_source: 'google',
  utm_medium: 'cpc',
  utm_content: 'c',
  utm_term: 't',
  ...more,
});
/** Ten campaigns of 10 a day. */
const good = days.flatMap((day) => Array.from({ length: 10 }, (_, index) => row(day, `C-${index}`, 10)));

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
beforeEach(async () => {
  const range = ', since: "2025-07-01", until: "2025-07-31"';
  expect(await feed(good, `${range}, guard: OFF`)).toMatchObject({ status: 'SUCCEEDED' });
});
afterAll(() => app.close());

const run = async (input = '', source = 'ads'): Promise<Record<string, unknown>> => {
  const [ended] = await app.pull(`sources: ["${source}"] ${input}`);
  return ended ?? {};
};
const feed = async (rows: readonly unknown[], input = ''): Promise<Record<string, unknown>> => {
  app.answer({ ads: adsFeed(rows) });
  return run(input);
};
const costs = async (): Promise<number[]> => {
  const { data } = await app.query(
    `{ metrics(dateRange: { between: { from: "${days[0]}", to: "${days[2]}" } }, groupBy: [DATE]) { nodes { date cost } } }`,
  );
  const { nodes } = (data as unknown as { metrics: { nodes: { date: Day; cost: number }[] } }).metrics;
  return days.map((day) => nodes.find(({ date }) => date === day)?.cost ?? 0);
};
const decide = async (
  what: 'approveRun' | 'cancelIngest',
  id: unknown,
): Promise<Record<string, unknown> | string> => {
  const wait = what === 'approveRun' ? ', wait: true' : '';
  const answer = await app.query(
    `mutation { ${what}(id: "${String(id)}"${wait}) { id status recordsWritten recordsRemoved error { code message } } }`,
  );
  return answer.errors?.[0]?.extensions.code ?? (answer.data as unknown as Record<string, never>)[what] ?? '';
};

describe('a run that would take away more than half', () => {
  const fewer = good.filter((_, index) => index % 10 < 4);

  it('is held with its difference, and changes nothing', async () => {
    const held = await feed(fewer);
    expect(held).toMatchObject({ status: 'HELD', recordsWritten: 0, error: { code: 'HELD' } });
    expect(held.error).toMatchObject({
      message: expect.stringMatching(
        /30 stored rows would become 12 and their cost of 300\.00 120\.00\. Nothing was changed\./,
      ),
    });
    const { data } = await app.query(
      `{ ingestRun(id: "${String(held.id)}") { status finishedAt changes { date removed costBefore costAfter } } ingestRuns(status: HELD) { id } }`,
    );
    expect(data).toMatchObject({
      ingestRun: {
        status: 'HELD',
        finishedAt: expect.any(String),
        changes: days.map((date) => ({ date, removed: 6, costBefore: 100, costAfter: 40 })),
      },
      ingestRuns: [{ id: held.id }],
    });
    expect(await costs()).toEqual([100, 100, 100]);
    // Whoever asks about those days is told that they have the figures of before.
    const warned = async (from: string, to: string): Promise<unknown> => {
      const answer = await app.query(
        `{ metrics(dateRange: { between: { from: "${from}", to: "${to}" } }) { totals { cost } meta { warnings { code message } } } }`,
      );
      return (answer.data as unknown as { metrics: { meta: { warnings: unknown } } }).metrics.meta.warnings;
    };
    const warning = {
      code: 'HELD_RUN',
      message: expect.stringContaining(`ads: run ${String(held.id)} is held`),
    };
    expect(await warned(days[2], days[2])).toEqual([warning]);
    expect(await warned('2025-07-04', '2025-07-05')).not.toContainEqual(warning);
    expect(
      (await fetch(`${app.url}/metrics`).then((answer) => answer.text())).includes('ingest_runs_held'),
    ).toBe(true);
  });

  it('is written under its own id once it is approved, and once only', async () => {
    const held = await feed(fewer);
    app.answer({ ads: adsFeed([]) });
    expect(await decide('approveRun', held.id)).toMatchObject({
      id: held.id,
      status: 'SUCCEEDED',
      recordsWritten: 12,
      recordsRemoved: 18,
      error: null,
    });
    expect(await costs()).toEqual([40, 40, 40]);
    expect(await decide('approveRun', held.id)).toMatchObject({ status: 'SUCCEEDED', recordsRemoved: 18 });
    expect(await decide('cancelIngest', held.id)).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('leaves days alone that a newer run has read', async () => {
    const held = await feed(fewer);
    expect(await feed(good.filter(({ date }) => date === days[1]))).toMatchObject({ status: 'SUCCEEDED' });
    expect(await decide('approveRun', held.id)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await costs()).toEqual([40, 100, 40]);
  });

  it('is dropped by cancelIngest, and cannot be approved after that', async () => {
    const held = await feed(fewer);
    expect(await decide('cancelIngest', held.id)).toMatchObject({ status: 'CANCELLED' });
    expect(await decide('approveRun', held.id)).toBe('CONFLICT');
    expect(await costs()).toEqual([100, 100, 100]);
  });

  it('is written where the caller says so; a dry run says what it would do', async () => {
    expect(await feed(fewer, ', dryRun: true')).toMatchObject({ status: 'SUCCEEDED' });
    expect(await feed(fewer, ', guard: OFF')).toMatchObject({ status: 'SUCCEEDED' });
    expect(await costs()).toEqual([40, 40, 40]);
  });

  it('is one that takes half of the cost away in as many rows, or every row', async () => {
    expect(await feed(good.map((ad) => ({ ...ad, cost: 4.99 })))).toMatchObject({ status: 'HELD' });
    expect(await feed(good.map((ad) => ({ ...ad, cost: 5 })))).toMatchObject({ status: 'SUCCEEDED' });
    expect(await costs()).toEqual([50, 50, 50]);
    // Other keys, as much money.
    expect(await feed(good.map((ad) => ({ ...ad, cost: 5, utm_term: 'renamed' })))).toMatchObject({
      status: 'SUCCEEDED',
    });
    expect(await costs()).toEqual([50, 50, 50]);
  });
});

describe('an asked range', () => {
  const asked = `, since: "${days[0]}", until: "${days[2]}"`;
  const withoutSecond = good.filter(({ date }) => date !== days[1]);

  it('replaces its empty days; without it they stay', async () => {
    expect(await feed(withoutSecond)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await costs()).toEqual([100, 100, 100]);
    const answered = await feed(withoutSecond, asked);
    expect(answered).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 20 });
    expect(await costs()).toEqual([100, 0, 100]);
    expect(await feed(good, asked)).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 30 });
    expect(await costs()).toEqual([100, 100, 100]);
  });

  it('that is empty altogether is held, and is emptied where that is right', async () => {
    const held = await feed([], asked);
    expect(held).toMatchObject({ status: 'HELD' });
    expect(await costs()).toEqual([100, 100, 100]);
    expect(await decide('approveRun', held.id)).toMatchObject({ status: 'SUCCEEDED', recordsRemoved: 30 });
    expect(await costs()).toEqual([0, 0, 0]);
  });

  it('of which a record could not be read keeps its empty days', async () => {
    expect(await feed([...withoutSecond, row(days[1], 'C-1', 'n.a.?')], asked)).toMatchObject({
      status: 'PARTIAL',
    });
    expect((await costs())[0]).toBe(100);
    expect((await costs())[2]).toBe(100);
  });
});

describe('records that cannot be read', () => {
  const without = (campaign: string): Row[] => good.filter(({ campaign_id }) => campaign_id !== campaign);

  it('keep what is stored of their key, and of no other', async () => {
    const ended = await feed([
      ...without('C-1').filter((ad) => ad.campaign_id !== 'C-2'),
      row(days[0], 'C-1', 'a lot'),
    ]);
    expect(ended).toMatchObject({ status: 'PARTIAL', recordsRejected: 1, error: null });
    // C-2 is gone everywhere; C-1 where its record did not come.
    expect(await costs()).toEqual([90, 80, 80]);
  });

  it('keep their whole day where the key cannot be read, and every day where they have none', async () => {
    await feed([...without('C-1'), { ...row(days[0], 'C-1', 10), campaign_id: null }]);
    expect(await costs()).toEqual([100, 90, 90]);
    expect(await feed([...without('C-2'), 7])).toMatchObject({ status: 'PARTIAL' });
    expect(await costs()).toEqual([100, 100, 100]);
  });

  it('do not keep the next run from moving on: the watermark and the freshness are those of a good run', async () => {
    const { data } = await app.query('{ ingestSources { name watermark } }');
    const ended = await feed([...good, row('2025-07-04', 'C-1', 5), row('2025-07-04', 'C-2', 'x')]);
    expect(ended).toMatchObject({ status: 'PARTIAL' });
    const after = await app.query('{ ingestSources { name watermark } }');
    expect(JSON.stringify(data)).toContain('2025-07-03');
    expect(JSON.stringify(after.data)).toContain('2025-07-04');
  });
});

it('the guard of a CRM with REPLACE counts its records', async () => {
  const deal = (id: number) => ({ opportunity_id: `D-${id}`, created_at: days[0], stage: 'lead', amount: 5 });
  const deals = Array.from({ length: 9 }, (_, index) => deal(index));
  app.answer({ crm: crmFeed(deals) });
  expect(await run(', mode: REPLACE', 'crm')).toMatchObject({ status: 'SUCCEEDED' });
  app.answer({ crm: crmFeed(deals.slice(0, 4)) });
  expect(await run(', mode: REPLACE', 'crm')).toMatchObject({ status: 'HELD' });
  expect(await run('', 'crm')).toMatchObject({ status: 'SUCCEEDED' });
});

describe('a CRM whose feed says with UPSERT that records are deleted', () => {
  const deal = (id: number, more = {}) => ({
    opportunity_id: `U-${id}`,
    created_at: days[id % 3],
    stage: 'lead',
    amount: 5,
    ...more,
  });
  const all = Array.from({ length: 50 }, (_, id) => deal(id));
  const without = (count: number) => all.slice(0, count).map((each) => ({ ...each, is_deleted: true }));
  const stored = async (): Promise<unknown> => {
    const range = `{ between: { from: "${days[0]}", to: "${days[2]}" } }`;
    return (await app.query(`{ metrics(dateRange: ${range}) { nodes { leads } } }`)).data;
  };
  const crm = (records: readonly unknown[], input = ''): Promise<Record<string, unknown>> => {
    app.answer({ crm: crmFeed(records) });
    return run(`, mode: UPSERT ${input}`, 'crm');
  };

  it('is believed up to half of them, and held beyond until somebody approves', async () => {
    app.answer({ crm: crmFeed([]) });
    await run(', mode: REPLACE, guard: OFF, since: "2025-07-01", until: "2025-07-31"', 'crm');
    expect(await crm(all, ', guard: OFF')).toMatchObject({ status: 'SUCCEEDED' });
    const before = await stored();
    const held = await crm(without(40));
    expect(held).toMatchObject({ status: 'HELD', recordsWritten: 0, error: { code: 'HELD' } });
    expect(held.error).toMatchObject({ message: expect.stringContaining('has stored: ') });
    expect(await stored()).toEqual(before);
    expect(await crm(without(20))).toMatchObject({ status: 'SUCCEEDED' });
    expect(await decide('approveRun', held.id)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await stored()).not.toEqual(before);
  });
});
