import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../../src/clickhouse/sql.ts';
import { createAttributionQueue } from '../../../src/ingest/attribution/queue.ts';
import { attributedEvents, eventSet, eventSetAttributions } from '../../../src/metrics/attributed-events.ts';
import { parseIsoDay } from '../../../src/records/day.ts';
import { openMigratedStore, silent, truncateTables } from '../../support/database.ts';
import { createRecordLoader } from '../../support/records.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
let load: ReturnType<typeof createRecordLoader>;
let other: ReturnType<typeof createRecordLoader>;
beforeAll(async () => {
  store = await openMigratedStore();
  load = createRecordLoader(store);
  other = createRecordLoader(store, { workspace: 'other' });
});
afterEach(() => truncateTables(store));
afterAll(() => store.drop());

type Utms = readonly [campaign: string, source?: string, medium?: string, day?: string];
const utms = ([utm_campaign, utm_source = 'google', utm_medium = 'cpc']: Utms) => ({
  utm_campaign,
  utm_source,
  utm_medium,
});
const ad = (campaign_id: string, values: Utms, changes: Record<string, unknown> = {}) => ({
  date: values[3] ?? '2025-08-10',
  channel: 'ads',
  campaign_id,
  clicks: 1,
  impressions: 1,
  cost: 1,
  ...utms(values),
  ...changes,
});
const event = (event_id: string, values: Utms) => ({
  event_id,
  timestamp: `${values[3] ?? '2025-08-10'}T10:00:00Z`,
  service: 'shop',
  message: 'visit',
  ...utms(values),
});
const lead = (opportunity_id: string, values: Utms) => ({
  opportunity_id,
  created_at: `${values[3] ?? '2025-08-10'}T10:00:00Z`,
  stage: 'lead',
  ...utms(values),
});
const day = (text: string): number => parseIsoDay(text) ?? 0;
const august = { from: day('2025-08-01'), to: day('2025-08-31') };
const rows = z.object({ id: z.string(), found: z.string() });
/** What each event is attributed to, as `campaign MATCH`. */
const attributed = async (workspace = 'default'): Promise<Record<string, string>> => {
  const found = await store.select(
    rows,
    sql`SELECT event_id AS id, trimLeft(concat(campaign_id, ' ', match)) AS found FROM ${attributedEvents(workspace, august)} ORDER BY id`,
  );
  return Object.fromEntries(found.map(({ id, found: text }) => [id, text]));
};
const versions = async (): Promise<number> => {
  const [row] = await store.select(
    z.object({ written: z.number() }),
    sql`SELECT count() AS written FROM event_attributions`,
  );
  return row?.written ?? 0;
};

it('an event finds what an opportunity of its day and UTMs finds', async () => {
  await load.ads([
    ad('exact', ['a']),
    ad('window', ['b', 'google', 'cpc', '2025-08-02']),
    ad('alone', ['c', 'bing']),
    ad('template', ['brand_{network}']),
    ad('alias', ['d', 'facebook']),
    ad('CAMP-7', ['e']),
    ad('renamed', ['old', 'google', 'cpc', '2025-06-01']),
    ad('renamed', ['new']),
    ad('gap', ['unknown']),
  ]);
  const asked: readonly Utms[] = [
    ['a'],
    ['b'],
    ['c', 'unknown'],
    ['c', 'google'],
    ['brand_g'],
    ['d', 'ig'],
    ['camp-7'],
    ['old'],
    ['unknown'],
    ['a', 'google', 'cpc', '2025-08-12'],
    ['a', 'google', 'cpc', '2025-08-01'],
  ];
  await load.crm(asked.map((values, index) => lead(String(index), values)));
  await load.events(asked.map((values, index) => event(String(index), values)));
  const leads = await store.select(
    rows,
    sql`SELECT opportunity_id AS id, trimLeft(concat(campaign_id, ' ', match)) AS found FROM opportunities FINAL`,
  );
  expect(await attributed()).toEqual(Object.fromEntries(leads.map(({ id, found }) => [id, found])));
  expect(await attributed()).toMatchObject({
    0: 'exact EXACT',
    1: 'window WINDOW',
    2: 'alone CAMPAIGN',
    4: 'template EXACT',
    5: 'alias EXACT',
    6: 'CAMP-7 EXACT',
    7: 'renamed EXACT',
    8: 'UNATTRIBUTED',
  });
});

