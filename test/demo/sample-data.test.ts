import { describe, expect, it } from 'vitest';
import type { DatedRecord, FeedRecord } from '../../src/demo/feed-record.ts';
import { createOlderData, createSampleData, firstSampleDay } from '../../src/demo/sample-data.ts';
import { startSampleSources } from '../../src/demo/sample-sources.ts';
import { createAdPerformanceNormaliser } from '../../src/records/ad-performance.ts';
import { formatDay, parseIsoDay } from '../../src/records/day.ts';
import { createOpportunityNormaliser } from '../../src/records/opportunity.ts';
import { type Outcome, type RejectReason, Repairs, repairKinds } from '../../src/records/outcome.ts';
import { defaultStages } from '../../src/records/stage.ts';

const today = parseIsoDay('2025-08-01') ?? 0;
const rules = {
  timezone: 'UTC',
  currency: 'USD',
  stages: defaultStages,
  contactHashKey: 'a key of sixteen characters',
};

/** As a reader of the feed gets them: through JSON. */
const received = (records: readonly DatedRecord[]): FeedRecord[] =>
  JSON.parse(JSON.stringify(records.map(({ record }) => record)));

function accept<T>(
  records: readonly DatedRecord[],
  normalise: (raw: unknown, repairs: Repairs) => Outcome<T>,
  repairs = new Repairs(),
) {
  const accepted: T[] = [];
  const rejected = new Set<RejectReason>();
  for (const raw of received(records)) {
    const outcome = normalise(raw, repairs);
    if ('reject' in outcome) rejected.add(outcome.reject.reason);
    else accepted.push(outcome.record);
  }
  return { accepted, rejected };
}

const normaliseAds = (day = today, repairs = new Repairs()) =>
  accept(createSampleData(day).ads, createAdPerformanceNormaliser(rules), repairs);
const normaliseCrm = (day = today, repairs = new Repairs()) =>
  accept(createSampleData(day).opportunities, createOpportunityNormaliser(rules), repairs);

