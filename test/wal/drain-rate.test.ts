import { expect, test } from 'vitest';
import { createDrainRate } from '../../src/wal/backlog.ts';

test('how long until there is room follows what was drained in the last ten seconds, from 1 s to 30 s', () => {
  let now = 0;
  const rate = createDrainRate(() => now);
  expect(rate.secondsFor(1)).toBe(30);
  for (now = 1_000; now <= 20_000; now += 1_000) rate.note(100);
  now = 20_000;
  expect(rate.secondsFor(1)).toBe(1);
  expect(rate.secondsFor(100)).toBe(1);
  expect(rate.secondsFor(101)).toBe(2);
  expect(rate.secondsFor(1_250)).toBe(13);
  expect(rate.secondsFor(1_000_000)).toBe(30);
  now = 25_000;
  // Half of what counts is forgotten.
  expect(rate.secondsFor(500)).toBe(10);
  now = 40_000;
  expect(rate.secondsFor(1)).toBe(30);
});