describe('whatever comes first', () => {
  it('events, then ads; and what is right already is not written again', async () => {
    await load.events([
      event('1', ['x']),
      event('2', ['x']),
      event('3', ['y']),
      event('4', ['x', 'google', 'cpc', '2025-08-20']),
    ]);
    expect(await attributed()).toMatchObject({ 1: 'UNATTRIBUTED', 3: 'UNATTRIBUTED', 4: 'UNATTRIBUTED' });
    await load.ads([ad('C', ['x'])]);
    expect(await attributed()).toEqual({ 1: 'C EXACT', 2: 'C EXACT', 3: 'UNATTRIBUTED', 4: 'C WINDOW' });
    const written = await versions();
    await load.events([event('5', ['x']), event('6', ['y'])]);
    await load.ads([ad('C', ['x'], { cost: 9 })]);
    expect(await versions()).toBe(written);
    expect(await attributed()).toMatchObject({ 5: 'C EXACT', 6: 'UNATTRIBUTED' });
  });

  it('ads rows that are taken away leave it unattributed again', async () => {
    await load.ads([ad('C', ['x'])]);
    await load.events([event('1', ['x'])]);
    expect(await attributed()).toEqual({ 1: 'C EXACT' });
    await store.command(sql`ALTER TABLE ad_performance DELETE WHERE 1`, {
      changesAnswersOf: [],
      settings: { mutations_sync: '2' },
    });
    await load.attribution.afterAds('default', [day('2025-08-10')], {}, async () => undefined);
    expect(await attributed()).toEqual({ 1: 'UNATTRIBUTED' });
    await load.ads([ad('C', ['x'], { clicks: 2 })]);
    expect(await attributed()).toEqual({ 1: 'C EXACT' });
  });

  it('a name that comes later than the event and its campaign’s rows', async () => {
    await load.ads([ad('C', ['new'])]);
    await load.events([event('1', ['old'])]);
    await load.ads([ad('C', ['old', 'google', 'cpc', '2025-05-01'])]);
    expect(await attributed()).toEqual({ 1: 'C EXACT' });
  });
});

it('every event is in one group: their counts by channel are the count of all', async () => {
  await load.ads([
    ad('A', ['a'], { channel: 'search' }),
    ad('B', ['b'], { channel: 'social' }),
    ad('B2', ['b'], { channel: 'social', clicks: 9 }),
  ]);
  await load.events(
    Array.from({ length: 60 }, (_, index) =>
      event(String(index), [
        ['a', 'b', 'c', 'unknown'][index % 4] ?? '',
        'google',
        'cpc',
        `2025-08-${10 + (index % 9)}`,
      ]),
    ),
  );
  // Events that nobody has looked at, and one that comes again.
  await load.eventsOnly([event('60', ['z']), event('0', ['a', 'google', 'cpc', '2025-08-10'])]);
  const counts = z.object({ channel: z.string(), events: z.number() });
  const expected = [
    { channel: '', events: 31 },
    { channel: 'search', events: 15 },
    { channel: 'social', events: 15 },
  ];
  expect(
    await store.select(
      counts,
      sql`SELECT channel, count() AS events FROM ${attributedEvents('default', august)} GROUP BY channel ORDER BY channel`,
    ),
  ).toEqual(expected);
  expect(
    await store.select(
      counts,
      sql`SELECT channel, sum(counted) AS events
          FROM (SELECT ${eventSet} AS event_set, count() AS counted FROM events FINAL WHERE workspace = 'default' GROUP BY event_set) AS counts
          ANY LEFT JOIN ${eventSetAttributions('default', august)} AS attributed USING (event_set)
          GROUP BY channel ORDER BY channel`,
    ),
  ).toEqual(expected);
});

it('workspaces do not see each other’s ads', async () => {
  await load.ads([ad('mine', ['x'])]);
  await other.ads([ad('theirs', ['x'])]);
  await load.events([event('1', ['x'])]);
  await other.events([event('1', ['x']), event('2', ['y'])]);
  expect(await attributed()).toEqual({ 1: 'mine EXACT' });
  expect(await attributed('other')).toEqual({ 1: 'theirs EXACT', 2: 'UNATTRIBUTED' });
});

it('events that nobody has looked at are attributed at the next start, whatever is noted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-events-'));
  await load.ads([ad('C', ['x'])]);
  await other.ads([ad('D', ['y'])]);
  await load.eventsOnly([event('1', ['x'])]);
  await other.eventsOnly([event('2', ['y'])]);
  const queue = await createAttributionQueue({
    attribution: load.attribution,
    file: join(folder, 'pending.json'),
    logger: silent,
  });
  await expect.poll(() => attributed(), { timeout: 10_000 }).toEqual({ 1: 'C EXACT' });
  await expect.poll(() => attributed('other'), { timeout: 10_000 }).toEqual({ 2: 'D EXACT' });
  await queue.stop();
  await rm(folder, { recursive: true });
});
