import { setTimeout as delay } from 'node:timers/promises';
import { Mutex, type MutexInterface } from 'async-mutex';
import type { Lease, Leases } from './leases.ts';

/** Work that excludes other work. */
export type Lock = Pick<MutexInterface, 'runExclusive'>;

/** How long the lease is kept for this process's next piece of work: taking it costs three statements. */
const lingerMs = 250;
/** Work that follows upon work lets the other processes have a turn after so long. */
const longestMs = 2_000;
/** Longer than they sleep between two looks at the lease. */
const turnMs = 400;

/** A lock that holds across processes. Work that fails to get it fails with the store's error. */
export function createStoreLock(leases: Leases, name: string): Lock & { stop(): Promise<void> } {
  const mutex = new Mutex();
  let lease: Lease | undefined;
  let since = 0;
  let linger: NodeJS.Timeout | undefined;

  const giveBack = async (): Promise<void> => {
    clearTimeout(linger);
    const given = lease;
    lease = undefined;
    await given?.release();
  };
  const take = async (): Promise<void> => {
    clearTimeout(linger);
    if (lease?.isHeld() && performance.now() - since < longestMs) return;
    if (lease !== undefined) {
      await giveBack();
      const others = [...(await leases.livingOwners())].some((owner) => owner !== leases.owner);
      if (others) await delay(turnMs);
    }
    lease = await leases.acquire(name);
    since = performance.now();
  };

  return {
    runExclusive: (work) =>
      mutex.runExclusive(async () => {
        await take();
        try {
          return await work();
        } finally {
          linger = setTimeout(() => {
            if (!mutex.isLocked()) void mutex.runExclusive(giveBack);
          }, lingerMs).unref();
        }
      }),
    stop: () => mutex.runExclusive(giveBack),
  };
}