describe('createSampleData', () => {
  const data = createSampleData(today);

  it('gives the same bytes for the same day', () => {
    expect(JSON.stringify(createSampleData(today))).toBe(JSON.stringify(data));
  });

  it('spans 180 days up to and including today', () => {
    const days = new Set(data.ads.map(({ day }) => day));
    expect(days.size).toBe(180);
    expect(Math.min(...days)).toBe(today - 179);
    expect(Math.max(...days)).toBe(today);
    const created = normaliseCrm().accepted.map(({ day }) => day);
    expect(Math.min(...created)).toBeGreaterThanOrEqual(today - 179);
    expect(Math.max(...created)).toBeLessThanOrEqual(today);
  });

  it('has the size of a real account: 4 channels, 40 campaigns', () => {
    expect(data.ads.length).toBeGreaterThan(15_000);
    expect(data.ads.length).toBeLessThan(20_000);
    expect(data.opportunities.length).toBeGreaterThan(2_700);
    expect(data.opportunities.length).toBeLessThan(3_300);
    const { accepted } = normaliseAds();
    expect([...new Set(accepted.map(({ channel }) => channel))].sort()).toEqual([
      'google_ads',
      'linkedin_ads',
      'meta_ads',
      'tiktok_ads',
    ]);
    expect(new Set(accepted.map(({ campaignId }) => campaignId)).size).toBe(40);
  });

  it('is accepted by the normalisers but for a handful, with every kind of repair', () => {
    const repairs = new Repairs();
    const ads = normaliseAds(today, repairs);
    const crm = normaliseCrm(today, repairs);
    expect(ads.accepted.length).toBeGreaterThan(0.999 * data.ads.length);
    expect(crm.accepted.length).toBeGreaterThan(0.998 * data.opportunities.length);
    // Of the kinds that ads rows and opportunities of known fields can have.
    const others = ['missing_timestamp', 'unknown_field', 'extra_truncated', 'rounded_rate'];
    expect([...Object.keys(repairs.toRecord()), ...others].sort()).toEqual(Object.keys(repairKinds).sort());
    const reasons = ['invalid_date', 'invalid_number', 'missing_field'];
    expect([...ads.rejected].sort()).toEqual(reasons);
    expect([...crm.rejected].sort()).toEqual(reasons);
  });

  it.each<[string, 'ads' | 'opportunities', (record: FeedRecord) => boolean]>([
    ['a source in other case', 'ads', ({ utm_source }) => utm_source === 'Google'],
    ['a medium with spaces around', 'ads', ({ utm_medium }) => utm_medium === ' CPC '],
    ['a channel in capitals', 'ads', ({ channel }) => channel === 'META_ADS'],
    ['an unexpanded template', 'ads', ({ utm_source }) => utm_source === '{{site_source_name}}'],
    ['a null', 'ads', ({ utm_content }) => utm_content === null],
    ['a blank', 'ads', ({ utm_term }) => utm_term === '  '],
    ['clicks as text', 'ads', ({ clicks }) => typeof clicks === 'string'],
    ['a negative cost', 'ads', ({ cost }) => Number(cost) < 0],
    ['a cost that is no number', 'ads', ({ cost }) => cost === 'NaN'],
    ['a day that does not exist', 'ads', ({ date }) => String(date).endsWith('-02-30')],
    ['a row without a campaign', 'ads', ({ campaign_id }) => campaign_id === ''],
    ['an unknown stage', 'opportunities', ({ stage }) => stage === 'nurture'],
    ['a stage in other words', 'opportunities', ({ stage }) => stage === 'Closed Won'],
    ['a negative amount', 'opportunities', ({ amount }) => Number(amount) < 0],
    ['an amount as text', 'opportunities', ({ amount }) => /^\d+\.00$/.test(String(amount))],
    ['an instant as a number', 'opportunities', ({ created_at }) => typeof created_at === 'number'],
    ['an instant that is none', 'opportunities', ({ created_at }) => created_at === 'yesterday'],
  ])('holds %s', (_name, feed, is) => {
    expect(received(data[feed]).some(is)).toBe(true);
  });

  it('holds rows twice, some with other figures', () => {
    const rows = new Map<string, Set<string>>();
    let identical = 0;
    for (const { clicks, impressions, cost, updatedAt, ...key } of normaliseAds().accepted) {
      const name = JSON.stringify(key);
      const figures = JSON.stringify([clicks, impressions, cost]);
      const known = rows.get(name) ?? new Set();
      if (known.has(figures)) identical += 1;
      rows.set(name, known.add(figures));
    }
    const conflicting = [...rows.values()].filter(({ size }) => size > 1).length;
    expect(identical).toBeGreaterThan(20);
    expect(conflicting).toBeGreaterThan(2);
    expect(conflicting).toBeLessThan(10);
  });

  it('keeps every stage in a believable share', () => {
    const { accepted } = normaliseCrm();
    const share = (name: string) => accepted.filter(({ stage }) => stage === name).length / accepted.length;
    expect(share('lead')).toBeGreaterThan(0.2);
    expect(share('opportunity')).toBeGreaterThan(0.1);
    expect(share('closed_won')).toBeGreaterThan(0.1);
    expect(share('closed_won')).toBeLessThan(0.25);
    expect(share('closed_lost')).toBeGreaterThan(0.2);
  });

  // The week's pattern is all that depends on the date, so seven days stand for all.
  it.each([0, 1, 2, 3, 4, 5, 6])('sets the channels apart over the last 30 days, %i days on', (later) => {
    const isRecent = ({ day }: { day: number }) => day >= today + later - 30 && day < today + later;
    const ads = normaliseAds(today + later).accepted.filter(isRecent);
    const won = normaliseCrm(today + later).accepted.filter(
      (record) => isRecent(record) && record.stage === 'closed_won' && record.utmMedium !== 'organic',
    );
    const roas = (channel: string, ...sources: string[]) => {
      const cost = ads.filter((row) => row.channel === channel).reduce((sum, row) => sum + row.cost, 0);
      const revenue = won
        .filter(({ utmSource }) => sources.includes(utmSource))
        .reduce((sum, { amount }) => sum + amount, 0);
      return revenue / cost;
    };
    const [google, meta] = [roas('google_ads', 'google'), roas('meta_ads', 'facebook', 'instagram')];
    const [linkedin, tiktok] = [roas('linkedin_ads', 'linkedin'), roas('tiktok_ads', 'tiktok')];
    expect(google).toBeLessThan(6);
    expect(google).toBeGreaterThan(meta);
    expect(meta).toBeGreaterThan(linkedin);
    expect(linkedin).toBeGreaterThan(tiktok);
    expect(tiktok).toBeGreaterThan(0.75);
  });
});

