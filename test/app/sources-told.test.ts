import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { type SourceServer, startSourceServer } from '../support/source-server.ts';

const nowhere = 'http://127.0.0.1:1';
const lines: Record<string, unknown>[] = [];
let folder: string;
let keys: TestKeys;
let app: TestApp;
let more: SourceServer;
let moreFeed = adsFeed([]);

beforeAll(async () => {
  more = await startSourceServer((request, response) => moreFeed(request, response));
  folder = await mkdtemp(join(tmpdir(), 'utmql-told-'));
  keys = await makeKeys();
  await writeFile(
    join(folder, 'sources.yaml'),
    `sources:
  - { name: nightly, kind: opportunity, url: "${nowhere}", schedule: "0 6 * * *" }
  - { name: acme_ads, workspace: acme, kind: ad_performance, url: "${nowhere}" }
  - { name: files, kind: ad_performance, adapter: csv, files: [sources.yaml, "exports/*.csv", "!old"], lookups: [{ file: ids.csv, key: ID, by: campaign_id, fields: { utm_campaign: Name } }] }
  - { name: more_ads, kind: ad_performance, url: "\${MORE}" }
  - { name: hidden_ads, workspace: hidden, kind: ad_performance, url: "${nowhere}" }
`,
  );
  app = await startTestApp({
    environment: {
      SOURCES_FILE: join(folder, 'sources.yaml'),
      API_KEYS_FILE: keys.file,
      MORE: `${more.url}/`,
    },
    logger: pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) }),
    headers: await keys.create({ role: 'admin', workspace: ['default', 'empty', 'acme'] }),
  });
});
afterAll(async () => {
  await app.close();
  await keys.close();
  await more.close();
  await rm(folder, { recursive: true });
});

it('a schedule that SCHEDULER=off does not run is told at the start and by the API', async () => {
  expect(lines.filter(({ check }) => check === 'SCHEDULER')).toMatchObject([
    { level: 40, reason: expect.stringMatching(/`schedule` of a source: nightly\. Set SCHEDULER=on/) },
  ]);
  const { data } = await app.query(
    '{ ingestSources { name schedule scheduleActive scheduleInactiveReason nextRunAt } }',
  );
  const none = { schedule: null, scheduleActive: false, scheduleInactiveReason: null, nextRunAt: null };
  expect(data?.ingestSources).toEqual([
    { name: 'ads', ...none },
    { name: 'crm', ...none },
    {
      name: 'nightly',
      schedule: '0 6 * * *',
      scheduleActive: false,
      scheduleInactiveReason: expect.stringMatching(/^SCHEDULER is off .* Set SCHEDULER=on/),
      nextRunAt: null,
    },
    { name: 'files', ...none },
    { name: 'more_ads', ...none },
  ]);
});

it('files that are not there are told with the source and the line that names them', () => {
  expect(lines.filter(({ check }) => check === 'files of sources')).toMatchObject([
    {
      reason: [
        'sources[2].files (line 4, source files): no file matches exports/*.csv.',
        'sources[2].lookups[0].file (line 4, source files): there is no file ids.csv.',
        'Paths begin in the folder of the sources file.',
      ].join('\n'),
    },
  ]);
});

it('two sources of one account overwrite each other: both runs say so, and dataQuality, until they are told apart', async () => {
  const ad = (campaign: string, rest = {}) => ({
    date: '2025-08-01',
    campaign_id: campaign,
    channel: 'meta',
    cost: 2,
    clicks: 1,
    ...rest,
  });
  const pull = async (source: string): Promise<unknown> => {
    const { data } = await app.query(
      `mutation { triggerIngest(input: { sources: ["${source}"], wait: true, guard: OFF }) { runs { status warnings } } }`,
    );
    return (data?.triggerIngest as unknown as { runs: unknown[] }).runs[0];
  };
  const overlaps = async (): Promise<unknown> => {
    const { data } = await app.query(
      '{ dataQuality(dateRange: { between: { from: "2025-07-01", to: "2025-08-31" } }) { overlappingSources { source others days records } } }',
    );
    return (data?.dataQuality as unknown as { overlappingSources: unknown }).overlappingSources;
  };
  const warning = (records: string, other: string) => ({
    status: 'SUCCEEDED',
    warnings: [
      expect.stringMatching(
        `^${records} the key of a record of ${other} on a day: they overwrite each other`,
      ),
    ],
  });
  app.answer({ ads: adsFeed([ad('C-1'), ad('C-2'), ad('C-3')]) });
  moreFeed = adsFeed([ad('C-2', { cost: 3 }), ad('C-3', { cost: 3 }), ad('C-4')]);
  expect(await pull('ads')).toEqual({ status: 'SUCCEEDED', warnings: [] });
  expect(await pull('more_ads')).toEqual(warning('2 records have', 'ads'));
  expect(await pull('ads')).toEqual(warning('2 records have', 'more_ads'));
  expect(await overlaps()).toEqual([
    { source: 'ads', others: ['more_ads'], days: 1, records: 2 },
    { source: 'more_ads', others: ['ads'], days: 1, records: 2 },
  ]);

  moreFeed = adsFeed([ad('C-2', { channel: 'more' }), ad('C-4', { channel: 'more' })]);
  expect(await pull('more_ads')).toEqual({ status: 'SUCCEEDED', warnings: [] });
  expect(await pull('ads')).toEqual({ status: 'SUCCEEDED', warnings: [] });
  expect(await overlaps()).toEqual([]);
});

it('a call in the wrong workspace is told the right one, of those that its key may use', async () => {
  const failure = async (workspace: string, sources = '') => {
    const { errors } = await app.query(
      `mutation { triggerIngest(input: { ${sources} }) { runs { id } } }`,
      {},
      { 'x-workspace': workspace },
    );
    return errors?.[0]?.message;
  };
  expect(await failure('empty')).toBe(
    'The workspace empty has no sources. Other workspaces have some: default (ads, crm, nightly, files, more_ads); acme (acme_ads). The header X-Workspace selects it.',
  );
  expect(await failure('default', 'sources: ["acme_ads"]')).toBe(
    'sources: there is no source "acme_ads"; choose of ads, crm, nightly, files, more_ads. Another workspace has it: acme (acme_ads). The header X-Workspace selects it.',
  );
  expect(await failure('default', 'sources: ["hidden_ads"]')).toBe(
    'sources: there is no source "hidden_ads"; choose of ads, crm, nightly, files, more_ads.',
  );
});
