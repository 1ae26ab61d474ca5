import { Mutex } from 'async-mutex';
import { attributionAliases } from '../src/aliases/aliases.ts';
import { bind, sql } from '../src/clickhouse/sql.ts';
import type { Store } from '../src/clickhouse/store.ts';
import { createAttribution } from '../src/ingest/attribution/attribution.ts';
import { type Day, formatDay } from '../src/records/day.ts';
import { progress } from './table.ts';

const days = 365;
/** Of as many ads rows there is one opportunity. */
const adRowsPerOpportunity = 10;

const daysPerInsert = 30;
const unlimited = { settings: { max_execution_time: 0, max_memory_usage: '0' } } as const;

/** Fills a database with so many ads rows, and a tenth of opportunities, over the 365 days before `today`, attributed and merged. */
export async function loadData(store: Store, today: Day, adRows: number): Promise<void> {
  const opportunityRows = adRows / adRowsPerOpportunity;
  const first = today - days;
  const rowsPerDay = Math.ceil(adRows / days);
  for (let from = first; from < today; from += daysPerInsert) {
    const count = Math.min(daysPerInsert, today - from);
    await store.command(
      sql`INSERT INTO ad_performance (date, workspace, channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium,
            utm_content, utm_term, currency, clicks, impressions, cost, source, version, is_deleted)
          WITH number % ${bind('UInt64', rowsPerDay)} AS n, n % 400 AS campaign, campaign % 4 AS platform
          SELECT toDate(${bind('Date', formatDay(from))}) + intDiv(number, ${bind('UInt64', rowsPerDay)}), 'default',
                 ['google_ads', 'meta_ads', 'linkedin_ads', 'tiktok_ads'][platform + 1], concat('C-', toString(1000 + campaign)),
                 concat('G-', toString(n % 4000)), concat('A-', toString(n)), concat('campaign_', toString(campaign)),
                 ['google', 'facebook', 'linkedin', 'tiktok'][platform + 1], ['cpc', 'paid_social', 'display'][n % 3 + 1],
                 concat('content_', toString(n % 40)), 'unknown', 'USD',
                 cityHash64(number) % 200, cityHash64(number) % 200 * 30 + 17, (cityHash64(number, 1) % 50000) / 100, 'bench', 1, 0
          FROM numbers(${bind('UInt64', rowsPerDay * count)})`,
      { ...unlimited, changesAnswersOf: [] },
    );
  }
  progress(`${adRows.toLocaleString('en')} ads rows are in`);
  const opportunitiesPerDay = Math.ceil(opportunityRows / days);
  for (let from = first; from < today; from += daysPerInsert) {
    const count = Math.min(daysPerInsert, today - from);
    await store.command(
      sql`INSERT INTO opportunities (date, workspace, opportunity_id, created_at, stage, stage_name, amount, currency, contact_hash,
            utm_campaign, utm_source, utm_medium, utm_content, utm_term, channel, campaign_id, match, source, namespace, version, is_deleted)
          WITH toDate(${bind('Date', formatDay(from))}) + intDiv(number, ${bind('UInt64', opportunitiesPerDay)}) AS day,
               cityHash64(day, number) AS random, random % 420 AS campaign, campaign % 4 AS platform
          SELECT day, 'default', concat('O-', toString(toUInt16(day)), '-', toString(number)), toDateTime64(day, 3, 'UTC'),
                 ['lead', 'lead', 'lead', 'opportunity', 'closed_won', 'closed_lost'][random % 6 + 1], 'bench', random % 10000, 'USD', '',
                 concat('campaign_', toString(campaign)), ['google', 'facebook', 'linkedin', 'tiktok'][platform + 1],
                 ['cpc', 'paid_social', 'display', 'unknown'][random % 4 + 1], 'unknown', 'unknown', '', '', 'UNATTRIBUTED', 'bench', 'bench', 1, 0
          FROM numbers(${bind('UInt64', opportunitiesPerDay * count)})`,
      { ...unlimited, changesAnswersOf: [] },
    );
  }
  progress(`${opportunityRows.toLocaleString('en')} opportunities are in`);
  const started = performance.now();
  const attribution = createAttribution({
    store,
    aliases: attributionAliases,
    windowDays: 30,
    lock: new Mutex(),
    eventLock: new Mutex(),
  });
  await attribution.afterOpportunities(
    'default',
    Array.from({ length: days }, (_, index) => first + index),
    { requestId: 'bench' },
  );
  progress(`all opportunities attributed in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  await mergeAll(store, first, today);
  progress('all days merged');
}

async function mergeAll(store: Store, first: Day, today: Day): Promise<void> {
  for (const table of ['ad_performance', 'opportunities']) {
    for (let day = first; day < today; day++) {
      await store.command(
        sql`OPTIMIZE TABLE ${store.layout.held(table)} PARTITION ${bind('String', formatDay(day))} FINAL`,
        { ...unlimited, everywhere: true, changesAnswersOf: [] },
      );
    }
  }
}

/** Every row once more with other figures, unmerged: what a restatement of all days leaves until it is merged. */
export async function restate(store: Store, today: Day): Promise<void> {
  await store.command(sql`SYSTEM STOP MERGES ad_performance`, { changesAnswersOf: [] });
  for (let from = today - days; from < today; from += daysPerInsert)
    await restateDays(store, from, Math.min(from + daysPerInsert, today) - 1);
  progress('all days restated');
}

async function restateDays(store: Store, from: Day, to: Day): Promise<void> {
  await store.command(
    sql`INSERT INTO ad_performance (date, workspace, channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium,
          utm_content, utm_term, currency, clicks, impressions, cost, source, version, is_deleted)
        SELECT date, workspace, channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium, utm_content, utm_term,
               currency, clicks + 1, impressions, cost, source, 2, 0
        FROM ad_performance FINAL WHERE date BETWEEN ${bind('Date', formatDay(from))} AND ${bind('Date', formatDay(to))}`,
    { ...unlimited, changesAnswersOf: [] },
  );
}
