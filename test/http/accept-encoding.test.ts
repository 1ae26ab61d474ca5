import { expect, it } from 'vitest';
import { chooseCoding } from '../../src/http/compression/accept-encoding.ts';

it.each([
  // What browsers, curl --compressed, Go, Python's requests and Node's fetch send.
  ['gzip, deflate, br, zstd', 'br'],
  ['deflate, gzip, br', 'br'],
  ['gzip', 'gzip'],
  ['gzip, deflate', 'gzip'],
  ['br, gzip, deflate', 'br'],
  ['x-gzip', 'gzip'],
  ['GZIP', 'gzip'],
  // Weights.
  ['br;q=0.5, gzip', 'gzip'],
  ['br; q=0.5 ,gzip;q=0.4', 'br'],
  ['br;q=0, gzip;q=0.001', 'gzip'],
  ['br;Q=0, gzip', 'gzip'],
  ['br;q=0, gzip;q=0', undefined],
  ['*', 'br'],
  ['*;q=0.1', 'br'],
  ['br;q=0, *', 'gzip'],
  ['*;q=0', undefined],
  ['gzip;q=0.5, *;q=0', 'gzip'],
  // No coding is as good as any other, unless it is said to be better.
  ['identity', undefined],
  ['identity, gzip', 'gzip'],
  ['identity;q=0.5, gzip;q=0.4', undefined],
  ['', undefined],
  [undefined, undefined],
  ['deflate, zstd', undefined],
  // What is malformed is passed over.
  ['gzip;q=2', undefined],
  ['gzip;q=x, br;q=0.5', 'br'],
  [';;,=,gzip', 'gzip'],
])('%s → %s', (header, coding) => {
  expect(chooseCoding(header).coding).toBe(coding);
});

it.each([
  ['gzip, identity;q=0', true],
  ['gzip, *;q=0', true],
  ['identity, *;q=0', false],
  ['gzip', false],
  [undefined, false],
])('%s refuses an answer without a coding: %s', (header, refuses) => {
  expect(chooseCoding(header).refusesIdentity).toBe(refuses);
});
