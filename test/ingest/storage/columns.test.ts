import { Mutex } from 'async-mutex';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { attributionAliases } from '../../../src/aliases/aliases.ts';
import { bind, identifier, join, type Sql, sql } from '../../../src/clickhouse/sql.ts';
import { createAttribution } from '../../../src/ingest/attribution/attribution.ts';
import { adPerformanceTable } from '../../../src/ingest/kinds/ad-performance-table.ts';
import { eventTable } from '../../../src/ingest/kinds/event-table.ts';
import { createOpportunityWriter } from '../../../src/ingest/kinds/opportunity.ts';
import { attributedBy, opportunityTable } from '../../../src/ingest/kinds/opportunity-table.ts';
import { createRowMover } from '../../../src/ingest/ownership/move-rows.ts';
import { valueIn } from '../../../src/ingest/storage/column-set.ts';
import { createDayMerger } from '../../../src/ingest/storage/merge-days.ts';
import type { AdPerformance } from '../../../src/records/ad-performance.ts';
import type { Opportunity } from '../../../src/records/opportunity.ts';
import { openMigratedStore, silent } from '../../support/database.ts';
import { adsStage, dayOf, execute, nextVersion, opportunityStage, runStage } from './support.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const columnRow = z.object({ name: z.string(), type: z.string(), default_expression: z.string() });
type Column = z.infer<typeof columnRow>;

let store: Awaited<ReturnType<typeof openMigratedStore>>;
beforeAll(async () => {
  store = await openMigratedStore();
});
afterAll(() => store.drop());

const columnsOf = (table: string): Promise<Column[]> =>
  store.select(
    columnRow,
    sql`SELECT name, type, default_expression FROM system.columns
        WHERE database = ${bind('String', store.database)} AND table = ${bind('String', store.layout.heldName(table))}`,
  );
const namesOf = async (table: string): Promise<string[]> =>
  (await columnsOf(table)).map(({ name }) => name).sort();

const day = dayOf('2025-08-01');
const workspace = 'default';

