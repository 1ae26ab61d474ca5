import { randomUUID } from 'node:crypto';
import { Mutex } from 'async-mutex';
import { z } from 'zod';
import { bind, Sql, sql } from '../../../src/clickhouse/sql.ts';
import type { CommandOptions, Store } from '../../../src/clickhouse/store.ts';
import { createAdsStage } from '../../../src/ingest/kinds/ad-performance-stage.ts';
import { createOpportunityStage } from '../../../src/ingest/kinds/opportunity-stage.ts';
import type { Applied, ApplyOptions, RunStage } from '../../../src/ingest/storage/stage.ts';
import type { AdPerformance } from '../../../src/records/ad-performance.ts';
import { type Day, parseIsoDay } from '../../../src/records/day.ts';
import type { Opportunity } from '../../../src/records/opportunity.ts';
import type { DuplicateRule } from '../../../src/sources/mapping/feed-rules.ts';

export const dayOf = (iso: string): Day => parseIsoDay(iso) ?? Number.NaN;

export const ad = (record: Partial<AdPerformance>): AdPerformance => ({
  day: dayOf('2025-08-01'),
  channel: 'google',
  campaignId: 'C-1',
  adGroupId: '',
  adId: '',
  utmCampaign: 'x',
  utmSource: 'google',
  utmMedium: 'cpc',
  utmContent: 'unknown',
  utmTerm: 'unknown',
  breakdowns: undefined,
  currency: 'USD',
  clicks: 1,
  impressions: 2,
  cost: 1,
  conversions: 0,
  conversionValue: 0,
  extraMeasures: undefined,
  updatedAt: undefined,
  extra: '',
  ...record,
});

export const opportunity = (record: Partial<Opportunity>): Opportunity => {
  const day = record.day ?? dayOf('2025-08-01');
  return {
    opportunityId: 'O-1',
    createdAt: day * 86_400_000 + 1_000,
    day,
    closedAt: 0,
    closedDay: 0,
    stage: 'lead',
    stageName: 'New',
    isDeleted: false,
    amount: 1,
    currency: 'USD',
    contactHash: '',
    utmCampaign: 'x',
    utmSource: 'google',
    utmMedium: 'cpc',
    utmContent: 'unknown',
    utmTerm: 'unknown',
    updatedAt: undefined,
    extra: '',
    ...record,
  };
};

let newest = Date.UTC(2026, 0, 1) * 1_000;
/** A version above all that were given before. */
export const nextVersion = (): number => {
  newest += 1_000_000;
  return newest;
};

export interface RunOptions {
  readonly runId?: string;
  readonly workspace?: string;
  readonly source?: string;
  /** Default: one for all sources. */
  readonly namespace?: string;
  readonly version?: number;
  readonly capacityBytes?: number;
}

const common = (options: RunOptions) => ({
  runId: options.runId ?? randomUUID(),
  workspace: options.workspace ?? 'default',
  source: options.source ?? 'feed',
  version: options.version ?? nextVersion(),
  requestId: 'test',
  capacityBytes: options.capacityBytes ?? 1_000_000,
});

export const adsStage = (
  store: Store,
  { duplicates = 'last', ...options }: RunOptions & { readonly duplicates?: DuplicateRule } = {},
): RunStage<AdPerformance> => createAdsStage({ store, duplicates, ...common(options) });

const lock = new Mutex();
export const opportunityStage = (store: Store, options: RunOptions = {}): RunStage<Opportunity> =>
  createOpportunityStage({ store, lock, namespace: options.namespace ?? 'shared', ...common(options) });

export async function fill<T>(stage: RunStage<T>, records: Iterable<T>): Promise<void> {
  for (const record of records) {
    stage.add(record);
    if (stage.full) await stage.send();
  }
  await stage.finish();
}

export const applyOptions = (options: Partial<ApplyOptions> = {}): ApplyOptions => ({
  mode: 'replace',
  onDays: async () => undefined,
  signal: new AbortController().signal,
  ...options,
});

/** A whole run: what it says it changed. */
export async function runStage<T>(
  stage: RunStage<T>,
  records: Iterable<T>,
  options: Partial<ApplyOptions> = {},
): Promise<Applied> {
  await fill(stage, records);
  const applied = await stage.apply(applyOptions(options));
  await stage.discard();
  return applied;
}

/** Rows of a statement that a test writes out. */
export const rowsOf = async (store: Store, statement: string): Promise<readonly (readonly unknown[])[]> =>
  (await store.read(new Sql([statement], []))).rows;

export const execute = (
  store: Store,
  statement: string,
  options: Partial<CommandOptions> = {},
): Promise<void> => store.command(new Sql([statement], []), { changesAnswersOf: [], ...options });

const part = z.object({ partition: z.string(), parts: z.number(), rows: z.number() });

/** Active parts by day. */
export const partsOf = (store: Store, table: string): Promise<z.infer<typeof part>[]> =>
  store.select(
    part,
    sql`SELECT partition, count() AS parts, sum(rows) AS rows FROM ${store.layout.system('parts')}
        WHERE active AND database = ${bind('String', store.database)} AND table = ${bind('String', store.layout.heldName(table))}
        GROUP BY partition ORDER BY partition`,
  );
