import { setTimeout as delay } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Claim, LeaseTable } from './lease-table.ts';

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
 * from before it was sent, on this process's monotonic clock. What it can still do is a statement that was on its way by then.
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

const marginMs = 1_000;
/** Of the time that a claim holds. */
const renewals = 4;
/** Looks of the earlier of two claims before it gives way, too. */
const looks = 5;
const lookAgainMs = 20;
const waitMs = { first: 25, longest: 250 };

interface Held {
  readonly name: string;
  readonly token: string;
  readonly losing: AbortController;
  /** On the monotonic clock; the claim is not renewed after it. */
  deadline: number;
}

/**
 * Opens the leases of a process.
 *
 * @param options.owner its name, of which at most one process is alive: what its predecessor held is given back
 */
export async function openLeases(options: {
  table: LeaseTable;
  owner: string;
  logger: Logger;
}): Promise<Leases> {
  const { table, owner, logger } = options;
  const held = new Map<string, Held>();
  const stopping = new AbortController();
  const now = (): number => performance.now();
  const deadlineFrom = (sentAt: number): number => sentAt + table.seconds * 1_000 - marginMs;
  const give = (claim: Pick<Held, 'name' | 'token'>, state: 'released' | 'broken' = 'released') =>
    table.end([{ ...claim, owner }], state);

  /** One try. Undefined: somebody else has it, or wants it as much. */
  const claim = async (name: string): Promise<Held | undefined> => {
    const token = uuidv7();
    const sentAt = now();
    try {
      await table.hold([name], [token], owner);
      for (let look = 1; look <= looks; look += 1) {
        const claims = await table.claims([name]);
        const others = claims.filter((other) => other.token !== token);
        const expired = others.filter(({ isLive }) => !isLive);
        const isMine = claims.some((mine) => mine.token === token && mine.isLive && !mine.isBroken);
        if (!isMine || now() >= deadlineFrom(sentAt)) break;
        if (others.length === 0) {
          return { name, token, losing: new AbortController(), deadline: deadlineFrom(sentAt) };
        }
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

  const lose = (lease: Held): void => {
    if (!held.delete(lease.token)) return;
    logger.warn({ lease: lease.name }, 'a lease was lost: the store could not be reached in time');
    lease.losing.abort(new UtmqlError('STORE_UNAVAILABLE', 'The store could not be reached in time.'));
  };

  const renew = async (): Promise<void> => {
    for (const lease of held.values()) if (now() >= lease.deadline) lose(lease);
    const leases = [...held.values()];
    if (leases.length === 0) return;
    const names = leases.map(({ name }) => name);
    const sentAt = now();
    await table.hold(
      names,
      leases.map(({ token }) => token),
      owner,
    );
    const claims = new Map((await table.claims(names)).map((each) => [each.token, each]));
    for (const lease of leases) {
      if (!held.has(lease.token)) continue;
      const mine: Claim | undefined = claims.get(lease.token);
      if (mine === undefined || mine.isBroken || now() >= lease.deadline) lose(lease);
      else lease.deadline = deadlineFrom(sentAt);
    }
  };

  const toLease = (lease: Held): Lease => {
    held.set(lease.token, lease);
    return {
      name: lease.name,
      isHeld: () => held.has(lease.token) && now() < lease.deadline,
      lost: lease.losing.signal,
      async release() {
        if (!held.delete(lease.token)) return;
        await give(lease).catch((error: unknown) =>
          logger.debug({ err: error, lease: lease.name }, 'a lease could not be given back; it expires'),
        );
      },
    };
  };

  const acquire: Leases['acquire'] = async (name, signal) => {
    const either = AbortSignal.any([stopping.signal, ...(signal ? [signal] : [])]);
    for (let wait = waitMs.first; ; wait = Math.min(2 * wait, waitMs.longest)) {
      either.throwIfAborted();
      const lease = await claim(name);
      if (lease !== undefined) {
        if (!either.aborted) return toLease(lease);
        await give(lease);
        either.throwIfAborted();
      }
      // Only looks meanwhile: claims of those who wait would keep the others from getting it.
      do await delay(wait * (0.5 + Math.random()), undefined, { signal: either }).catch(() => undefined);
      while (!either.aborted && (await table.claims([name])).some(({ isLive }) => isLive));
    }
  };

  await table.end(await table.claimsOf(owner), 'released');
  const name = `${processPrefix}${owner}`;
  let life = await acquire(name);
  const beat = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await delay((table.seconds * 1_000) / renewals, undefined, {
        signal: stopping.signal,
        ref: false,
      }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        await renew();
        if (!life.isHeld()) life = await acquire(name);
      } catch (error) {
        if (!stopping.signal.aborted) logger.debug({ err: error }, 'leases could not be renewed');
      }
    }
  };
  const beating = beat();
  // Apart from the beat, which may be waiting for the store: whoever holds a lease must hear in time that it is over.
  const watch = setInterval(() => {
    for (const lease of held.values()) if (now() >= lease.deadline) lose(lease);
  }, marginMs / 4).unref();

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
      await beating;
      const rest = [...held.values()].map((lease) => ({ ...lease, owner }));
      held.clear();
      await table
        .end(rest, 'released')
        .catch((error: unknown) =>
          logger.debug({ err: error }, 'leases could not be given back; they expire'),
        );
    },
  };
}
