import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

const nowhere = 'http://127.0.0.1:1';
const lines: Record<string, unknown>[] = [];
let folder: string;
let keys: TestKeys;
let app: TestApp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-told-'));
  keys = await makeKeys();
  await writeFile(
    join(folder, 'sources.yaml'),
    `sources:
  - { name: nightly, kind: opportunity, url: "${nowhere}", schedule: "0 6 * * *" }
  - { name: acme_ads, workspace: acme, kind: ad_performance, url: "${nowhere}" }
  - { name: hidden_ads, workspace: hidden, kind: ad_performance, url: "${nowhere}" }
`,
  );
  app = await startTestApp({
    environment: { SOURCES_FILE: join(folder, 'sources.yaml'), API_KEYS_FILE: keys.file },
    logger: pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) }),
    headers: await keys.create({ role: 'ingestor', workspace: ['default', 'empty', 'acme'] }),
  });
});
afterAll(async () => {
  await app.close();
  await keys.close();
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
  ]);
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
    'The workspace empty has no sources. Other workspaces have some: default (ads, crm, nightly); acme (acme_ads). The header X-Workspace selects it.',
  );
  expect(await failure('default', 'sources: ["acme_ads"]')).toBe(
    'sources: there is no source "acme_ads"; choose of ads, crm, nightly. Another workspace has it: acme (acme_ads). The header X-Workspace selects it.',
  );
  expect(await failure('default', 'sources: ["hidden_ads"]')).toBe(
    'sources: there is no source "hidden_ads"; choose of ads, crm, nightly.',
  );
});
