import { fileURLToPath } from 'node:url';
import { Mutex } from 'async-mutex';
import { attributionAliases } from '../src/aliases/aliases.ts';
import { createDatabase, migrate } from '../src/clickhouse/migrations/migrate.ts';
import { bind, type Sql, sql } from '../src/clickhouse/sql.ts';
import type { Store } from '../src/clickhouse/store.ts';
import { createAliasRegister } from '../src/ingest/attribution/alias-register.ts';
import { createAttribution } from '../src/ingest/attribution/attribution.ts';
import { createLogger } from '../src/logger.ts';
import { attributedEvents, eventSet, eventSetAttributions } from '../src/metrics/attributed-events.ts';
import { type Day, formatDay } from '../src/records/day.ts';
import { ms, percentile, printTable, progress, ratio } from './table.ts';

const windowDays = 30;
const rounds = 10;
const call = { requestId: 'bench' };
const writing = {
  changesAnswersOf: [],
  settings: { max_execution_time: 0, max_memory_usage: '0', max_partitions_per_insert_block: '0' },
} as const;

const daysFrom = (first: Day, count: number): Day[] =>
  Array.from({ length: count }, (_, index) => first + index);
const date = (first: Day, perDay: number): Sql =>
  sql`toDate(${bind('Date', formatDay(first))}) + intDiv(number, ${bind('UInt64', perDay)})`;
const said = (campaigns: number): Sql => sql`
  concat('campaign_', toString(random % ${bind('UInt64', campaigns)})) AS utm_campaign,
  ['google', 'facebook', 'linkedin', 'tiktok'][random % 4 + 1] AS utm_source,
  ['cpc', 'paid_social', 'display', 'unknown'][intDiv(random, 4) % 4 + 1] AS utm_medium`;

async function insertAds(store: Store, first: Day, days: number, perDay: number, campaigns: number) {
  await store.command(
    sql`INSERT INTO ad_performance (date, workspace, channel, campaign_id, ad_id, utm_campaign, utm_source, utm_medium, utm_content, utm_term,
          currency, clicks, impressions, cost, source, version, is_deleted)
        WITH number % ${bind('UInt64', perDay)} AS random
        SELECT ${date(first, perDay)}, 'default', concat('channel_', toString(random % 4)),
               concat('C-', toString(random % ${bind('UInt64', campaigns)})), toString(random), ${said(campaigns)}, '', '', 'USD',
               cityHash64(number) % 200, 1000, 1, 'bench', 1, 0
        FROM numbers(${bind('UInt64', perDay * days)})`,
    writing,
  );
}

async function insertOpportunities(
  store: Store,
  first: Day,
  days: number,
  perDay: number,
  campaigns: number,
) {
  await store.command(
    sql`INSERT INTO opportunities (date, workspace, opportunity_id, created_at, stage, amount, currency, utm_campaign, utm_source, utm_medium,
          utm_content, utm_term, match, source, namespace, version, is_deleted)
        WITH ${date(first, perDay)} AS day, cityHash64(number) AS random
        SELECT day, 'default', toString(number), toDateTime64(day, 3, 'UTC'), 'lead', random % 10000, 'USD', ${said(campaigns)}, '', '',
               'UNATTRIBUTED', 'bench', 'bench', 1, 0
        FROM numbers(${bind('UInt64', perDay * days)})`,
    writing,
  );
}

async function insertEvents(store: Store, first: Day, days: number, perDay: number, campaigns: number) {
  for (const day of daysFrom(first, days)) {
    await store.command(
      sql`INSERT INTO events (workspace, date, service, timestamp, event_id, message, metadata, utm_campaign, utm_source, utm_medium,
            utm_content, utm_term, version, is_deleted)
          WITH cityHash64(number) AS random
          SELECT 'default', ${date(day, perDay)}, ['shop', 'blog'][random % 2 + 1],
                 toDateTime64(${bind('Date', formatDay(day))}, 3, 'UTC') + number / 20, hex(random), 'visit', '{}', ${said(campaigns)}, '', '', 1, 0
          FROM numbers(${bind('UInt64', perDay)})`,
      writing,
    );
  }
}

/** What any attribution has to read at least: the latest ads day with the UTMs of each lead, and nothing but these. */
const byOwnValues = (first: Day, days: number): Sql => {
  const range = (from: Day): Sql =>
    sql`workspace = 'default' AND date BETWEEN ${bind('Date', formatDay(from))} AND ${bind('Date', formatDay(first + days - 1))}`;
  return sql`
    SELECT count(), countIf(campaign = '') FROM (SELECT date, utm_campaign, utm_source, utm_medium FROM opportunities FINAL WHERE ${range(first)}) AS lead
    ASOF LEFT JOIN (
      SELECT date, utm_campaign, utm_source, utm_medium, argMax(campaign_id, clicks) AS campaign
      FROM ad_performance FINAL WHERE ${range(first - windowDays)} GROUP BY ALL
    ) AS ads
      ON lead.utm_campaign = ads.utm_campaign AND lead.utm_source = ads.utm_source AND lead.utm_medium = ads.utm_medium AND lead.date >= ads.date`;
};

