import { setTimeout as delay } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { UtmqlError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { linkSignals } from '../../time.ts';
import type { LeaseTable } from './lease-table.ts';
import { createRenewal, type HeldClaim, type Renewal } from './renewal.ts';
import { createTerm, marginMs, monotonicNow, termOf } from './term.ts';

/**
 * Leases: of all processes on one store, at most one holds a name at a time.
 *
 * ClickHouse has no compare-and-set. What it has: an INSERT that was acknowledged is seen by every SELECT that begins after
 * that. So whoever wants a lease first stores a claim and then looks: of two that claim at the same time, the one whose claim
 * was stored second sees the other's. Hence the rule: a lease is held by whoever, **after** storing a claim, sees **no other**
 * that counts. It needs no order and no clock. Of two that see each other the later gives way at once and the earlier looks
 * again; if both give way, each tries again after a random while.
 *
 * A claim counts until it is released, or until it has expired (by the store's clock, the only one that is compared) **and**
 * somebody has stored that it is broken. The second is what makes a renewal safe. A holder renews by storing its claim anew and
 * looking whether it is broken. Either that look sees the mark, and the lease is lost; or the renewal was stored before the mark,
 * and the one who broke it, who looks once more after marking, sees a claim that is live again and gives way.
 *
 * A holder that hears nothing from the store stops by itself: `isHeld` turns false `marginMs` before the claim expires, counted
 * from before it was sent, on this machine's monotonic clock. What it can still do is a statement that was on its way by then.
 * Such a statement is harmless: staged rows and unfinished statements of a run are dropped and killed by whoever takes the run
 * up, and what they had written is older by version than what that one writes.
 *
 * It rests on one server's word, or on a cluster that gives the same: the rows of one name on one shard, inserts into it in the
 * foreground, and with replicas `insert_quorum` and `select_sequential_consistency`. A clock of the server that jumps ahead ends
 * leases early: both holders can then be at work until the first one's next renewal.
 */
export interface Leases {
  /** This process, as the others know it. */
  readonly owner: string;
  /** Waits until the lease is this caller's. Two callers in one process exclude each other, too. */
  acquire(name: string, signal?: AbortSignal): Promise<Lease>;
  runExclusive<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Owners whose processes live, or did a moment ago. */
  livingOwners(): Promise<ReadonlySet<string>>;
  /** Gives everything back; the others need not wait for it to expire. */
  stop(): Promise<void>;
}

export interface Lease {
  readonly name: string;
  isHeld(): boolean;
  /** Aborts when the lease is no longer held, though it was not released. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

const processPrefix = 'process:';

/** Looks of the earlier of two claims before it gives way, too. */
const looks = 5;
const lookAgainMs = 20;
const waitMs = { first: 25, longest: 250 };

interface Held extends HeldClaim {
  readonly losing: AbortController;
}

/** How soon work hears that its lease is lost. Asked, a lease knows it at once. */
const watchEveryMs = marginMs / 4;

/**
 * Opens the leases of a process.
 *
 * @param options.owner its name, of which at most one process is alive: what its predecessor held is given back
 * @param options.renewal what renews them. Default: the calling thread, for work that ends before its loop has anything else to do
 */
export async function openLeases(options: {
  table: LeaseTable;
  owner: string;
  logger: Logger;
  renewal?: Renewal;
}): Promise<Leases> {
  const { table, owner, logger } = options;
  const held = new Map<string, Held>();
  const stopping = new AbortController();
  const renewal =
    options.renewal ??
    createRenewal({
      table,
      owner,
      onFailed: (error) => logger.debug({ err: error }, 'leases could not be renewed'),
    });
  const give = (claim: Pick<Held, 'name' | 'token'>, state: 'released' | 'broken' = 'released') =>
    table.end([{ ...claim, owner }], state);

  /** One try. Undefined: somebody else has it, or wants it as much. */
  const claim = async (name: string): Promise<Held | undefined> => {
    const token = uuidv7();
    const term = createTerm({ until: termOf(monotonicNow(), table.seconds) });
    try {
      await table.hold([name], [token], owner);
      for (let look = 1; look <= looks; look += 1) {
        const claims = await table.claims([name]);
        const others = claims.filter((other) => other.token !== token);
        const expired = others.filter(({ isLive }) => !isLive);
        const isMine = claims.some((mine) => mine.token === token && mine.isLive && !mine.isBroken);
        if (!isMine || term.isOver()) break;
        if (others.length === 0) return { name, token, term, losing: new AbortController() };
        // Looks again after it: one of them may have been renewed in this moment.
        if (expired.length > 0) {
          await table.end(expired, 'broken');
          continue;
        }
        if (claims[0]?.token !== token) break;
        await delay(lookAgainMs);
      }
    } catch (error) {
      await give({ name, token }).catch(() => undefined);
      throw error;
    }
    await give({ name, token });
    return undefined;
  };

  const forget = (lease: Held): boolean => {
    lease.term.end();
    renewal.remove(lease.token);
    return held.delete(lease.token);
  };
  const lose = (lease: Held): void => {
    if (!forget(lease)) return;
    logger.warn({ lease: lease.name }, 'a lease was lost: the store could not be reached in time');
    lease.losing.abort(new UtmqlError('STORE_UNAVAILABLE', 'The store could not be reached in time.'));
  };

  const toLease = (lease: Held): Lease => {
    held.set(lease.token, lease);
    renewal.add(lease);
    return {
      name: lease.name,
      isHeld: () => !lease.term.isOver(),
      lost: lease.losing.signal,
      async release() {
        if (!forget(lease)) return;
        await give(lease).catch((error: unknown) =>
          logger.debug({ err: error, lease: lease.name }, 'a lease could not be given back; it expires'),
        );
      },
    };
  };

  const acquireUnless = async (name: string, stop: AbortSignal): Promise<Lease> => {
    for (let wait = waitMs.first; ; wait = Math.min(2 * wait, waitMs.longest)) {
      stop.throwIfAborted();
      const lease = await claim(name);
      if (lease !== undefined) {
        if (!stop.aborted) return toLease(lease);
        await give(lease);
        stop.throwIfAborted();
      }
      // Only looks meanwhile: claims of those who wait would keep the others from getting it.
      do await delay(wait * (0.5 + Math.random()), undefined, { signal: stop }).catch(() => undefined);
      while (!stop.aborted && (await table.claims([name])).some(({ isLive }) => isLive));
    }
  };

  const acquire: Leases['acquire'] = async (name, signal) => {
    const { signal: either, unlink } = linkSignals([stopping.signal, signal]);
    try {
      return await acquireUnless(name, either);
    } finally {
      unlink();
    }
  };

  const name = `${processPrefix}${owner}`;
  const begin = async (): Promise<Lease> => {
    await table.end(await table.claimsOf(owner), 'released');
    return acquire(name);
  };
  let life = await begin().catch(async (error: unknown) => {
    await renewal.stop();
    throw error;
  });
  let reviving: Promise<void> | undefined;
  const revive = async (): Promise<void> => {
    life = await acquire(name).catch(() => life);
    reviving = undefined;
  };
  // Apart from the renewal, which may be waiting for the store: whoever holds a lease must hear in time that it is over.
  const watch = setInterval(() => {
    for (const lease of held.values()) if (lease.term.isOver()) lose(lease);
    if (!life.isHeld()) reviving ??= revive();
  }, watchEveryMs).unref();

  return {
    owner,
    acquire,
    async runExclusive(wanted, work) {
      const lease = await acquire(wanted);
      try {
        return await work();
      } finally {
        await lease.release();
      }
    },
    livingOwners: () => table.owners(processPrefix),
    async stop() {
      stopping.abort(
        new UtmqlError('STORE_UNAVAILABLE', 'The server is shutting down.', { retryable: true }),
      );
      clearInterval(watch);
      const rest = [...held.values()];
      for (const lease of rest) forget(lease);
      const given = table
        .end(
          rest.map((lease) => ({ ...lease, owner })),
          'released',
        )
        .catch((error: unknown) =>
          logger.debug({ err: error }, 'leases could not be given back; they expire'),
        );
      await Promise.all([given, renewal.stop(), reviving]);
    },
  };
}
