import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nextLink } from '../../src/sources/pagination/by-link.ts';
import { hasArray, pageField } from '../../src/sources/pagination/page-field.ts';

/** Every path of a value, with what is there. */
function* pathsOf(value: unknown, path: readonly string[] = []): Generator<[readonly string[], unknown]> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* pathsOf(inner, [...path, key]);
}

it('finds in the text of a page what JSON.parse finds', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const parsed: unknown = JSON.parse(text);
      for (const [path, inner] of pathsOf(parsed)) {
        expect(pageField(Buffer.from(text), path)).toEqual(inner);
        expect(pageField(Buffer.from(`\ufeff ${text} `), path)).toEqual(inner);
        expect(pageField(Buffer.from(text), [...path, 'no such key'])).toBeUndefined();
        expect(hasArray(Buffer.from(text), path)).toBe(Array.isArray(parsed) || Array.isArray(inner));
      }
    }),
  );
});

it('finds nothing in what is no JSON, and does not fail', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string(), { minLength: 1 }), (text, path) => {
      expect(pageField(Buffer.from(`x${text}`), path)).toBeUndefined();
    }),
  );
  for (const cut of ['{"a', '{"a"', '{"a":', '{"a":{', '{"a":{"b":1', '[', '[1']) {
    expect(pageField(Buffer.from(cut), ['a', 'b'])).toBeUndefined();
  }
});

it.each([
  ['<https://a/?p=2>; rel="next"', 'https://a/?p=2'],
  [
    '<https://a/?p=1>; rel="prev", <https://a/?p=3>; rel="next", <https://a/?p=9>; rel="last"',
    'https://a/?p=3',
  ],
  ['</p?a=1,2;b=3>;rel=next', '/p?a=1,2;b=3'],
  ['<a>; REL="Prev NEXT"', 'a'],
  ['<a>; title="x; rel=next, <b>; rel=next"; rel=prev, <c>; rel = "next"', 'c'],
  ['<a>; rel="nextish", <b>; rev=next', undefined],
  ['', undefined],
  [undefined, undefined],
])('takes the next link from %s', (header, link) => {
  expect(nextLink(header)).toBe(link);
});

it('takes the next link from several headers', () => {
  expect(nextLink(['<a>; rel=first', '<b>; rel=next'])).toBe('b');
});