async function timesOf(work: () => Promise<unknown>, count = rounds): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < count; round++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return times;
}

const rowOf = (title: string, times: readonly number[], reference: readonly number[]): string[] => [
  title,
  ms(percentile(times, 0.5)),
  ms(percentile(times, 0.95)),
  ratio(percentile(times, 0.5) / percentile(reference, 0.5)),
];

/** Attributes opportunities and events, and reads events by their attribution. Each part beside the least that it could be. */
export async function benchAttribution(openStore: (database: string) => Store, today: Day): Promise<void> {
  const database = 'bench_attribution';
  const bootstrap = openStore('default');
  await createDatabase(bootstrap, database);
  await bootstrap.close();
  const store = openStore(database);
  const folder = fileURLToPath(new URL('../clickhouse', import.meta.url));
  await migrate({ store, folder, logger: createLogger({ level: 'warn' }) });
  const attribution = createAttribution({
    store,
    windowDays,
    aliases: attributionAliases,
    register: createAliasRegister({ store, lock: new Mutex() }),
    lock: new Mutex(),
    eventLock: new Mutex(),
  });
  const header = ['what', 'p50', 'p95', 'ratio'];
  try {
    const rows: string[][] = [];
    for (const [title, first, days, perDay, campaigns, adsPerDay] of [
      ['8,000 over 40 days, 14,000 ads rows', today - 400, 40, 200, 40, 200],
      ['a million over 31 days, 1.8 million ads rows', today - 200, 31, 32_000, 400, 30_000],
    ] as const) {
      await insertAds(store, first - windowDays, days + windowDays, adsPerDay, campaigns);
      await attribution.afterAds(
        'default',
        daysFrom(first - windowDays, days + windowDays),
        call,
        async () => undefined,
      );
      await insertOpportunities(store, first, days, perDay, campaigns);
      const attribute = () => attribution.afterOpportunities('default', daysFrom(first, days), call);
      progress(`opportunities: ${title}`);
      const all = await timesOf(attribute, 1);
      const least = await timesOf(() => store.read(byOwnValues(first, days)));
      rows.push(rowOf(`${title}: all match anew`, all, least));
      rows.push(rowOf(`${title}: none does`, await timesOf(attribute), least));
    }
    printTable(
      'Attribution of opportunities; ratios to a query that finds their own values only',
      header,
      rows,
    );

    const [first, days, perDay] = [today - 7, 7, 1_000_000];
    const range = { from: first, to: first + days - 1 };
    await insertAds(store, first - windowDays, days + windowDays, 30_000, 400);
    await attribution.afterAds(
      'default',
      daysFrom(first - windowDays, days + windowDays),
      call,
      async () => undefined,
    );
    await insertEvents(store, first, days, perDay, 400);
    progress('7 million events are in');
    const attributeDay = async (): Promise<void> => {
      await store.command(sql`TRUNCATE TABLE event_attributions`, { changesAnswersOf: [] });
      await attribution.afterEvents('default', [first], call);
    };
    const read = (statement: Sql) => timesOf(() => store.read(statement));
    const on = sql`workspace = 'default' AND date BETWEEN ${bind('Date', formatDay(range.from))} AND ${bind('Date', formatDay(range.to))}`;
    const oneDay = await timesOf(attributeDay);
    await attribution.afterEvents('default', daysFrom(first, days), call);
    const again = await timesOf(() => attribution.afterEvents('default', [first], call));
    const ads = await timesOf(() => attribution.afterAds('default', [first], call, async () => undefined));
    const plain = await read(
      sql`SELECT utm_source, count() FROM events FINAL WHERE ${on} GROUP BY utm_source`,
    );
    const rowByRow = await read(
      sql`SELECT channel, count() FROM ${attributedEvents('default', range)} GROUP BY channel`,
    );
    const setBySet = await read(
      sql`SELECT channel, sum(counted)
          FROM (SELECT ${eventSet} AS event_set, count() AS counted FROM events FINAL WHERE ${on} GROUP BY event_set) AS counts
          ANY LEFT JOIN ${eventSetAttributions('default', range)} AS attributed USING (event_set)
          GROUP BY channel`,
    );
    printTable('Attribution of events, a million a day; ratios to the first row of each table', header, [
      rowOf('a day is attributed', oneDay, oneDay),
      rowOf('nothing is new on that day', again, oneDay),
      rowOf('ads rows of a day change', ads, oneDay),
    ]);
    printTable('Counts over 7 million events', header, [
      rowOf('by utm_source', plain, plain),
      rowOf('by channel, joined event by event', rowByRow, plain),
      rowOf('by channel, joined set by set', setBySet, plain),
    ]);
  } finally {
    await store.close();
  }
}
