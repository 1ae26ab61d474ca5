import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mutex } from 'async-mutex';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { anonymous } from '../src/access/caller.ts';
import type { Store } from '../src/clickhouse/store.ts';
import { wrapStore } from '../src/clickhouse/wrap-store.ts';
import { readConfig } from '../src/config/config.ts';
import { createDataVersion, type DataVersion } from '../src/data-version.ts';
import { type Ingestion, openIngestion } from '../src/ingest/ingestion.ts';
import { everything, type TriggerInput } from '../src/ingest/pull/trigger-input.ts';
import { recordsContent } from '../src/ingest/push/content.ts';
import type { RecordKind } from '../src/records/contract.ts';
import { formatDay } from '../src/records/day.ts';
import { createRetention } from '../src/retention/retention.ts';
import { createRefreshTokens } from '../src/sources/refresh-tokens.ts';
import { contextDefaults } from '../src/sources/source-defaults.ts';
import { openSources } from '../src/sources/sources.ts';
import { createTelemetry } from '../src/telemetry.ts';
import { systemClock } from '../src/time.ts';
import { rowsOf } from './ingest/storage/support.ts';
import { adsFeed, crmFeed } from './support/app.ts';
import { openMigratedStore, silent } from './support/database.ts';
import { testRules } from './support/records.ts';
import { type Behaviour, type SourceServer, startSourceServer } from './support/source-server.ts';
import { keptDays } from './support/template.ts';

const workspace = 'default';

/** All that kept answers are made of; of a run that goes on only what they tell of it. */
const shown = `
  SELECT 'ad_performance', sum(cityHash64(*)) FROM ad_performance FINAL UNION ALL
  SELECT 'opportunities', sum(cityHash64(*)) FROM opportunities FINAL UNION ALL
  SELECT 'events', sum(cityHash64(*)) FROM events FINAL UNION ALL
  SELECT 'exchange_rates', sum(cityHash64(*)) FROM exchange_rates FINAL UNION ALL
  SELECT 'rejected_records', sum(cityHash64(*)) FROM rejected_records FINAL UNION ALL
  SELECT 'ingest_runs', sum(cityHash64(run_id, source, status, finished_at,
    if(source = 'push' OR finished_at IS NOT NULL, toString(folded), ''),
    if(finished_at IS NULL, '', toString((repairs, records_rejected, records_skipped, days, dry_run, replay_of, error_code)))))
  FROM ingest_runs FINAL`;

/** Tables of those that a write has changed in this step, and those that one has changed without saying whose answers. */
const changed = new Set<string>();
const unsaid: string[] = [];
/** Staged rows are in no answer: where their writes said otherwise, a run would empty the cache for nothing. */
const needless: string[] = [];
const isUnseen = /^(?:staged|planned)_/;
const target = /^\s*(?:INSERT INTO|ALTER TABLE)\s+(\w+)/;

/** Looks at all tables before and after each write, one write at a time. */
function compareWrites(store: Store, version: DataVersion): Store {
  const oneAtATime = new Mutex();
  const look = async () =>
    new Map((await rowsOf(store, shown)).map(([table, hash]) => [String(table), String(hash)]));
  let before: ReadonlyMap<string, string> | undefined;
  const compared = wrapStore(version.watch(store), {
    write: (options, next) =>
      oneAtATime.runExclusive(async () => {
        before ??= await look();
        const versionBefore = version.of(workspace);
        await next(options);
        const after = await look();
        for (const [table, hash] of after) {
          if (before.get(table) === hash) continue;
          changed.add(table);
          if (version.of(workspace) === versionBefore) unsaid.push(table);
        }
        before = after;
      }),
  });
  return {
    ...compared,
    insert(table, columns, format, body, options) {
      if (isUnseen.test(table) && options.changesAnswersOf.length > 0) needless.push(table);
      return compared.insert(table, columns, format, body, options);
    },
    command(statement, options) {
      const [, table = ''] = target.exec(statement.compile().sql) ?? [];
      if (isUnseen.test(table) && options.changesAnswersOf.length > 0) needless.push(table);
      return compared.command(statement, options);
    },
  };
}

