import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { en } from '../../src/dashboard/text/en.ts';
import { es } from '../../src/dashboard/text/es.ts';
import { createFormats } from '../../src/dashboard/text/formats.ts';
import { measures } from '../../src/dashboard/text/measures.ts';
import { chooseLanguage, createSay, type MessageName } from '../../src/dashboard/text/messages.ts';
import { ratios, sums } from '../../src/metrics/registry.ts';

const names = Object.keys(en) as MessageName[];

describe('the texts of the page', () => {
  it('name the same values in Spanish as in English', () => {
    const valuesIn = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();
    for (const name of names) expect([name, valuesIn(es[name])]).toEqual([name, valuesIn(en[name])]);
  });

  it('are all used', async () => {
    const { glob } = await import('tinyglobby');
    const root = new URL('../../src/dashboard/', import.meta.url).pathname;
    const files = await glob(['**/*.{ts,tsx}', '!text/e?.ts'], { cwd: root, absolute: true });
    const code = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
    const unused = names.filter((name) => {
      const [group, ...rest] = name.split('.');
      return rest.length > 0
        ? !code.includes(`\`${group}.$`) && !code.includes(`'${name}'`)
        : !code.includes(`'${name}'`);
    });
    expect(unused).toEqual([]);
  });

  it('keep values as they are, whatever they hold', () => {
    expect(createSay(en)('removeFilter', { filter: '$& {filter} <b>' })).toBe(
      'Remove the filter $& {filter} <b>',
    );
  });

  it('are in the first language that the reader prefers and the page has', () => {
    expect(chooseLanguage(['fr-FR', 'es-MX', 'en'])).toBe('es');
    expect(chooseLanguage(['fr'])).toBe('en');
    expect(chooseLanguage([])).toBe('en');
  });
});

describe('figures', () => {
  const english = createFormats('en-US');
  const spanish = createFormats('es-ES');
  const plain = (text: string): string => text.replaceAll(/[\u00a0\u202f]/g, ' ');

  it.each([
    ['COST', 106_089.104576, '$106,089', '106.089 $'],
    ['CPA', 203.2358, '$203.24', '203,24 $'],
    ['LEADS', 52_200, '52,200', '52.200'],
    ['CTR', 0.045316, '4.5%', '4,5 %'],
    ['CVR_CLICK_TO_LEAD', 0.0062, '0.62%', '0,62 %'],
    ['ROAS', 3.574259, '3.57×', '3,57×'],
    ['CONVERSIONS', 12.25, '12.3', '12,3'],
  ] as const)('%s %f is %s, in Spain %s', (measure, value, inEnglish, inSpanish) => {
    expect(plain(english.measure(measure, value, 'USD'))).toBe(inEnglish);
    expect(plain(spanish.measure(measure, value, 'USD'))).toBe(inSpanish);
  });

  it('that are missing are a dash, never 0, and without a currency money has no sign', () => {
    for (const missing of [null, undefined]) expect(english.measure('COST', missing, 'USD')).toBe('–');
    expect(english.measure('COST', 0, 'USD')).toBe('$0.00');
    expect(english.measure('COST', 12.5, null)).toBe('12.50');
    expect(english.measure('COST', 12.5, 'not a currency')).toBe('12.50');
  });

  it('have days of the calendar, whatever the time zone of the reader', () => {
    expect(english.day('2025-08-01')).toBe('Aug 1, 2025');
    expect(spanish.day('2025-08-01')).toBe('1 ago 2025');
    expect(english.ago('2025-08-01T10:00:00Z', Date.parse('2025-08-01T12:30:00Z'))).toBe('2 hours ago');
  });
});

it('the measures of the page are those of the registry, with their units', () => {
  const known = Object.entries({ ...sums, ...ratios }).map(([field, { unit }]) => [field, unit]);
  const offered = Object.values(measures).map(({ field, unit }) => [
    field,
    unit === 'percent' || unit === 'factor' ? 'ratio' : unit,
  ]);
  expect(offered.sort()).toEqual(known.sort());
});