/** A value that a column has only where somebody has written it; a type without one makes the test fail. */
function filledWith({ name, type }: Column): Sql {
  const text = (value: string): Sql => sql`${bind('String', value)}`;
  if (name === 'date') return sql`toDate('2025-08-01')`;
  if (name === 'workspace') return text(workspace);
  if (name === 'is_deleted') return sql`0`;
  if (/^(?:LowCardinality\()?String/.test(type)) return text(`of ${name}`);
  if (type.startsWith('Enum8')) return sql`toInt8(2)`;
  if (type.startsWith('DateTime64')) return sql`fromUnixTimestamp64Milli(1754042400123)`;
  if (type === 'Date') return sql`toDate(17)`;
  if (type.startsWith('Map(')) return sql`map('of', ${bind('String', name)})`;
  if (/^(?:UInt|Decimal)/.test(type)) return sql`17`;
  throw new Error(`No value for ${name} ${type}`);
}

/** Puts a row of such values into a table, in all of its columns. */
async function fillRow(table: string): Promise<void> {
  const columns = await columnsOf(table);
  const names = columns.map(({ name }) => identifier(name));
  await store.command(
    sql`INSERT INTO ${identifier(table)} (${join(names, ', ')}) SELECT ${join(columns.map(filledWith), ', ')}`,
    { settings: { insert_allow_materialized_columns: 1 }, changesAnswersOf: [] },
  );
}

/** The rows of a table that are there, every column. */
async function rowsIn(table: string): Promise<Record<string, unknown>[]> {
  const names = await namesOf(table);
  const list = join(names.map(identifier), ', ');
  const { rows } = await store.read(sql`SELECT ${list} FROM ${identifier(table)} FINAL ORDER BY ${list}`);
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
}

/** A record of one kind in which every property has a value of its own. */
const adRecord: AdPerformance = {
  day,
  channel: 'of channel',
  campaignId: 'of campaign_id',
  adGroupId: 'of ad_group_id',
  adId: 'of ad_id',
  utmCampaign: 'of utm_campaign',
  utmSource: 'of utm_source',
  utmMedium: 'of utm_medium',
  utmContent: 'of utm_content',
  utmTerm: 'of utm_term',
  currency: 'EUR',
  breakdowns: { country: 'of country', device: 'of device' },
  clicks: 3,
  impressions: 5,
  cost: 7.25,
  conversions: 2.5,
  conversionValue: 19.75,
  updatedAt: undefined,
  extra: '{"of":"extra"}',
};
const opportunityRecord: Opportunity = {
  opportunityId: 'of opportunity_id',
  createdAt: 1_754_042_400_123,
  day,
  closedAt: 1_755_042_400_456,
  closedDay: day + 11,
  stage: 'closed_won',
  stageName: 'of stage_name',
  isDeleted: false,
  amount: 11.5,
  currency: 'EUR',
  contactHash: 'of contact_hash',
  utmCampaign: 'of utm_campaign',
  utmSource: 'of utm_source',
  utmMedium: 'of utm_medium',
  utmContent: 'of utm_content',
  utmTerm: 'of utm_term',
  updatedAt: undefined,
  extra: '{"of":"extra"}',
};

/** As many copies of a record as it has properties of these, each with another value in one of them. */
function altered<T extends object>(
  record: T,
  properties: readonly (keyof T)[],
  tellApart: (index: number) => Partial<T>,
): T[] {
  return properties.map((property, index) => {
    const value = record[property];
    const other = property === 'stage' ? 'lead' : typeof value === 'number' ? value + 1 : `${value} `;
    return { ...record, ...tellApart(index), [property]: other };
  });
}

describe('every column of a table is declared', () => {
  it.each([adPerformanceTable, opportunityTable, eventTable])('$name', async (table) => {
    expect([...table.names].sort()).toEqual(await namesOf(table.name));
  });

  it('its staged twin has what the record says', async () => {
    const staged = ['run_id', 'position', 'staged_at', 'updated'];
    const ads = [...staged, ...Object.keys(adPerformanceTable.columns), 'is_unread', 'row_key'];
    expect(await namesOf('staged_ad_performance')).toEqual(ads.sort());
    const opportunities = [...staged, ...Object.keys(opportunityTable.columns), 'is_deleted', 'id_key'];
    expect(await namesOf('staged_opportunities')).toEqual(opportunities.sort());
  });

  it.each([
    'ad_performance',
    'staged_ad_performance',
  ])('all of the key but the day is in the row_key of %s', async (table) => {
    const rowKey = (await columnsOf(table)).find(({ name }) => name === 'row_key');
    const hashed = rowKey?.default_expression.match(/[a-z_]+/g);
    const names = Object.keys(adPerformanceTable.key.columns).filter((name) => name !== 'date');
    expect(hashed).toEqual(expect.arrayContaining(names));
  });
});

describe('every column keeps its value', () => {
  const without = (names: readonly string[]) => (row: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
  /** Rows before and after, without columns that are to change. */
  async function expectKept(
    table: string,
    changing: readonly string[],
    work: () => Promise<unknown>,
  ): Promise<void> {
    await store.command(sql`TRUNCATE TABLE ${store.layout.held(table)}`, { changesAnswersOf: [] });
    await fillRow(table);
    const before = await rowsIn(table);
    await work();
    const after = await rowsIn(table);
    expect(after.map(without(changing))).toEqual(before.map(without(changing)));
    if (changing.length > 0) expect(after).not.toEqual(before);
  }

  it('when an opportunity is attributed anew', () =>
    expectKept('opportunities', ['channel', 'campaign_id', 'match'], () =>
      createAttribution({
        store,
        windowDays: 30,
        aliases: attributionAliases,
        lock: new Mutex(),
        eventLock: new Mutex(),
      }).afterOpportunities(workspace, [day], {}),
    ));

  it.each(['ad_performance', 'opportunities'] as const)('when a day of %s is merged', (table) =>
    expectKept(table, [], async () => {
      await fillRow(table);
      const merger = createDayMerger({ store, logger: silent });
      merger.add(table, [day]);
      await merger.idle();
    }));

  it.each([
    ['ad_performance', ['source']],
    ['opportunities', ['source', 'namespace']],
  ] as const)('when a row of %s gets another owner', (table, changing) =>
    expectKept(table, changing, () => {
      const mover = createRowMover({
        store,
        workspace,
        requestId: 'test',
        signal: new AbortController().signal,
      });
      const from = { source: 'of source', namespace: 'of namespace' };
      return mover.move(table, { workspace, from, to: { source: 'another', namespace: 'another' } });
    }));
});

describe('all that a record says is stored', () => {
  const isEmpty = (value: unknown): boolean => value === '' || value === 0;

  it('of ads, staged and written, and each difference is one', async () => {
    await store.command(sql`TRUNCATE TABLE ad_performance`, { changesAnswersOf: [] });
    const tellApart = (index: number) => ({ campaignId: `C-${index}` });
    const properties = ['clicks', 'impressions', 'cost', 'extra'] as const;
    const records = properties.map((_, index) => ({ ...adRecord, ...tellApart(index) }));
    await runStage(adsStage(store), [adRecord, ...records]);
    const row = (await rowsIn('ad_performance')).find(({ campaign_id: id }) => id === 'of campaign_id');
    expect(Object.keys(row ?? {}).filter((name) => isEmpty(row?.[name]))).toEqual(['is_deleted']);
    expect(row).toMatchObject({
      channel: 'of channel',
      utm_source: 'of utm_source',
      utm_medium: 'of utm_medium',
    });
    expect(row).toMatchObject({ utm_content: 'of utm_content', utm_term: 'of utm_term', ad_id: 'of ad_id' });
    expect(row).toMatchObject({ breakdowns: { country: 'of country', device: 'of device' } });
    expect(row).toMatchObject({
      clicks: 3,
      impressions: 5,
      cost: 7.25,
      extra: '{"of":"extra"}',
      currency: 'EUR',
    });
    const applied = await runStage(adsStage(store), [adRecord, ...altered(adRecord, properties, tellApart)]);
    expect(applied).toMatchObject({ written: 5, changed: 4 });
  });

  it('of ads, summed: what the rows agree upon, and their figures together', async () => {
    await store.command(sql`TRUNCATE TABLE ad_performance`, { changesAnswersOf: [] });
    await runStage(adsStage(store, { duplicates: 'sum' }), [adRecord, { ...adRecord, clicks: 4 }]);
    const [row] = await rowsIn('ad_performance');
    expect(Object.keys(row ?? {}).filter((name) => isEmpty(row?.[name]))).toEqual(['is_deleted']);
    expect(row).toMatchObject({ clicks: 7, impressions: 10, cost: 14.5, extra: '{"of":"extra"}' });
  });

  it('of opportunities, staged and written, and each difference is one', async () => {
    await store.command(sql`TRUNCATE TABLE opportunities`, { changesAnswersOf: [] });
    const tellApart = (index: number) => ({ opportunityId: `O-${index}` });
    const { day: _day, opportunityId: _id, isDeleted: _is, updatedAt: _at, ...said } = opportunityRecord;
    const properties = Object.keys(said) as (keyof typeof said)[];
    const records = properties.map((_, index) => ({ ...opportunityRecord, ...tellApart(index) }));
    await runStage(opportunityStage(store), [opportunityRecord, ...records]);
    const row = (await rowsIn('opportunities')).find(({ opportunity_id: id }) => id === 'of opportunity_id');
    // Nothing it could be attributed to.
    expect(Object.keys(row ?? {}).filter((name) => isEmpty(row?.[name]))).toEqual([
      'campaign_id',
      'channel',
      'is_deleted',
    ]);
    expect(row).toMatchObject({
      stage: 'closed_won',
      stage_name: 'of stage_name',
      amount: 11.5,
      currency: 'EUR',
    });
    expect(row).toMatchObject({
      utm_source: 'of utm_source',
      utm_medium: 'of utm_medium',
      utm_term: 'of utm_term',
    });
    expect(row).toMatchObject({ contact_hash: 'of contact_hash', utm_content: 'of utm_content' });
    const others = altered(opportunityRecord, properties, tellApart);
    const applied = await runStage(opportunityStage(store), [opportunityRecord, ...others]);
    expect(applied).toMatchObject({ written: records.length + 1, changed: records.length });
  });
});

describe('the match of an opportunity that comes again with another value', () => {
  const write = async (records: readonly Opportunity[]): Promise<void> => {
    const writer = createOpportunityWriter({
      store,
      workspace,
      source: 'feed',
      namespace: 'shared',
      version: nextVersion(),
      requestId: 'test',
      lock: new Mutex(),
    });
    for (const record of records) writer.add(record);
    await writer.finish();
  };

  it.each([
    ['pulled', (records: readonly Opportunity[]) => runStage(opportunityStage(store), records)],
    ['pushed', write],
  ])('stays unless attribution compares the column: %s', async (_, writeAgain) => {
    await store.command(sql`TRUNCATE TABLE opportunities`, { changesAnswersOf: [] });
    const { day: _day, opportunityId: _id, isDeleted: _is, updatedAt: _at, ...said } = opportunityRecord;
    const properties = Object.keys(said) as (keyof typeof said)[];
    const tellApart = (index: number) => ({ opportunityId: `O-${index}` });
    await write(properties.map((_property, index) => ({ ...opportunityRecord, ...tellApart(index) })));
    await execute(
      store,
      `INSERT INTO opportunities SELECT * REPLACE ('google' AS channel, 'C-1' AS campaign_id, 'EXACT' AS match) FROM opportunities FINAL`,
    );
    const changed = altered(opportunityRecord, properties, tellApart);
    await writeAgain(changed);
    const open = (await rowsIn('opportunities')).filter(({ channel }) => channel === '');
    const differs = (record: Opportunity): boolean =>
      attributedBy.some((column) => valueIn(record, column) !== valueIn(opportunityRecord, column));
    expect(open.map((row) => row.opportunity_id).sort()).toEqual(
      changed
        .filter(differs)
        .map(({ opportunityId }) => opportunityId)
        .sort(),
    );
    expect(open).toHaveLength(attributedBy.length);
  });
});
