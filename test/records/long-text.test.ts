import { expect, it } from 'vitest';
import { createAdPerformanceNormaliser } from '../../src/records/ad-performance.ts';
import { Repairs } from '../../src/records/outcome.ts';
import { testRules } from '../support/records.ts';

const normalise = createAdPerformanceNormaliser(testRules);
const good = { date: '2025-08-01', campaign_id: 'C-1', channel: 'google', clicks: 1, cost: 1 };
const fields = ['date', 'campaign_id', 'channel', 'cost', 'clicks', 'currency', 'updated_at'] as const;
const texts: Record<string, (length: number) => string> = {
  digits: (length) => `${'1'.repeat(length)}x`,
  'grouped digits': (length) => `${'1,111'.repeat(length / 5)}x`,
  blanks: (length) => `1${' '.repeat(length)}x`,
  points: (length) => `${'.'.repeat(length)}1`,
  'a date and blanks': (length) => `2025-08-01${' '.repeat(length)}x`,
  'an encoded percent sign': (length) => `%${'25'.repeat(length / 2)}41`,
  'encoded letters': (length) => '%41'.repeat(length / 3),
  braces: (length) => '{'.repeat(length),
  dashes: (length) => '-'.repeat(length),
};

/** Least of three, milliseconds: the machine may be at something else for a moment. */
function cost(field: string, text: string): number {
  const times = [1, 2, 3].map((nth) => {
    // Not one that a cache has seen.
    const record = { ...good, [field]: `${text}${nth}` };
    const started = performance.now();
    normalise(record, new Repairs());
    return performance.now() - started;
  });
  return Math.min(...times);
}

// What grows with the square of the length takes a thousand times as long for the longer text, and seconds.
it.each(Object.keys(texts))('%s of any length cost by their length in every field', (name) => {
  for (const field of fields) {
    const textOf = texts[name] ?? String;
    cost(field, textOf(3_000));
    const short = Math.max(cost(field, textOf(3_000)), 0.2);
    expect(cost(field, textOf(96_000)) / short, field).toBeLessThan(300);
  }
});
