import { Semaphore } from 'async-mutex';
import { anonymous } from '../../access/caller.ts';

/** Large pushes at a time: each holds a batch in memory. Others are not read on until it is their turn. */
const most = 4;
/** Of one caller, so that nobody holds up all others. */
const mostOfOne = 2;

/** Gives large pushes their turns. */
export interface LargeTurns {
  /** @param id whose push it is; those who need not log in are not told apart, and may all push at once */
  run<Result>(id: string, work: () => Promise<Result>): Promise<Result>;
}

export function createLargeTurns(): LargeTurns {
  const all = new Semaphore(most);
  const shares = new Map<string, Semaphore>();
  return {
    async run(id, work) {
      if (id === anonymous.id) return all.runExclusive(work);
      const share = shares.get(id) ?? new Semaphore(mostOfOne);
      shares.set(id, share);
      try {
        return await share.runExclusive(() => all.runExclusive(work));
      } finally {
        // Nobody has a turn or waits for one.
        if (share.getValue() === mostOfOne) shares.delete(id);
      }
    },
  };
}
