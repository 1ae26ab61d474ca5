import { setTimeout as delay } from 'node:timers/promises';
import type { LeaseTable } from './lease-table.ts';
import { monotonicNow, type Term, termOf } from './term.ts';

/** A claim that is to be renewed, and until when it is held. */
export interface HeldClaim {
  readonly name: string;
  readonly token: string;
  readonly term: Term;
}

/** Renews the claims of a process. Of one that turns out to be lost the term ends. */
export interface Renewal {
  add(claim: HeldClaim): void;
  remove(token: string): void;
  stop(): Promise<void>;
}

/** Of the time that a claim holds. */
const renewals = 4;

/**
 * Renews claims in the thread that it is called in.
 *
 * @param options.isOwed false: whoever holds the claims shows no sign of life, and they are left to expire
 */
export function createRenewal(options: {
  table: LeaseTable;
  owner: string;
  isOwed?: () => boolean;
  onFailed: (error: unknown) => void;
}): Renewal {
  const { table, owner, isOwed = () => true, onFailed } = options;
  const claims = new Map<string, HeldClaim>();
  const stopping = new AbortController();

  const renew = async (): Promise<void> => {
    for (const { token, term } of claims.values()) if (term.isOver()) claims.delete(token);
    const renewed = [...claims.values()];
    if (renewed.length === 0 || !isOwed()) return;
    const names = renewed.map(({ name }) => name);
    const sentAt = monotonicNow();
    await table.hold(
      names,
      renewed.map(({ token }) => token),
      owner,
    );
    const counted = await table.claims(names);
    const unbroken = new Set(counted.filter(({ isBroken }) => !isBroken).map(({ token }) => token));
    for (const { token, term } of renewed) {
      if (unbroken.has(token)) term.extend(termOf(sentAt, table.seconds));
      else term.end();
    }
  };

  const beat = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await delay((table.seconds * 1_000) / renewals, undefined, {
        signal: stopping.signal,
        ref: false,
      }).catch(() => undefined);
      if (!stopping.signal.aborted) await renew().catch(onFailed);
    }
  };
  const beating = beat();

  return {
    add: (claim) => void claims.set(claim.token, claim),
    remove: (token) => void claims.delete(token),
    async stop() {
      stopping.abort();
      await beating;
    },
  };
}
