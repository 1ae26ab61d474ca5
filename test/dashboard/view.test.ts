import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf } from '../../src/dashboard/view/address.ts';
import {
  breakdownOf,
  type Filter,
  filterText,
  labels,
  parseFilter,
  whereOf,
} from '../../src/dashboard/view/filters.ts';
import { presetNames } from '../../src/dashboard/view/range.ts';
import { parseView, printView, usualView, type View } from '../../src/dashboard/view/view.ts';

const day = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const dimension = fc.oneof(fc.constantFrom(...labels), fc.constantFrom('country', 'a_1').map(breakdownOf));
const filter: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    dimension,
    operator: fc.constantFrom('is' as const, 'not' as const),
    value: fc.oneof(fc.constant(null), fc.string({ unit: 'binary' })),
  }),
  fc.record({
    dimension,
    operator: fc.constant('has' as const),
    value: fc.string({ minLength: 1 }),
  }),
);
const view: fc.Arbitrary<View> = fc.record({
  range: fc.oneof(
    fc.constantFrom(...presetNames).map((preset) => ({ preset })),
    fc.tuple(day, day).map((days) => {
      const [from = '', to = ''] = days.sort();
      return { from, to };
    }),
  ),
  comparison: fc.constantFrom('period' as const, 'year' as const, 'none' as const),
  filters: fc.array(filter, { maxLength: 5 }),
  granularity: fc.constantFrom(undefined, 'DAY' as const, 'WEEK' as const, 'MONTH' as const),
  weekStart: fc.constantFrom('MONDAY' as const, 'SUNDAY' as const),
  currency: fc.constantFrom(undefined, 'EUR'),
});

/** As a browser reads it from its address bar. */
const readAddress = (address: string): View => parseView(new URL(address, 'http://x').searchParams);

describe('a view in an address', () => {
  it('comes back as it was, whatever its filters hold', () => {
    fc.assert(
      fc.property(view, (before) => {
        expect(readAddress(addressOf('/', printView(before)))).toEqual(before);
      }),
    );
  });

  it('is empty for the usual view, and short for others', () => {
    expect(addressOf('/', printView(usualView))).toBe('/');
    const other: View = {
      ...usualView,
      range: { preset: 'THIS_MONTH' },
      filters: [{ dimension: 'CHANNEL', operator: 'is', value: 'google_ads' }],
    };
    expect(addressOf('/', printView(other))).toBe('/?range=this_month&f=channel|is|google_ads');
  });

  it('shows something, whatever the address says', () => {
    fc.assert(
      fc.property(fc.string(), (search) => {
        expect(() => parseView(new URLSearchParams(search))).not.toThrow();
      }),
    );
    expect(
      parseView(new URLSearchParams('range=x&from=2025-02-30&to=2025-03-01&f=a&f=b|is|c&by=eon')),
    ).toEqual(usualView);
    expect(parseView(new URLSearchParams('from=2025-03-02&to=2025-03-01')).range).toEqual({
      from: '2025-03-01',
      to: '2025-03-02',
    });
  });
});

describe('filters', () => {
  const of = (...texts: string[]): Filter[] => texts.flatMap((text) => parseFilter(text) ?? []);

  it('ask for any of the values that are to be, and for all else at once', () => {
    expect(whereOf([])).toBeUndefined();
    expect(whereOf(of('channel|is|a', 'channel|is', 'channel|is|b'))).toEqual({
      channel: { in: ['a', null, 'b'] },
    });
    expect(
      whereOf(
        of('channel|is|a', 'utmSource|not|x', 'utmSource|not', 'utmCampaign|has|p', 'utmCampaign|has|q'),
      ),
    ).toEqual({
      and: [
        { channel: { in: ['a'] } },
        { utmSource: { notIn: ['x', null] } },
        { utmCampaign: { contains: 'p' } },
        { utmCampaign: { contains: 'q' } },
      ],
    });
  });

  it('take custom dimensions by their names, and no other names', () => {
    expect(whereOf(of('breakdown.country|is|DE', 'breakdown.country|is', 'breakdown.device|not|tv'))).toEqual(
      {
        and: [
          { breakdowns: [{ name: 'country', in: ['DE', null] }] },
          { breakdowns: [{ name: 'device', notIn: ['tv'] }] },
        ],
      },
    );
    expect(of('breakdown.|is|x', 'breakdown.Land|is|x', 'breakdown|is|x')).toEqual([]);
  });

  it('keep bars within values', () => {
    const [filter] = of('campaignId|is|a|b');
    expect(filter?.value).toBe('a|b');
    expect(filter && filterText(filter)).toBe('campaignId|is|a|b');
  });
});
