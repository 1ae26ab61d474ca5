import { randomUUID } from 'node:crypto';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { z } from 'zod';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import { type Day, formatDay } from '../src/records/day.ts';
import { percentile, printTable, progress, ratio } from './table.ts';

const days = 120;
const rounds = 9;

/** Orders of the ads rows of a day. The first is that of `ad_performance`. */
const orders = [
  { title: 'hash of the key', table: 'ads_by_hash', key: '(date, workspace, row_key)' },
  { title: 'campaign, hash', table: 'ads_by_campaign', key: '(date, workspace, campaign_id, row_key)' },
  {
    title: 'channel, campaign, hash',
    table: 'ads_by_channel',
    key: '(date, workspace, channel, campaign_id, row_key)',
  },
] as const;

const columns =
  'date, workspace, channel, campaign_id, ad_group_id, ad_id, utm_campaign, utm_source, utm_medium, utm_content, utm_term, currency, clicks, impressions, cost, source, version, is_deleted';

/** What is asked of a table over so many days. */
const questions = [
  { title: '30 days by channel', days: 30, select: 'channel, sum(cost)', rest: 'GROUP BY channel' },
  {
    title: '120 days by week and channel',
    days,
    select: 'toStartOfWeek(date, 1) AS week, channel, sum(cost)',
    rest: 'GROUP BY week, channel',
  },
  {
    title: '90 days by source and medium',
    days: 90,
    select: 'utm_source, utm_medium, sum(cost)',
    rest: 'GROUP BY utm_source, utm_medium',
  },
  {
    title: 'top campaigns of 120 days',
    days,
    select: 'campaign_id, sum(cost) AS spent',
    rest: 'GROUP BY campaign_id ORDER BY spent DESC LIMIT 20',
  },
  { title: 'one campaign in 7 days', days: 7, select: 'sum(cost)', rest: "AND campaign_id = 'C-1007'" },
] as const;

const sizes = z.array(z.object({ table: z.string(), megabytes: z.number() }));
const spent = z.array(z.object({ id: z.string(), ms: z.number() }));

/**
 * The last 120 days of the ads rows in other orders: what they take on disk, and the processor time of a few questions, first
 * merged and then with every row restated and not merged.
 */
export async function benchSortKeys(server: OwnServer, database: string, today: Day): Promise<void> {
  const client = createClient({
    url: server.url,
    username: server.username,
    password: server.password,
    database,
    request_timeout: 600_000,
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: { max_execution_time: 0 },
  });
  const created = z
    .array(z.object({ statement: z.string() }))
    .parse(
      await rowsOf(
        client,
        `SELECT create_table_query AS statement FROM system.tables WHERE database = '${database}' AND name = 'ad_performance'`,
      ),
    )[0]?.statement;
  const fill = async (table: string, version: string): Promise<void> => {
    const first = formatDay(today - days);
    await client.command({
      query: `INSERT INTO ${table} (${columns}) SELECT ${columns.replace('version', version)} FROM ad_performance FINAL WHERE date >= '${first}'`,
      clickhouse_settings: { max_partitions_per_insert_block: '0' },
    });
  };
  try {
    for (const { title, table, key } of orders) {
      const statement = created
        ?.replace('ad_performance', table)
        .replace(/ORDER BY \([^)]*\)/, `ORDER BY ${key}`);
      await client.command({ query: `DROP TABLE IF EXISTS ${table}` });
      await client.command({ query: statement ?? '' });
      await fill(table, 'version');
      for (let day = today - days; day < today; day++)
        await client.command({ query: `OPTIMIZE TABLE ${table} PARTITION '${formatDay(day)}' FINAL` });
      progress(`${title} is filled`);
    }
    const tables = orders.map(({ table }) => `'${table}'`).join(', ');
    const found = sizes.parse(
      await rowsOf(
        client,
        `SELECT table, sum(bytes_on_disk) / 1e6 AS megabytes FROM system.parts WHERE active AND database = '${database}' AND table IN (${tables}) GROUP BY table`,
      ),
    );
    printTable(
      `Ads rows of ${days} days in other orders`,
      ['order', 'MB'],
      orders.map(({ title, table }) => [
        title,
        (found.find((row) => row.table === table)?.megabytes ?? 0).toFixed(0),
      ]),
    );
    await time(client, 'Processor time, days merged', today);
    for (const { table } of orders) {
      await client.command({ query: `SYSTEM STOP MERGES ${table}` });
      await fill(table, 'version + 1');
    }
    await time(client, 'Processor time, all restated and not yet merged', today);
  } finally {
    for (const { table } of orders) await client.command({ query: `DROP TABLE IF EXISTS ${table}` });
    await client.close();
  }
}

const rowsOf = async (client: ClickHouseClient, query: string): Promise<unknown> =>
  (await client.query({ query, format: 'JSONEachRow' })).json();

async function time(client: ClickHouseClient, title: string, today: Day): Promise<void> {
  const run = randomUUID();
  for (let round = 0; round < rounds; round++)
    for (const [at, question] of questions.entries())
      for (const { table } of orders) {
        const where = `workspace = 'default' AND date BETWEEN '${formatDay(today - question.days)}' AND '${formatDay(today - 1)}'`;
        const answer = await client.query({
          query: `SELECT ${question.select} FROM ${table} FINAL WHERE ${where} ${question.rest}`,
          query_id: `${run}_${at}_${table}_${round}`,
        });
        await answer.text();
      }
  await client.command({ query: 'SYSTEM FLUSH LOGS' });
  const log = spent.parse(
    await rowsOf(
      client,
      `SELECT query_id AS id, (ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / 1000 AS ms FROM system.query_log WHERE type = 'QueryFinish' AND startsWith(query_id, '${run}')`,
    ),
  );
  const medianOf = (at: number, table: string): number =>
    percentile(
      log.filter(({ id }) => id.startsWith(`${run}_${at}_${table}_`)).map(({ ms }) => ms),
      0.5,
    );
  printTable(
    title,
    ['question', ...orders.flatMap((order) => [order.title, 'ratio'])],
    questions.map((question, at) => [
      question.title,
      ...orders.flatMap(({ table }) => [
        `${medianOf(at, table).toFixed(1)} ms`,
        ratio(medianOf(at, table) / medianOf(at, orders[0].table)),
      ]),
    ]),
  );
}