describe('createOlderData', () => {
  const days = 610;
  const older = createOlderData(today, days);
  const sum = (records: readonly DatedRecord[], from: number, to: number) =>
    records
      .filter(({ day }) => day >= from && day <= to)
      .reduce((total, { record }) => total + Number(record.cost), 0);

  it('ends the day before the sample data, and no record of it can be rejected or is one of those', () => {
    const last = firstSampleDay(today) - 1;
    for (const records of [older.ads, older.opportunities]) {
      const all = records.map(({ day }) => day);
      expect([Math.min(...all), Math.max(...all)]).toEqual([last - days + 1, last]);
    }
    const repairs = new Repairs();
    const ads = accept(older.ads, createAdPerformanceNormaliser(rules), repairs);
    const crm = accept(older.opportunities, createOpportunityNormaliser(rules), repairs);
    expect([...ads.rejected, ...crm.rejected]).toEqual([]);
    const ids = new Set(normaliseCrm().accepted.map(({ opportunityId }) => opportunityId));
    expect(crm.accepted.filter(({ opportunityId }) => ids.has(opportunityId))).toEqual([]);
    expect(older.ads.length).toBeLessThan(20_000);
  });

  it('is the same for the same day, and of the same campaigns', () => {
    expect(JSON.stringify(createOlderData(today, days))).toBe(JSON.stringify(older));
    const known = new Set(normaliseAds().accepted.map(({ campaignId }) => campaignId));
    expect(new Set(older.ads.map(({ record }) => record.campaign_id))).toEqual(known);
  });

  it('gives last year a believable cost: less than this year, by less than a half', () => {
    const thisYear = sum(createSampleData(today).ads, today - 30, today - 1);
    const lastYear = sum(older.ads, today - 395, today - 366);
    const yearBefore = sum(older.ads, today - 760, today - 731);
    expect(lastYear / thisYear).toBeGreaterThan(0.5);
    expect(lastYear / thisYear).toBeLessThan(0.9);
    expect(yearBefore / lastYear).toBeGreaterThan(0.5);
    expect(yearBefore / lastYear).toBeLessThan(0.9);
  });
});

describe('startSampleSources', () => {
  it('serves older days where they are asked for', async () => {
    const sources = await startSampleSources({ today, olderDays: 20 });
    try {
      const first = firstSampleDay(today);
      const count = async (query: string) => {
        const { external } = await (await fetch(`${sources.adsUrl}${query}`)).json();
        return external.ads.performance.length;
      };
      const recent = createSampleData(today).ads.length;
      const older = createOlderData(today, 20).ads.length;
      expect(await count(`?since=${formatDay(first)}`)).toBe(recent);
      expect(await count(`?until=${formatDay(first - 1)}`)).toBe(older);
      expect(await count('')).toBe(recent + older);
    } finally {
      await sources.close();
    }
  });

  it('serves both feeds in their envelopes, between since and until', async () => {
    const { adsUrl, crmUrl, close } = await startSampleSources({ today });
    try {
      const day = formatDay(today - 1);
      const get = async (url: string) => (await fetch(url)).json();
      const ads = await get(`${adsUrl}?since=${day}&until=${day}`);
      const crm = await get(`${crmUrl}?since=${day}`);
      const data = createSampleData(today);
      expect(ads.external.ads.performance).toEqual(received(data.ads.filter((row) => row.day === today - 1)));
      expect(crm.external.crm.opportunities).toEqual(
        received(data.opportunities.filter((row) => row.day >= today - 1)),
      );
      expect((await get(adsUrl)).external.ads.performance).toHaveLength(data.ads.length);
      expect((await get(`${adsUrl}?since=2999-01-01`)).external.ads.performance).toEqual([]);
      expect((await fetch(`${adsUrl}?since=yesterday`)).status).toBe(400);
    } finally {
      await close();
    }
  });
});
