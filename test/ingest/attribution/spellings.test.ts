import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sql } from '../../../src/clickhouse/sql.ts';
import { formatDay } from '../../../src/records/day.ts';
import { openMigratedStore, truncateTables } from '../../support/database.ts';
import { createRecordLoader } from '../../support/records.ts';

let store: Awaited<ReturnType<typeof openMigratedStore>>;
let load: ReturnType<typeof createRecordLoader>;
beforeAll(async () => {
  store = await openMigratedStore();
  load = createRecordLoader(store);
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
  date: '2025-08-10',
  channel: 'ads',
  campaign_id,
  clicks: 1,
  impressions: 1,
  cost: 1,
  ...utms(values),
  ...changes,
});
const rows = z.object({ opportunity_id: z.string(), found: z.string() });
/** What leads with these UTMs are attributed to, each as `campaign MATCH`. */
async function attributed(leads: readonly Utms[]): Promise<string[]> {
  await load.crm(
    leads.map((values, index) => ({
      opportunity_id: String(index),
      created_at: `${values[3] ?? '2025-08-10'}T10:00:00Z`,
      stage: 'lead',
      ...utms(values),
    })),
  );
  const stored = await store.select(
    rows,
    sql`SELECT opportunity_id, trimLeft(concat(campaign_id, ' ', toString(match))) AS found FROM opportunities FINAL
        ORDER BY toUInt32(opportunity_id)`,
  );
  return stored.map(({ found }) => found);
}

describe('placeholders that the platform fills in at the click', () => {
  it('match whatever stands in their place, in each of the three', async () => {
    await load.ads([
      ad('C', ['brand_{network}']),
      ad('S', ['fixed', 'meta-{{site_source_name}}', 'paid_{placement}_{{x}}']),
    ]);
    expect(
      await attributed([
        ['brand_g'],
        ['Brand_S'],
        ['brand_'],
        ['brand'],
        ['other_brand_g'],
        ['brand_g', 'bing'],
        ['fixed', 'meta-fb', 'paid_feed_1'],
        ['fixed', 'meta-fb', 'paid_feed'],
        ['fixed', 'meta-fb', 'cpc'],
        ['unknown'],
      ]),
    ).toEqual([
      'C EXACT',
      'C EXACT',
      'C EXACT',
      'UNATTRIBUTED',
      'UNATTRIBUTED',
      'UNATTRIBUTED',
      'S EXACT',
      'UNATTRIBUTED',
      'UNATTRIBUTED',
      'UNATTRIBUTED',
    ]);
  });

  it('give way to the value itself, also of an earlier day', async () => {
    await load.ads([
      ad('template', ['brand_{network}'], { clicks: 100 }),
      ad('itself', ['brand_g'], { date: '2025-08-01' }),
      ad('too old', ['brand_s'], { date: '2025-07-01' }),
    ]);
    expect(await attributed([['brand_g'], ['brand_s']])).toEqual(['itself WINDOW', 'template EXACT']);
  });

  it('of several that fit, the one with the longest fixed part, then the first by name', async () => {
    await load.ads([
      ad('short', ['brand_{network}'], { clicks: 100 }),
      ad('long', ['brand_{network}_de'], { date: '2025-08-05' }),
      ad('same length', ['{network}_brand']),
    ]);
    expect(await attributed([['brand_g_de'], ['brand_g_brand']])).toEqual(['long WINDOW', 'short EXACT']);
  });

  it('one whose campaign ended before the window does not hide another', async () => {
    await load.ads([
      ad('ended', ['brand_{network}_de'], { date: '2025-06-25' }),
      ad('runs', ['brand_{network}'], { date: '2025-06-24' }),
      ad('runs', ['brand_{network}']),
    ]);
    // Days in a row are matched by one statement, whose ads reach back to the window of the first.
    const days = Array.from({ length: 22 }, (_, index) =>
      formatDay(Date.UTC(2025, 6, 20) / 86_400_000 + index),
    );
    const found = await attributed(days.map((day): Utms => ['brand_g_de', 'google', 'cpc', day]));
    expect([found[0], found[5], found[6], found[21]]).toEqual([
      'ended WINDOW',
      'ended WINDOW',
      'UNATTRIBUTED',
      'runs EXACT',
    ]);
  });

  it('characters that LIKE knows stand for themselves', async () => {
    await load.ads([ad('percent', ['100%_{x}']), ad('slash', ['a\\b_{x}']), ad('low', ['a_b-{x}'])]);
    expect(
      await attributed([['100%_g'], ['100x_g'], ['100%xg'], ['a\\b_g'], ['a\\\\b_g'], ['acb-g'], ['a_b-g']]),
    ).toEqual([
      'percent EXACT',
      'UNATTRIBUTED',
      'UNATTRIBUTED',
      'slash EXACT',
      'UNATTRIBUTED',
      'UNATTRIBUTED',
      'low EXACT',
    ]);
  });
});

