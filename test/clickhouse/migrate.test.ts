import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { migrate } from '../../src/clickhouse/migrations/migrate.ts';
import { applyRetention } from '../../src/clickhouse/retention.ts';
import { bind, Sql, sql } from '../../src/clickhouse/sql.ts';
import { createLogger } from '../../src/logger.ts';
import { migrationsFolder, openStore, silent } from '../support/database.ts';

let store: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  store = await openStore();
});
afterAll(() => store.drop());

const names = async (): Promise<string[]> =>
  (await readdir(migrationsFolder)).filter((name) => name.endsWith('.sql')).sort();
const ledger = async (): Promise<string[]> =>
  (
    await store.select(
      z.object({ name: z.string() }),
      sql`SELECT name FROM schema_migrations FINAL ORDER BY name`,
    )
  ).map(({ name }) => name);

it('is safe when two programs migrate an empty database at once, and again afterwards', async () => {
  const options = { store, folder: migrationsFolder, logger: silent };
  await Promise.all([migrate(options), migrate(options)]);
  await migrate(options);
  expect(await ledger()).toEqual(await names());
});

it('makes every table by day, with workspace and day in the sort key, and a TTL that drops whole parts', async () => {
  const rows = await store.select(
    z.object({
      name: z.string(),
      partition_key: z.string(),
      sorting_key: z.string(),
      engine_full: z.string(),
    }),
    sql`SELECT name, partition_key, sorting_key, engine_full FROM system.tables
        WHERE database = ${bind('String', store.database)} AND name != 'schema_migrations' ORDER BY name`,
  );
  const kept = [
    'ad_performance',
    'audit_log',
    'event_attributions',
    'events',
    'ingest_runs',
    'opportunities',
    'rejected_records',
  ];
  const passing = [
    'alert_states',
    'attribution_aliases',
    'campaign_names',
    'data_versions',
    'exchange_rates',
    'leases',
    'planned_opportunities',
    'push_answers',
    'raw_landing',
    'rollup_days',
    'rollup_sums',
    'rollups',
    'run_cancellations',
    'saved_views',
    'share_links',
    'sink_exports',
    'staged_ad_performance',
    'staged_exchange_rates',
    'staged_opportunities',
  ];
  expect(rows.map(({ name }) => name)).toEqual([...kept, ...passing].sort());
  for (const row of rows.filter(({ name }) => kept.includes(name))) {
    expect(row.partition_key, row.name).toBe('date');
    expect(row.sorting_key, row.name).toMatch(/^date, workspace, /);
    // Nothing is deleted from the audit log; a set of events that is attributed no longer is a row that says so.
    const columns = ['audit_log', 'event_attributions'].includes(row.name)
      ? '(version)'
      : '(version, is_deleted)';
    expect(row.engine_full, row.name).toContain(`ReplacingMergeTree${columns}`);
    expect(row.engine_full, row.name).toContain('TTL date');
    expect(row.engine_full, row.name).toContain('ttl_only_drop_parts = 1');
  }
});

it('keeps exchange rates by year and for good', async () => {
  const [row] = await store.select(
    z.object({ partition_key: z.string(), sorting_key: z.string(), engine_full: z.string() }),
    sql`SELECT partition_key, sorting_key, engine_full FROM system.tables
        WHERE database = ${bind('String', store.database)} AND name = 'exchange_rates'`,
  );
  expect(row).toMatchObject({ partition_key: 'toYear(date)', sorting_key: 'workspace, date, base, quote' });
  expect(row?.engine_full).toContain('ReplacingMergeTree(version, is_deleted)');
  expect(row?.engine_full).not.toContain('TTL');
});

it('changes the retention when it is configured otherwise', async () => {
  await applyRetention({ store, days: { events: 7 }, logger: silent });
  const [row] = await store.select(
    z.object({ engine_full: z.string() }),
    sql`SELECT engine_full FROM system.tables WHERE database = ${bind('String', store.database)} AND name = 'events'`,
  );
  expect(row?.engine_full).toContain('TTL date + toIntervalDay(7)');
});

it('refuses a migration that was edited after it was applied, by name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-migrations-'));
  try {
    await cp(migrationsFolder, folder, { recursive: true });
    const [first = ''] = await names();
    await writeFile(join(folder, first), `${await readFile(join(folder, first), 'utf8')}\n-- edited`);
    await expect(migrate({ store, folder, logger: silent })).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining(first),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('an older version that starts on the database of a newer one says so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-migrations-'));
  const newest = (await names()).at(-1) ?? '';
  await cp(migrationsFolder, folder, { recursive: true, filter: (path) => !path.endsWith(newest) });
  const warnings: unknown[] = [];
  const logger = createLogger({
    level: 'warn',
    destination: { write: (line: string) => void warnings.push(JSON.parse(line).migration) },
  });
  await migrate({ store, folder, logger });
  await rm(folder, { recursive: true });
  expect(warnings).toEqual([newest]);
});

