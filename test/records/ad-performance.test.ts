import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowEncoder } from '../../src/ingest/storage/row-binary.ts';
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
        conversions: 0,
        conversionValue: 0,
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
    const american = createAdPerformanceNormaliser({ ...rules, dateFormats: ['MM/DD/YYYY'] });
    const european = createAdPerformanceNormaliser({ ...rules, dateFormats: ['DD/MM/YYYY'] });
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

describe('a word for nothing, as a whole value', () => {
  const words = ['null', 'N/A', '(Not Set)', '(none)', 'None', 'undefined', '-', '--', '#N/A', ' (direct) '];

  it.each(words)('%j is a gap in texts, figures, dates and ids', (word) => {
    const outcome = read({ channel: word, utm_source: word, cost: word, ad_id: word, currency: word });
    expect(outcome).toMatchObject({
      record: { channel: 'unknown', utmSource: 'unknown', cost: 0, adId: '', currency: 'USD' },
      repairs: { missing_to_unknown: 2, missing_figure: 1 },
    });
    expect(rejectOf({ date: word })).toEqual(['missing_field', 'date']);
    expect(rejectOf({ campaign_id: word })).toEqual(['missing_field', 'campaign_id']);
  });

  it('is whatever the source says instead', () => {
    const own = createAdPerformanceNormaliser({ ...rules, missing: ['keine'] });
    expect(recordOf({ utm_source: 'Keine', utm_medium: 'none' }, own)).toMatchObject({
      utmSource: 'unknown',
      utmMedium: 'none',
    });
    expect(rejectOf({ cost: '--' }, own)).toEqual(['invalid_number', 'cost']);
    expect(recordOf({ utm_source: 'none of these' }).utmSource).toBe('none of these');
  });
});

describe('the day of a row', () => {
  const chicago = createAdPerformanceNormaliser({ ...rules, timezone: 'America/Chicago' });

  it.each([
    '2025-08-01 00:00:00',
    '2025-08-01T00:00:00.000000',
    '2025-08-01 23:59',
  ])('is the one that is written where %j has no offset', (date) => {
    expect(formatDay(recordOf({ date }, chicago).day)).toBe('2025-08-01');
  });

  it.each([
    '2025-08-01 03:00:00 UTC',
    '2025-08-01T03:00:00Z',
    '2025-08-01 05:00:00.1234567891+02',
  ])('is that of the instant where %j has one', (date) => {
    expect(formatDay(recordOf({ date }, chicago).day)).toBe('2025-07-31');
  });

  it.each([
    [['DD.MM.YYYY', 'YYYYMMDD'], '1.8.2025', '2025-08-01'],
    [['DD.MM.YYYY', 'YYYYMMDD'], '20250801', '2025-08-01'],
    [['YYYYMMDD'], 20250801, '2025-08-01'],
    [['D-M-YYYY'], '1-8-2025 00:00', '2025-08-01'],
    [['MM/DD/YYYY hh:mm:ss A'], '8/1/2025 12:30:00 AM', '2025-08-01'],
    [['MMM D, YYYY'], 'Aug 1, 2025', '2025-08-01'],
    [['D MMMM YYYY'], '1 August 2025', '2025-08-01'],
    [['YYYY-DD-MM'], '2025-01-08', '2025-08-01'],
    [['DD/MM/YY'], '01/08/25', '2025-08-01'],
    [['epoch_seconds'], 1754042400, '2025-08-01'],
    [['epoch_seconds'], '1754042400.5', '2025-08-01'],
  ])('by the formats %j, %j is of %s', (dateFormats, date, day) => {
    const own = createAdPerformanceNormaliser({ ...rules, dateFormats });
    expect(formatDay(recordOf({ date }, own).day)).toBe(day);
    expect(formatDay(recordOf({ date: '2025/08/01' }, own).day)).toBe('2025-08-01');
  });

  it.each([
    [['DD.MM.YYYY'], '13.13.2025'],
    [['DD.MM.YYYY'], '1.8.20255'],
    [['YYYY-DD-MM'], '2025-08-13'],
    [['MM/DD/YYYY'], '8/1/2025 13:00 PM'],
    [['YYYYMMDD'], '2025081'],
    [[], '01.08.2025'],
    [[], '20250801'],
    [[], '2025-08-01 24:00'],
  ])('by the formats %j, %j is none', (dateFormats, date) => {
    const own = createAdPerformanceNormaliser({ ...rules, dateFormats });
    expect(rejectOf({ date }, own)).toEqual(['invalid_date', 'date']);
  });
});