describe('what platforms call themselves', () => {
  it('counts as one source', async () => {
    await load.ads([ad('C', ['x', 'facebook']), ad('G', ['y', 'adwords'])]);
    expect(
      await attributed([
        ['x', 'fb'],
        ['x', 'ig'],
        ['x', 'Facebook.com'],
        ['x', 'an'],
        ['x', 'google'],
        ['y', 'google'],
        ['y', 'google.com'],
      ]),
    ).toEqual(['C EXACT', 'C EXACT', 'C EXACT', 'C EXACT', 'UNATTRIBUTED', 'G EXACT', 'G EXACT']);
  });

  it('the own value goes first, and among others the campaign with most clicks of all spellings', async () => {
    await load.ads([
      ad('one', ['x', 'facebook'], { clicks: 6 }),
      ad('both', ['x', 'fb'], { clicks: 4 }),
      ad('both', ['x', 'instagram'], { clicks: 4 }),
    ]);
    expect(
      await attributed([
        ['x', 'facebook'],
        ['x', 'fb'],
        ['x', 'msg'],
      ]),
    ).toEqual(['one EXACT', 'both EXACT', 'both EXACT']);
  });

  it('goes together with placeholders', async () => {
    await load.ads([ad('C', ['brand_{{placement}}', 'facebook'])]);
    expect(await attributed([['brand_feed', 'ig']])).toEqual(['C EXACT']);
  });
});

describe('ids and earlier names of campaigns', () => {
  it('a lead with the id of a campaign, in any case, and its source and medium', async () => {
    await load.ads([ad('CAMP-7', ['x', 'facebook']), ad('8', ['unknown'], { date: '2025-08-09' })]);
    expect(await attributed([['camp-7', 'fb'], ['CAMP-7'], ['8']])).toEqual([
      'CAMP-7 EXACT',
      'UNATTRIBUTED',
      '8 WINDOW',
    ]);
  });

  it('a campaign under another name keeps the leads of its earlier one, while it runs', async () => {
    await load.ads([
      ad('renamed', ['old', 'facebook'], { date: '2025-06-01' }),
      ad('ended', ['gone'], { date: '2025-06-01' }),
      ad('renamed', ['new', 'facebook'], { date: '2025-08-09' }),
    ]);
    expect(
      await attributed([['old', 'fb'], ['old'], ['gone'], ['new', 'facebook'], ['old', 'unknown']]),
    ).toEqual(['renamed WINDOW', 'UNATTRIBUTED', 'UNATTRIBUTED', 'renamed WINDOW', 'UNATTRIBUTED']);
  });

  it('gives way to rows with the lead’s own values, and goes before the campaign alone', async () => {
    await load.ads([
      ad('renamed', ['x', 'unknown'], { date: '2025-06-01' }),
      ad('renamed', ['new', 'unknown'], { clicks: 9 }),
      ad('alone', ['x', 'bing'], { clicks: 99 }),
      ad('renamed', ['y'], { date: '2025-06-01' }),
      ad('own', ['y'], { date: '2025-08-01' }),
    ]);
    expect(await attributed([['x', 'unknown'], ['y']])).toEqual(['renamed EXACT', 'own WINDOW']);
  });

  it('a name that comes later than the lead and its campaign’s rows', async () => {
    await load.ads([ad('C', ['new'])]);
    expect(await attributed([['old']])).toEqual(['UNATTRIBUTED']);
    const marked: number[] = [];
    const days = await load.adsOnly([ad('C', ['old'], { date: '2025-05-01' })]);
    await load.attribution.afterAds('default', days, { requestId: 'test' }, async (more) => {
      marked.push(...more);
    });
    expect(marked).toEqual([Date.UTC(2025, 7, 10) / 86_400_000]);
    expect(await attributed([['old']])).toEqual(['C EXACT']);
  });
});
