import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMemoryShares, memoryOfOne } from '../../src/admission/memory-shares.ts';

const gigabyte = 1_024 ** 3;
const weight = fc.constantFrom('light' as const, 'heavy' as const);

it('all queries at work together have three quarters of the server’s memory at most, and each its share', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 16, max: 512 }),
      fc.integer({ min: 0, max: 64 * gigabyte }),
      fc.array(fc.tuple(weight, fc.nat()), { maxLength: 300 }),
      (slots, gigabytes, mostBytes, steps) => {
        const bytes = gigabytes * gigabyte;
        const shares = createMemoryShares(bytes, slots, () => mostBytes);
        const { least, most } = memoryOfOne(bytes, slots);
        const atWork: number[] = [];
        for (const [of, pick] of steps) {
          const ends = atWork.length === slots || pick % 2 === 0;
          const [ended] = ends ? atWork.splice(pick % slots, 1) : [];
          if (ended !== undefined) shares.giveBack(ended);
          if (atWork.length < slots) atWork.push(shares.take(of));
          expect(atWork.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual((bytes * 3) / 4);
          for (const one of atWork) {
            expect(one).toBeGreaterThanOrEqual(least);
            expect(one).toBeLessThanOrEqual(most);
          }
        }
      },
    ),
  );
});

it('a lone heavy query has much, the next ones less, a light one its share', () => {
  const shares = createMemoryShares(4 * gigabyte, 8, () => 2 * gigabyte);
  const megabytes = (bytes: number): number => Math.floor(bytes / 1_024 ** 2);
  const { least, most } = memoryOfOne(4 * gigabyte, 8);
  expect([least, most, shares.mostOfOne].map(megabytes)).toEqual([128, 1_493, 1_493]);
  const first = shares.take('heavy');
  expect([first, shares.take('heavy'), shares.take('light')].map(megabytes)).toEqual([1_493, 583, 128]);
  shares.giveBack(first);
  expect(megabytes(shares.take('heavy'))).toBe(1_189);
});

it('nobody takes more than one query may use, so that more is left for the next', () => {
  const shares = createMemoryShares(16 * gigabyte, 8, () => 2 * gigabyte);
  expect([1, 2, 3, 4].map(() => shares.take('heavy') / gigabyte)).toEqual([2, 2, 2, 2]);
  expect(shares.mostOfOne).toBe(2 * gigabyte);
});

it('a query has enough to be answered, however many slots there are', () => {
  const shares = createMemoryShares(gigabyte, 1_000, () => gigabyte);
  expect([shares.take('light'), shares.take('heavy')]).toEqual([64 * 1_024 ** 2, 64 * 1_024 ** 2]);
});