describe('digits', () => {
  it.each([
    '2.662',
    '1,234',
    '12.345',
    '-1.337',
    '1,000',
    '€2.662',
    '$1,234',
  ])('that can be read as two numbers are refused: %j', (cost) => {
    expect(rejectOf({ cost })).toEqual(['ambiguous_number', 'cost']);
  });

  it.each([
    '2.662,38',
    '1.234.567',
    '1,234.50',
    '350,75',
    '1 234',
    '12%',
    '1.2.3',
    '(1.5',
    'x5',
    '5-5',
  ])('that are grouped, or no number, are refused: %j', (cost) => {
    expect(rejectOf({ cost })).toEqual(['invalid_number', 'cost']);
  });

  it.each([
    ['0.662', 0.662],
    ['2662.385', 2662.385],
    ['1.2345', 1.2345],
    [2.662, 2.662],
    ['1.234e3', 1234],
    ['$350.75', 350.75],
    ['350.75 USD', 350.75],
    ['(3.5)', 0],
    ['−3.5', 0],
  ])('that can be read one way are %j → %d', (cost, number) => {
    expect(recordOf({ cost }).cost).toBe(number);
  });

  it.each([
    [',', '2.662,38', 2662.38],
    [',', '1.337', 1337],
    [',', '1.234.567,8', 1234567.8],
    [',', '1 234,5', 1234.5],
    [',', '1\u00a0234,5 €', 1234.5],
    [',', ',5', 0.5],
    ['.', '2.662', 2.662],
    ['.', '1,234', 1234],
    ['.', '12,34,567.5', 1234567.5],
    ['.', "1'234.5", 1234.5],
  ] as const)('with decimal %j, %j is %d', (decimal, cost, number) => {
    const own = createAdPerformanceNormaliser({ ...rules, currency: 'EUR', notation: { decimal } });
    expect(recordOf({ cost }, own).cost).toBe(number);
  });

  it.each([
    [',', '1.33'],
    [',', '1,234.56'],
    [',', '350.75'],
    [',', '1.234 567,8'],
    ['.', '2.662,38'],
    ['.', '12,34'],
  ] as const)('with decimal %j, %j is none', (decimal, cost) => {
    const own = createAdPerformanceNormaliser({ ...rules, notation: { decimal } });
    expect(rejectOf({ cost }, own)).toEqual(['invalid_number', 'cost']);
  });

  it('in a currency that is not the record’s are refused', () => {
    expect(rejectOf({ cost: '€350.75' })).toEqual(['invalid_currency', 'cost']);
    expect(recordOf({ cost: '€350.75', currency: 'EUR' }).cost).toBe(350.75);
    expect(rejectOf({ clicks: '$12' })).toEqual(['invalid_number', 'clicks']);
  });

  it('are scaled to the last one', () => {
    const own = createAdPerformanceNormaliser({ ...rules, scale: { cost: -6 } });
    expect(recordOf({ cost: '123456789' }, own).cost).toBe(123.456789);
    expect(recordOf({ cost: 999999999999 }, own).cost).toBe(999999.999999);
    expect(recordOf({ cost: '1e3' }, own).cost).toBe(0.001);
  });

  it('of ids that a spreadsheet has shortened are refused', () => {
    for (const id of ['1.20210E+17', '1,2021E+17', '1E+15', '1.2e17']) {
      expect(rejectOf({ campaign_id: id })).toEqual(['unsafe_identifier', 'campaign_id']);
    }
    expect(recordOf({ campaign_id: '5e10' }).campaignId).toBe('5e10');
  });
});

it.each([
  'Total',
  'TOTALS',
  'Grand total',
  'Total: Account',
  'Gesamtergebnis',
])('a row whose campaign is %j sums up the others, and is refused', (campaign_id) => {
  expect(rejectOf({ campaign_id })).toEqual(['totals_row', 'campaign_id']);
  expect(recordOf({ campaign_id: `${campaign_id.split(':')[0]} Fitness` }).campaignId).toMatch(/Fitness$/);
});

describe('texts as forms and exports write them', () => {
  it.each([
    ['back%20to%20school', 'back to school'],
    ['Back%2520To%2520School', 'back to school'],
    ['r%C3%BCckkehr', 'rückkehr'],
    ['100%', '100%'],
    ['5%-off', '5%-off'],
    ['%E4', '%e4'],
    ['a+b', 'a+b'],
    ['back\u200b to\u00a0sch\u00adool\ufeff', 'back to school'],
    ['Crew 👩‍🚀 b\u200dc \u200d🚀', 'crew 👩‍🚀 bc 🚀'],
    ['%7B%7Bcampaign.name%7D%7D', 'unknown'],
    ['%20', 'unknown'],
    ['%28not%20set%29', 'unknown'],
  ])('%j is %j', (utm_campaign, expected) => {
    expect(recordOf({ utm_campaign }).utmCampaign).toBe(expected);
  });

  it('and ids lose only what cannot be seen', () => {
    expect(recordOf({ campaign_id: '\ufeffC%20\u200b1 ' }).campaignId).toBe('C%201');
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
    const part = fc.constantFrom(
      '%',
      '2',
      '25',
      '0',
      'c3',
      'bc',
      '\u200b',
      '\u00ad',
      ' ',
      'a',
      'İ',
      '\u0301',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const once = normaliseLabel(parts.join(''));
        expect(normaliseLabel(once)).toBe(once);
      }),
      { numRuns: 5_000 },
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
