import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowEncoder } from '../../src/ingest/row-binary.ts';
import { createAdPerformanceNormaliser } from '../../src/records/ad-performance.ts';
import { formatDay } from '../../src/records/day.ts';
import { Repairs } from '../../src/records/outcome.ts';
import { normaliseLabel } from '../../src/records/text.ts';

const rules = { timezone: 'UTC', currency: 'USD' };
const normalise = createAdPerformanceNormaliser(rules);
const good = {
  date: '2025-08-01',
  campaign_id: 'C-1001',
  channel: 'google_ads',
  clicks: 1200,
  impressions: 45000,
  cost: 350.75,
  utm_campaign: 'back_to_school',
  utm_source: 'google',
  utm_medium: 'cpc',
  utm_content: 'x',
  utm_term: 'y',
};

function read(changes: Record<string, unknown>, using = normalise) {
  const repairs = new Repairs();
  const outcome = using({ ...good, ...changes }, repairs);
  return { ...outcome, repairs: repairs.toRecord() };
}
const recordOf = (changes: Record<string, unknown>, using = normalise) => {
  const outcome = read(changes, using);
  if ('reject' in outcome) throw new Error(outcome.reject.detail);
  return outcome.record;
};
const rejectOf = (changes: Record<string, unknown>, using = normalise) => {
  const outcome = read(changes, using);
  return 'reject' in outcome ? [outcome.reject.reason, outcome.reject.field] : undefined;
};

describe('a good row', () => {
  it('is read as it is, without repairs', () => {
    expect(read({})).toEqual({
      record: {
        day: 20301,
        campaignId: 'C-1001',
        channel: 'google_ads',
        adGroupId: '',
        adId: '',
        utmCampaign: 'back_to_school',
        utmSource: 'google',
        utmMedium: 'cpc',
        utmContent: 'x',
        utmTerm: 'y',
        currency: 'USD',
        clicks: 1200,
        impressions: 45000,
        cost: 350.75,
        updatedAt: undefined,
        extra: '',
      },
      repairs: {},
    });
    expect(formatDay(20301)).toBe('2025-08-01');
  });

  it.each([
    ['2025-08-01', '2025-08-01'],
    ['2025/08/01', '2025-08-01'],
    ['2025-08-01T23:59:59Z', '2025-08-01'],
    ['2025-08-01T23:59:59-02:00', '2025-08-02'],
    ['2025-08-01 10:00:00', '2025-08-01'],
    [Date.UTC(2025, 7, 1, 12), '2025-08-01'],
  ])('on %j is of %s', (date, day) => {
    expect(formatDay(recordOf({ date }).day)).toBe(day);
  });

  it('takes the day of an instant in the reporting time zone', () => {
    const berlin = createAdPerformanceNormaliser({ ...rules, timezone: 'Europe/Berlin' });
    expect(formatDay(recordOf({ date: '2025-08-01T22:30:00Z' }, berlin).day)).toBe('2025-08-02');
    expect(formatDay(recordOf({ date: '2025-08-01' }, berlin).day)).toBe('2025-08-01');
  });

  it('has an ambiguous date only where the source says which it is', () => {
    expect(rejectOf({ date: '08/01/2025' })).toEqual(['invalid_date', 'date']);
    const american = createAdPerformanceNormaliser({ ...rules, ambiguousDates: 'MM/DD/YYYY' });
    const european = createAdPerformanceNormaliser({ ...rules, ambiguousDates: 'DD/MM/YYYY' });
    expect(formatDay(recordOf({ date: '08/01/2025' }, american).day)).toBe('2025-08-01');
    expect(formatDay(recordOf({ date: '08/01/2025' }, european).day)).toBe('2025-01-08');
  });
});

describe('repairs are counted by kind', () => {
  it.each([
    [{ utm_source: ' Google  Ads ' }, { utmSource: 'google ads' }, { normalised_text: 1 }],
    [{ channel: null, utm_term: '' }, { channel: 'unknown', utmTerm: 'unknown' }, { missing_to_unknown: 2 }],
    [{ utm_content: '{{site_source_name}}' }, { utmContent: 'unknown' }, { template_to_unknown: 1 }],
    [{ utm_content: '{campaignid}' }, { utmContent: 'unknown' }, { template_to_unknown: 1 }],
    [{ utm_content: '{{ad.name}}_{adid}|__CID__' }, { utmContent: 'unknown' }, { template_to_unknown: 1 }],
    [{ utm_content: 'spring_{campaignid}' }, { utmContent: 'spring_{campaignid}' }, {}],
    [{ clicks: -3, cost: '-0.5' }, { clicks: 0, cost: 0 }, { negative_to_zero: 2 }],
    [{ cost: -2e-18 }, { cost: 0 }, {}],
    [{ clicks: null, impressions: '' }, { clicks: 0, impressions: 0 }, { missing_figure: 2 }],
    [{ cost: 0.1 + 0.2 }, { cost: 0.3 }, {}],
    [{ cost: 1.23456789 }, { cost: 1.234568 }, { rounded_money: 1 }],
    [{ clicks: '1200', cost: ' 350.75 ' }, { clicks: 1200, cost: 350.75 }, {}],
    [{ campaign_id: ' c-1 ' }, { campaignId: 'c-1' }, {}],
    [{ campaign_id: 12345 }, { campaignId: '12345' }, {}],
    [{ currency: ' eur ' }, { currency: 'EUR' }, {}],
  ])('%j', (changes, expected, repairs) => {
    const outcome = read(changes);
    expect(outcome).toMatchObject({ record: expected });
    expect(outcome.repairs).toEqual(repairs);
  });
});

