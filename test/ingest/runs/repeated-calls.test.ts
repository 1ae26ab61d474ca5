import { afterAll, beforeAll, expect, it } from 'vitest';
import { everything } from '../../../src/ingest/pull/trigger-input.ts';
import { adsFeed, startTestApp, type TestApp } from '../../support/app.ts';
import { json, status } from '../../support/source-server.ts';

let app: TestApp;
/** Milliseconds that the clock of the program is ahead. */
let ahead = 0;
beforeAll(async () => {
  app = await startTestApp({ clock: { now: () => Date.now() + ahead } });
});
afterAll(() => app.close());

interface Run {
  readonly id: string;
  readonly triggerId: string;
  readonly source: string;
  readonly status: string;
  readonly attempt: number;
}

async function trigger(key: string): Promise<Readonly<Record<string, Run>>> {
  const { data, errors } = await app.query(
    'mutation ($key: String!) { triggerIngest(input: { wait: true, idempotencyKey: $key }) { runs { id triggerId source status attempt } } }',
    { key },
  );
  expect(errors).toBeUndefined();
  const { runs } = (data as unknown as { triggerIngest: { runs: Run[] } }).triggerIngest;
  expect(runs.map(({ source }) => source).sort()).toEqual(['ads', 'crm']);
  return Object.fromEntries(runs.map((run) => [run.source, run]));
}

const ad = { date: '2025-08-01', campaign_id: 'C-1', channel: 'google_ads', clicks: 1, cost: 1 };

it('a call is repeated until all of its runs have succeeded; those that have are not run again', async () => {
  app.answer({ ads: status(500) });
  const first = await trigger('nightly');
  expect(first).toMatchObject({
    ads: { status: 'FAILED', attempt: 1 },
    crm: { status: 'SUCCEEDED', attempt: 1 },
  });

  app.answer({ ads: json({ external: { ads: { performance: [ad, { ...ad, cost: 'much' }] } } }) });
  const second = await trigger('nightly');
  expect(second).toMatchObject({ ads: { status: 'PARTIAL', attempt: 2 }, crm: first.crm });
  expect(second.ads?.id).not.toBe(first.ads?.id);

  app.answer({ ads: adsFeed([ad]) });
  const third = await trigger('nightly');
  expect(third).toMatchObject({ ads: { status: 'SUCCEEDED', attempt: 3 }, crm: first.crm });
  expect(new Set([first, second, third].map(({ ads }) => ads?.triggerId)).size).toBe(1);

  expect(await trigger('nightly')).toEqual(third);
  expect(await trigger('of another night')).toMatchObject({ ads: { attempt: 1 } });
});

it('of the same call at once, each source has one run', async () => {
  app.answer({ ads: status(500) });
  await trigger('at once');
  app.answer({ ads: adsFeed([ad]) });
  const [one, other] = await Promise.all([trigger('at once'), trigger('at once')]);
  expect(one.ads).toMatchObject({ status: 'SUCCEEDED', attempt: 2 });
  expect(other).toEqual(one);
});

it('a schedule that several processes have starts a run once, however it ends', async () => {
  app.answer({ ads: status(500) });
  const fire = async () => {
    const input = {
      ...everything,
      sources: ['ads'],
      wait: true,
      retriesRuns: false,
      idempotencyKey: 'schedule:ads:noon',
    };
    return app.ingest.trigger(input, { workspace: 'default', requestId: 'r', name: 'scheduler' });
  };
  const [first] = await fire();
  expect(first?.status).toBe('failed');
  expect((await fire()).map(({ id }) => id)).toEqual([first?.id]);
});

it('a repeat on a later day means the last days of the first call', async () => {
  const call = async (lastDays: number) => {
    const answer = await app.query(
      'mutation ($days: Int!) { triggerIngest(input: { wait: true, sources: ["ads"], idempotencyKey: "last", lastDays: $days }) { runs { status attempt since until } } }',
      { days: lastDays },
    );
    return (
      answer.errors?.[0]?.message ?? (answer.data as unknown as { triggerIngest: unknown }).triggerIngest
    );
  };
  const day = (before: number): string =>
    new Date(Date.now() - before * 86_400_000).toISOString().slice(0, 10);
  const days = { since: day(3), until: day(1) };
  app.answer({ ads: status(500) });
  expect(await call(3)).toEqual({ runs: [{ status: 'FAILED', attempt: 1, ...days }] });
  app.answer({});
  ahead = 86_400_000;
  expect(await call(3)).toEqual({ runs: [{ status: 'SUCCEEDED', attempt: 2, ...days }] });
  expect(await call(2)).toContain('was used for another call');
  expect(await call(0)).toContain('lastDays: 0 is not between 1 and 3650');
  ahead = 0;
});
