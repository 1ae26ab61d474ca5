import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const feed = (fields: Record<string, unknown>, count = 10) =>
  adsFeed(
    Array.from({ length: count }, (_, index) => ({
      date: '2025-08-01',
      channel: 'meta',
      campaign_id: `C-${index}`,
      clicks: 1,
      cost: 1,
      ...fields,
    })),
  );

/** Pulls, and gives what is said of the run and of the source. */
async function pull(
  input = '',
): Promise<{ id: unknown; warnings: unknown; columns: unknown; shape: unknown }> {
  const [run] = await app.pull(`sources: ["ads"] ${input}`);
  const { data } = await app.query(
    'query ($id: ID!) { ingestRun(id: $id) { warnings columns { name share } } ingestSources { name shape { name share } } }',
    { id: run?.id },
  );
  const { ingestRun, ingestSources } = data as unknown as {
    ingestRun: { warnings: unknown; columns: unknown };
    ingestSources: { name: string; shape: unknown }[];
  };
  return { id: run?.id, ...ingestRun, shape: ingestSources.find(({ name }) => name === 'ads')?.shape };
}

it('columns that come and go are told of in the run, and kept per source', async () => {
  app.answer({ ads: feed({ utm_campaign: 'spring', note: '' }) });
  const first = await pull();
  const shape = [
    ...['campaign_id', 'channel', 'clicks', 'cost', 'date'].map((name) => ({ name, share: 1 })),
    { name: 'note', share: 0 },
    { name: 'utm_campaign', share: 1 },
  ];
  expect(first).toMatchObject({ warnings: [], columns: shape, shape });

  app.answer({ ads: feed({ utm_campaing: 'spring' }) });
  const renamed = await pull('dryRun: true');
  expect(renamed.warnings).toEqual([
    'Columns that had values in the run before have none now: utm_campaign.',
    'Columns have come that the run before did not have: utm_campaing.',
  ]);
  // A dry run is no run to compare with.
  expect(renamed.shape).toEqual(shape);

  expect((await pull()).warnings).toHaveLength(2);
  expect((await pull()).warnings).toEqual([]);
  // Nor is a replay, of what was read before.
  await app.query('mutation ($id: ID!) { replayRun(id: $id, wait: true) { status } }', { id: first.id });
  expect((await pull()).warnings).toEqual([]);
});

it('a feed of few records tells nothing of its columns', async () => {
  app.answer({ ads: feed({}, 4) });
  const few = await pull('mode: UPSERT');
  expect(few).toMatchObject({ warnings: [], columns: [] });
  expect(few.shape).not.toEqual([]);
});