describe('rejects name the reason and the field', () => {
  it.each([
    [{ date: undefined }, 'missing_field', 'date'],
    [{ date: '2025-02-30' }, 'invalid_date', 'date'],
    [{ date: 'yesterday' }, 'invalid_date', 'date'],
    [{ date: '1999-12-31' }, 'date_out_of_range', 'date'],
    [{ date: '2200-01-01' }, 'date_out_of_range', 'date'],
    [{ date: Date.UTC(1999, 11, 31) }, 'date_out_of_range', 'date'],
    [{ date: Date.UTC(2149, 0, 1) }, 'date_out_of_range', 'date'],
    [{ date: '2025-08-01T00:00:00+99:99' }, 'invalid_date', 'date'],
    [{ campaign_id: '  ' }, 'missing_field', 'campaign_id'],
    [{ campaign_id: 2 ** 60 }, 'unsafe_identifier', 'campaign_id'],
    [{ campaign_id: { id: 1 } }, 'invalid_text', 'campaign_id'],
    [{ clicks: 1.5 }, 'invalid_number', 'clicks'],
    [{ clicks: 'NaN' }, 'invalid_number', 'clicks'],
    [{ clicks: 2 ** 53 }, 'number_out_of_range', 'clicks'],
    [{ cost: 'Infinity' }, 'invalid_number', 'cost'],
    [{ cost: '12,50' }, 'invalid_number', 'cost'],
    [{ cost: 1e12 }, 'number_out_of_range', 'cost'],
    [{ currency: 'dollars' }, 'invalid_currency', 'currency'],
    [{ utm_source: 'x'.repeat(2_000) }, 'text_too_long', 'utm_source'],
  ])('%j', (changes, reason, field) => {
    expect(rejectOf(changes)).toEqual([reason, field]);
  });

  it('and keep no repairs of the rejected record', () => {
    expect(read({ channel: null, cost: 'much' }).repairs).toEqual({});
  });

  it('and are no exceptions, however deeply a value is nested', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(rejectOf({ campaign_id: deep })).toEqual(['invalid_text', 'campaign_id']);
    expect(rejectOf({ clicks: deep })).toEqual(['invalid_number', 'clicks']);
    expect(normalise(deep, new Repairs())).toMatchObject({ reject: { reason: 'not_an_object' } });
  });

  it('and a 19-digit id that came as a number is refused, since its last digits are lost', () => {
    for (const id of ['1234567890123456789', '-1234567890123456789', '9007199254740993', '1e21']) {
      expect(rejectOf({ campaign_id: JSON.parse(id) })).toEqual(['unsafe_identifier', 'campaign_id']);
      expect(recordOf({ campaign_id: id }).campaignId).toBe(id);
    }
  });

  it.each([null, 1, 'text', [], [good]])('%j is no record', (raw) => {
    expect(normalise(raw, new Repairs())).toMatchObject({ reject: { reason: 'not_an_object' } });
  });
});

describe('money', () => {
  const encoder = new RowEncoder();
  /** What is stored for a cost: millionths, as ClickHouse's Decimal(18, 6) has them. */
  const stored = (cost: unknown): bigint => {
    encoder.start();
    encoder.money(recordOf({ cost }).cost);
    const bytes = Buffer.alloc(8);
    encoder.copyTo(bytes, 0);
    return bytes.readBigInt64LE();
  };
  const decimal = (millionths: bigint): string =>
    `${millionths / 1_000_000n}.${String(millionths % 1_000_000n).padStart(6, '0')}`;

  it.each([
    ['six decimals up to 2^32', 2n ** 32n * 1_000_000n, 1n],
    ['cents up to 10^12', 10n ** 18n, 10_000n],
  ])('is exact to the last digit, as a number and as text: %s', (_, limit, step) => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: limit / step - 1n }), (steps) => {
        const text = decimal(steps * step);
        expect(stored(text)).toBe(steps * step);
        expect(stored(JSON.parse(text))).toBe(steps * step);
        expect(read({ cost: text }).repairs).toEqual({});
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('laws', () => {
  it('normalise ∘ normalise = normalise', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(normaliseLabel(normaliseLabel(text))).toBe(normaliseLabel(text));
      }),
    );
  });

  it('whatever comes in, the outcome is a record or a reject, never an exception', () => {
    const anyField = fc.constantFrom(...Object.keys(good), 'currency', 'ad_id', 'updated_at');
    fc.assert(
      fc.property(fc.dictionary(anyField, fc.anything()), (changes) => {
        const outcome = normalise({ ...good, ...changes }, new Repairs());
        expect('record' in outcome || 'reject' in outcome).toBe(true);
        if ('record' in outcome) {
          const { record } = outcome;
          expect(Number.isSafeInteger(record.clicks) && record.clicks >= 0).toBe(true);
          expect(Number.isFinite(record.cost) && record.cost >= 0).toBe(true);
          expect(record.utmSource).not.toBe('');
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
