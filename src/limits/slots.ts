import { E_TIMEOUT, Semaphore, type SemaphoreInterface, withTimeout } from 'async-mutex';

/** How long a request waits for a slot, so that a burst, such as single requests for the tiles of a dashboard, is not refused. */
const waitMs = 5_000;

/** Limits the concurrent work of each account. */
export interface Slots {
  /** @returns a function that releases the slot; undefined if none was free in time or too many already wait */
  take(account: string): Promise<(() => void) | undefined>;
  /** Changes the limit. It applies to an account once it has no work left. */
  change(most: number): void;
}

interface Account {
  readonly semaphore: SemaphoreInterface;
  /** Number of slots in use and waited for. */
  users: number;
  readonly mostUsers: number;
}

/** @param options.mostWaiting number of waiting requests for each slot */
export function createSlots(options: { most: number; mostWaiting: number }): Slots {
  let { most } = options;
  const accounts = new Map<string, Account>();

  const open = (name: string): Account => {
    const account: Account = {
      semaphore: withTimeout(new Semaphore(most), waitMs, E_TIMEOUT),
      users: 0,
      mostUsers: most * (1 + options.mostWaiting),
    };
    accounts.set(name, account);
    return account;
  };

  return {
    async take(name) {
      const account = accounts.get(name) ?? open(name);
      if (account.users >= account.mostUsers) return undefined;
      account.users += 1;
      const uncount = (): void => {
        account.users -= 1;
        if (account.users === 0) accounts.delete(name);
      };
      try {
        const [, release] = await account.semaphore.acquire();
        return () => {
          release();
          uncount();
        };
      } catch (error) {
        uncount();
        if (error === E_TIMEOUT) return undefined;
        throw error;
      }
    },
    change(next) {
      most = next;
    },
  };
}
