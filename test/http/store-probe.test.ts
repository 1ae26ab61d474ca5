import { expect, it } from 'vitest';
import { createStoreProbe } from '../../src/http/store-probe.ts';

/** A store whose pings end when the test says so. */
function startProbe() {
  const pings: PromiseWithResolvers[] = [];
  const clock = { time: 0, now: () => clock.time };
  const store = {
    ping: () =>
      new Promise<{ freeBytes: number }>((resolve, reject) => {
        pings.push({ resolve, reject });
      }),
  };
  return { probe: createStoreProbe({ store, clock }), pings, clock };
}

const room = { freeBytes: 1e12 };

interface PromiseWithResolvers {
  resolve(found: { freeBytes: number }): void;
  reject(error: Error): void;
}

it('a thousand who ask at once are answered by one ping, and for a second none is sent', async () => {
  const { probe, pings, clock } = startProbe();
  const asked = Array.from({ length: 1_000 }, () => probe());
  expect(pings).toHaveLength(1);
  pings[0]?.resolve(room);
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['ok']));

  clock.time = 999;
  expect(await probe()).toBe('ok');
  expect(pings).toHaveLength(1);

  clock.time = 1_000;
  const again = probe();
  expect(pings).toHaveLength(2);
  pings[1]?.reject(new Error('gone'));
  expect(await again).toBe('unreachable');
});

it('a clock that was set back does not keep what was found for longer', async () => {
  const { probe, pings, clock } = startProbe();
  clock.time = 1_000_000;
  const first = probe();
  pings[0]?.resolve(room);
  await first;
  clock.time = 0;
  const second = probe();
  expect(pings).toHaveLength(2);
  pings[1]?.resolve(room);
  expect(await second).toBe('ok');
});

it('a ping without an answer is not followed by a second one, and whoever asks hears of it', async () => {
  const { probe, pings } = startProbe();
  expect(await Promise.all([probe(), probe()])).toEqual(['unreachable', 'unreachable']);
  const third = probe();
  expect(pings).toHaveLength(1);
  pings[0]?.resolve(room);
  expect(await third).toBe('ok');
});

it('a disk with next to no room is told of', async () => {
  const { probe, pings } = startProbe();
  const asked = probe();
  pings[0]?.resolve({ freeBytes: 1_048_576 });
  expect(await asked).toBe('disk full');
});