let folder: string;
let store: Awaited<ReturnType<typeof openMigratedStore>>;
let checked: Store;
let source: SourceServer;
let ingestion: Ingestion;
const routes: { ads: Behaviour; crm: Behaviour } = { ads: adsFeed([]), crm: crmFeed([]) };

const openFeeds = (urls: { adsUrl?: string; crmUrl?: string; file?: string }) =>
  openSources({
    file: urls.file,
    adsUrl: urls.adsUrl,
    crmUrl: urls.crmUrl,
    environment: {},
    defaults: contextDefaults(readConfig({}), testRules),
    clock: systemClock,
    refreshTokens: createRefreshTokens(join(folder, 'tokens')),
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-version-'));
  store = await openMigratedStore();
  source = await startSourceServer((request, response) =>
    (request.url?.startsWith('/crm') ? routes.crm : routes.ads)(request, response),
  );
  const version = createDataVersion();
  checked = compareWrites(store, version);
  ingestion = await openIngestion({
    config: readConfig({ DATA_DIR: folder, DATA_RETENTION_DAYS: String(keptDays), DRAIN_INTERVAL_MS: '20' }),
    store: checked,
    login: { ...inject('clickhouse'), database: store.database },
    model: () => undefined,
    feeds: await openFeeds({ adsUrl: `${source.url}/ads`, crmUrl: `${source.url}/crm` }),
    rules: testRules,
    dataVersion: version,
    telemetry: createTelemetry(),
    owner: 'test',
    today: () => Math.floor(Date.now() / 86_400_000),
    queriesAtWork: () => false,
    clock: systemClock,
    logger: silent,
  });
}, 30_000);
afterAll(async () => {
  await ingestion.close();
  await source.close();
  await store.drop();
  await rm(folder, { recursive: true, force: true });
});

const day = formatDay(Math.floor(Date.now() / 86_400_000) - 1);
const ad = (cost: number, more: Record<string, unknown> = {}) => ({
  date: day,
  campaign_id: 'C-1',
  channel: 'google',
  utm_campaign: 'x',
  clicks: 10,
  impressions: 100,
  cost,
  ...more,
});
const deal = (id: string, more: Record<string, unknown> = {}) => ({
  opportunity_id: id,
  created_at: `${day}T10:00:00Z`,
  stage: 'lead',
  utm_campaign: 'x',
  ...more,
});
const rate = (quote: string, more: Record<string, unknown> = {}) => ({
  date: day,
  base: 'EUR',
  quote,
  rate: 1.5,
  ...more,
});
/** The answer of `/ads` as exchange rates. */
const ratesFile = async (): Promise<string> => {
  const file = join(folder, 'rates.yaml');
  await writeFile(
    file,
    `sources: [{ name: rates, kind: exchange_rate, url: "${source.url}/ads", records: external.ads.performance }]`,
  );
  return file;
};
const broken = { ...ad(1), clicks: 'many' };
const caller = { id: anonymous.id, workspace, requestId: 'test', name: 'test' };

const pull = (input: Partial<TriggerInput> = {}) =>
  ingestion.ingest.trigger({ ...everything, wait: true, ...input }, caller);

const push = async (
  kind: RecordKind,
  records: readonly unknown[],
  parameters: Parameters<typeof ingestion.push.readingOf>[2] = {},
): Promise<void> => {
  const reading = ingestion.push.readingOf(kind, workspace, parameters);
  const content = recordsContent(kind, records, (record) => record);
  const { answer, failure } = await ingestion.push.accept(kind, content, {
    ...caller,
    idempotencyKey: undefined,
    reading,
  });
  expect([failure, answer.stored]).toEqual([undefined, true]);
};

const many = <Made>(make: (index: number) => Made): Made[] =>
  Array.from({ length: 1_100 }, (_, index) => make(index));

