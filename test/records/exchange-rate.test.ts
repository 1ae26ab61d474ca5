import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createExchangeRateNormaliser,
  createRejectedRateKeyReader,
} from '../../src/records/exchange-rate.ts';
import { roundDecimal } from '../../src/records/numerals.ts';
import { Repairs } from '../../src/records/outcome.ts';
import { testRules } from '../support/records.ts';

const good = { date: '2025-08-01', base: 'EUR', quote: 'USD', rate: 1.1404 };
const read = (changes: Record<string, unknown> = {}, rules = {}) => {
  const repairs = new Repairs();
  const outcome = createExchangeRateNormaliser({ ...testRules, ...rules })({ ...good, ...changes }, repairs);
  return { ...outcome, repairs: repairs.toRecord() };
};

describe('an exchange rate', () => {
  it('has its day, its two currencies in upper case and its rate', () => {
    expect(read({ date: '2025/08/01', base: ' eur', quote: 'usd', note: 'fixing' })).toEqual({
      record: {
        day: 20_301,
        base: 'EUR',
        quote: 'USD',
        rate: '1.1404',
        updatedAt: undefined,
        extra: '{"note":"fixing"}',
      },
      repairs: { unknown_field: 1 },
    });
  });

  it.each([
    [1, '1', {}],
    [165.17, '165.17', {}],
    [1e18, '1000000000000000000', {}],
    [1.5e-7, '0.00000015', {}],
    ['0.123456789012345678', '0.123456789012345678', {}],
    ['12345678901234567.000000000000000005', '12345678901234567.000000000000000005', {}],
    ['0.1234567890123456785', '0.123456789012345679', { rounded_rate: 1 }],
    ['1.0000000000000000004', '1', { rounded_rate: 1 }],
    ['17.500000000000000000000', '17.5', {}],
    ['1e-18', '0.000000000000000001', {}],
    [' 16,520.5 ', '16520.5', {}],
  ])('keeps 18 decimals of %s', (rate, kept, repairs) => {
    expect(read({ rate }, { notation: { decimal: '.' } })).toMatchObject({ record: { rate: kept }, repairs });
  });

  it('reads the notation of its source', () => {
    expect(read({ rate: '16.520,5' }, { notation: { decimal: ',' } })).toMatchObject({
      record: { rate: '16520.5' },
    });
    expect(read({ rate: '1.051' })).toMatchObject({ reject: { reason: 'ambiguous_number' } });
  });

  it.each([
    [{ date: undefined }, 'missing_field', 'date is missing.'],
    [{ date: '1999-01-04' }, 'date_out_of_range', 'date is "1999-01-04"; dates go from 2000-01-01'],
    [{ base: undefined }, 'missing_field', 'base is missing.'],
    [{ quote: 'US' }, 'invalid_currency', 'quote is "US"; expected a code such as USD.'],
    [{ quote: 840 }, 'invalid_currency', 'quote is 840; expected a code such as USD.'],
    [{ rate: undefined }, 'missing_field', 'rate is missing.'],
    [{ rate: 'N/A' }, 'missing_field', 'rate is "N/A", which means no value.'],
    [{ rate: 0 }, 'invalid_rate', 'rate is 0; a rate is above 0'],
    [{ rate: -1.2 }, 'invalid_rate', 'rate is -1.2; a rate is above 0'],
    [{ rate: '1e-19' }, 'invalid_rate', 'rate is "1e-19"; a rate is above 0, and has at most 18 decimals.'],
    [{ rate: 'NaN' }, 'invalid_number', 'rate is "NaN"; expected a number.'],
    [{ rate: 'Infinity' }, 'invalid_number', 'rate is "Infinity"; expected a number.'],
    [{ rate: '1.1 USD' }, 'invalid_number', 'rate is "1.1 USD"; expected a number without'],
    [{ rate: true }, 'invalid_number', 'rate is true; expected a number.'],
    [{ rate: 1.1e18 }, 'number_out_of_range', 'rates go up to 10^18.'],
    [{ rate: '1e999999999' }, 'number_out_of_range', 'rates go up to 10^18.'],
    [{ quote: 'EUR' }, 'invalid_rate', 'rate is 1.1404 between EUR and itself; it can only be 1.'],
  ])('is rejected with a sentence: %j', (changes, reason, detail) => {
    expect(read(changes)).toMatchObject({ reject: { reason, detail: expect.stringContaining(detail) } });
  });

  it('of a currency in itself is 1', () => {
    expect(read({ quote: 'EUR', rate: '1.0' })).toMatchObject({ record: { rate: '1' } });
  });

  it('that is rejected may still have its key, or its day', () => {
    const remainsOf = createRejectedRateKeyReader(testRules);
    expect(remainsOf({ ...good, rate: 'x' })).toMatchObject({ keyed: { day: 20_301, quote: 'USD' } });
    expect(remainsOf({ ...good, quote: 'x' })).toEqual({ day: 20_301 });
    expect(remainsOf({ ...good, date: 'x' })).toBe('nothing');
    expect(remainsOf([])).toBe('nothing');
  });
});

it('a decimal is rounded half away from zero, and never by more than half of its last place', () => {
  const number = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.integer({ min: -40, max: 10 }));
  fc.assert(
    fc.property(number, ([digits, power]) => {
      const { text = '', isRounded } = roundDecimal(`${digits}e${power}`, 18) ?? {};
      expect(text).toMatch(/^(0|[1-9]\d*)(\.\d{0,17}[1-9])?$/);
      const [whole = '', decimals = ''] = text.split('.');
      const units = BigInt(whole + decimals.padEnd(18, '0'));
      const shift = 10n ** BigInt(Math.abs(power + 18));
      const [exact, scale] = power + 18 >= 0 ? [digits * shift, 1n] : [digits, shift];
      const twice = 2n * (units * scale - exact);
      expect(twice > -scale && twice <= scale).toBe(true);
      expect(isRounded).toBe(units * scale !== exact);
    }),
  );
});
