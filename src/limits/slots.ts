import { E_TIMEOUT, Semaphore, type SemaphoreInterface, withTimeout } from 'async-mutex';

/** A burst, such as the tiles of a dashboard that are asked for one by one, waits so long for its turn. */
const waitMs = 5_000;

/** Bounds what each account has at work at a time. */
export interface Slots {
  /** @returns what gives the slot back; undefined when none became free in time, or too many wait already */
  take(account: string): Promise<(() => void) | undefined>;
  /** For accounts that have nothing at work when they come next. */
  change(most: number): void;
}

interface Account {
  readonly semaphore: SemaphoreInterface;
  /** Slots taken and waited for. */
  users: number;
  readonly mostUsers: number;
}

/** @param mostWaiting for each slot */
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
      const leave = (): void => {
        account.users -= 1;
        if (account.users === 0) accounts.delete(name);
      };
      try {
        const [, release] = await account.semaphore.acquire();
        return () => {
          release();
          leave();
        };
      } catch (error) {
        leave();
        if (error === E_TIMEOUT) return undefined;
        throw error;
      }
    },
    change(next) {
      most = next;
    },
  };
}