it('every write that changes what kept answers are made of says whose they are', async () => {
  const step = async (tables: readonly string[], work: () => Promise<unknown>): Promise<void> => {
    changed.clear();
    await work();
    expect([...changed]).toEqual(expect.arrayContaining([...tables]));
  };

  await step(['ad_performance', 'opportunities', 'rejected_records', 'ingest_runs'], async () => {
    routes.ads = adsFeed([ad(1), ad(2, { campaign_id: 'C-2' }), broken]);
    routes.crm = crmFeed([deal('1'), deal('2')]);
    await pull();
  });
  await step(['ad_performance', 'opportunities', 'ingest_runs'], async () => {
    routes.ads = adsFeed([ad(3)]);
    routes.crm = crmFeed([deal('1', { created_at: `${day}T00:00:00Z`, amount: 5, utm_campaign: 'y' })]);
    await pull({ guard: false });
  });
  await step(['ad_performance', 'rejected_records'], () =>
    push('ad_performance', [ad(1, { campaign_id: 'C-3' }), broken]),
  );
  await step(['opportunities'], () => push('opportunity', [deal('7')]));
  await step(['events'], () =>
    push('event', [{ event_id: 'a', timestamp: `${day}T10:00:00Z`, service: 's', message: 'm' }]),
  );
  await step(['exchange_rates'], () => push('exchange_rate', [rate('USD')]));
  await step(['exchange_rates'], () =>
    push(
      'exchange_rate',
      many((index) => rate('USD', { rate: 1 + index })),
    ),
  );
  await step(['exchange_rates'], async () => {
    routes.ads = adsFeed([rate('JPY'), rate('GBP')]);
    ingestion.change(await openFeeds({ file: await ratesFile() }), false);
    await pull();
  });
  await step(['exchange_rates'], async () => {
    ingestion.change(await openFeeds({ crmUrl: `${source.url}/crm` }), false);
    await ingestion.orphanedRows.settle({
      workspace,
      source: 'rates',
      handOverTo: undefined,
      dryRun: false,
      requestId: 'test',
    });
    ingestion.change(await openFeeds({ adsUrl: `${source.url}/ads`, crmUrl: `${source.url}/crm` }), false);
  });
  await step(['ad_performance', 'rejected_records'], () =>
    push('ad_performance', [broken, ...many((index) => ad(1, { campaign_id: `L-${index}` }))]),
  );
  await step(['ad_performance'], () =>
    push(
      'ad_performance',
      [...many((index) => ad(1, { campaign_id: `S-${index}` })), ad(2, { campaign_id: 'S-1' })],
      { duplicates: ['sum'] },
    ),
  );
  await step(['ad_performance', 'rejected_records'], async () => {
    const retried = await ingestion.push.retryRejects(
      { records: { filter: {}, limit: 1 }, patch: undefined, replacement: ad(4, { campaign_id: 'R' }) },
      { ...caller, policy: undefined },
    );
    expect(retried).toHaveLength(1);
  });
  await step(['rejected_records'], async () => {
    const choice = { filter: { kind: 'ad_performance' } } as const;
    expect(await ingestion.push.dismissRejects(choice, { ...caller, policy: undefined })).toBeGreaterThan(0);
  });
  await step(['ad_performance'], async () => {
    ingestion.change(await openFeeds({ crmUrl: `${source.url}/crm` }), false);
    await ingestion.orphanedRows.settle({
      workspace,
      source: 'ads',
      handOverTo: undefined,
      dryRun: false,
      requestId: 'test',
    });
  });
  await step(['ad_performance', 'events', 'opportunities', 'rejected_records'], () =>
    createRetention(checked).apply({
      workspace,
      before: Math.floor(Date.now() / 86_400_000) + 1,
      dryRun: false,
      requestId: 'test',
    }),
  );

  expect({ unsaid, needless }).toEqual({ unsaid: [], needless: [] });
}, 60_000);
