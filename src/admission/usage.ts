const halfLifeMs = 10_000;
/** Less than this is as good as nothing. */
const leastMs = 1;
const mostAccounts = 1_000;

/** How much time of queries each account has lately used. Use counts half after ten seconds. Pure: time comes with each call. */
export interface Usage {
  add(account: string, usedMs: number, nowMs: number): void;
  /** In milliseconds. */
  of(account: string, nowMs: number): number;
}

export function createUsage(): Usage {
  const accounts = new Map<string, { ms: number; atMs: number }>();
  const of = (account: string, nowMs: number): number => {
    const known = accounts.get(account);
    return known === undefined ? 0 : known.ms * 0.5 ** (Math.max(nowMs - known.atMs, 0) / halfLifeMs);
  };
  return {
    of,
    add(account, usedMs, nowMs) {
      accounts.set(account, { ms: of(account, nowMs) + usedMs, atMs: nowMs });
      if (accounts.size <= mostAccounts) return;
      for (const name of [...accounts.keys()]) if (of(name, nowMs) < leastMs) accounts.delete(name);
    },
  };
}