it('gives opportunities that are stored a namespace in their key, also when it is broken off and begun again', async () => {
  const before = await mkdtemp(join(tmpdir(), 'utmql-migrations-'));
  const old = await openStore();
  try {
    const earlier = (await names()).filter((name) => name < '0030');
    for (const name of earlier) await cp(join(migrationsFolder, name), join(before, name));
    await migrate({ store: old, folder: before, logger: silent });
    await applyRetention({ store: old, days: { opportunities: 20_000 }, logger: silent });
    await old.command(
      sql`INSERT INTO opportunities (workspace, date, opportunity_id, amount, source, version)
          SELECT 'default', toDate('2025-08-01') + number % 3, toString(number), number, 'crm', 1 FROM numbers(1000)`,
      { changesAnswersOf: [] },
    );
    const sum = z.object({ rows: z.number(), amount: z.number() });
    const stored = (): Promise<unknown> =>
      old.select(sum, sql`SELECT count() AS rows, toFloat64(sum(amount)) AS amount FROM opportunities FINAL`);
    const expected = [{ rows: 1_000, amount: 499_500 }];
    expect(await stored()).toEqual(expected);
    for (let turn = 0; turn < 2; turn++) {
      await migrate({ store: old, folder: migrationsFolder, logger: silent });
      expect(await stored()).toEqual(expected);
      // As if it had been killed before it could note that it was done.
      await old.command(sql`TRUNCATE TABLE schema_migrations`, { changesAnswersOf: [] });
    }
    await old.command(
      sql`INSERT INTO opportunities (workspace, date, opportunity_id, amount, source, namespace, version)
          SELECT 'default', toDate('2025-08-01') + number % 3, toString(number), number, 'eu', 'eu', 1 FROM numbers(1000)`,
      { changesAnswersOf: [] },
    );
    await old.command(sql`OPTIMIZE TABLE opportunities FINAL`, { changesAnswersOf: [] });
    expect(await stored()).toEqual([{ rows: 2_000, amount: 999_000 }]);
  } finally {
    await old.drop();
    await rm(before, { recursive: true });
  }
});

it('finds stored ads rows by the key that they had before there were breakdowns', async () => {
  const before = await mkdtemp(join(tmpdir(), 'utmql-migrations-'));
  const old = await openStore();
  try {
    for (const name of (await names()).filter((each) => each < '0034')) {
      await cp(join(migrationsFolder, name), join(before, name));
    }
    await migrate({ store: old, folder: before, logger: silent });
    await applyRetention({ store: old, days: { ad_performance: 20_000 }, logger: silent });
    const write = (version: number, breakdowns?: string): Promise<void> =>
      old.command(
        new Sql(
          [
            `INSERT INTO ad_performance (workspace, date, channel, campaign_id, cost, version${breakdowns === undefined ? '' : ', breakdowns'})
             SELECT 'default', toDate('2025-08-01') + number % 3, 'google', toString(number), ${version}, ${version}${breakdowns === undefined ? '' : `, ${breakdowns}`}
             FROM numbers(300)`,
          ],
          [],
        ),
        { changesAnswersOf: [] },
      );
    await write(1);
    const row = z.object({ rows: z.number(), cost: z.number(), keys: z.string() });
    const stored = async (): Promise<z.infer<typeof row>> => {
      const [found] = await old.select(
        row,
        sql`SELECT count() AS rows, toFloat64(sum(cost)) AS cost, toString(groupBitXor(row_key)) AS keys FROM ad_performance FINAL`,
      );
      return found ?? { rows: 0, cost: 0, keys: '' };
    };
    const first = await stored();
    expect(first).toMatchObject({ rows: 300, cost: 300 });
    for (let turn = 0; turn < 2; turn++) {
      await migrate({ store: old, folder: migrationsFolder, logger: silent });
      await old.command(sql`TRUNCATE TABLE schema_migrations`, { changesAnswersOf: [] });
    }
    await write(2);
    await write(3, 'map()');
    expect(await stored()).toEqual({ ...first, cost: 900 });
    await write(1, `map('country', 'DE')`);
    await write(1, `map('country', 'FR')`);
    await write(1, `map('device', 'DE')`);
    expect(await stored()).toMatchObject({ rows: 1_200, cost: 1_800 });
  } finally {
    await old.drop();
    await rm(before, { recursive: true });
  }
});
