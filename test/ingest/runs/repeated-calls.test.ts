import { afterAll, beforeAll, expect, it } from 'vitest';
import { everything } from '../../../src/ingest/pull/trigger-input.ts';
import { adsFeed, startTestApp, type TestApp } from '../../support/app.ts';
import { json, status } from '../../support/source-server.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
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
