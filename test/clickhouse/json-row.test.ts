import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonRow } from '../../src/clickhouse/json-row.ts';

const wellFormed = (text: string): string => Buffer.from(text).toString();

it('gives the same JSON, but for half characters, which become U+FFFD', () => {
  const halves = fc.constantFrom('\uD800', '\uDFFF', '\uD83D\uDE42', '\\ud800', '\\', '"', '\n', 'a');
  fc.assert(
    fc.property(fc.array(fc.oneof(halves, fc.string({ unit: 'binary' }))), (parts) => {
      const text = parts.join('');
      expect(JSON.parse(jsonRow({ text }).toString())).toEqual({ text: wellFormed(text) });
    }),
  );
});

it('is one line', () => {
  expect(jsonRow({ a: 1, b: 'x\ny' }).toString()).toBe('{"a":1,"b":"x\\ny"}\n');
});
