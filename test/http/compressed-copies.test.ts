import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createCompressedCopies } from '../../src/http/compression/compressed-copies.ts';

const body = Buffer.from('{"clicks":1}'.repeat(1_000));

it('an answer is compressed once: for those who ask at the same time, and for those who ask later', async () => {
  let now = 1_000;
  const copies = createCompressedCopies({ ttlMs: 1_000, maxBytes: 10_000, clock: { now: () => now } });
  const [one, other] = await Promise.all([copies.of('"a"', body, 'gzip'), copies.of('"a"', body, 'gzip')]);
  expect(other).toBe(one);
  expect(await copies.of('"a"', body, 'gzip')).toBe(one);
  expect(gunzipSync(one)).toEqual(body);
  expect(await copies.of('"a"', body, 'br')).not.toEqual(one);
  expect(gunzipSync(await copies.of('"b"', Buffer.from('other'), 'gzip')).toString()).toBe('other');
  now = 3_000;
  expect(await copies.of('"a"', body, 'gzip')).not.toBe(one);
});

it('keeps no more than its bytes', async () => {
  const copies = createCompressedCopies({ ttlMs: 1_000, maxBytes: 400, clock: { now: () => 1_000 } });
  const first = await copies.of('"1"', body, 'gzip');
  for (const etag of ['"2"', '"3"', '"4"', '"5"']) await copies.of(etag, body, 'gzip');
  expect(await copies.of('"1"', body, 'gzip')).not.toBe(first);
});
