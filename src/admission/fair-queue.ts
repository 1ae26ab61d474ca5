import { createUsage } from './usage.ts';

/** Somebody who asks: the account that limits count for, in one of its workspaces. */
export interface Owner {
  readonly account: string;
  readonly workspace: string;
}

export interface FairQueueSettings {
  /** Tasks at work at a time. */
  readonly slots: number;
  /** Tasks of one account that may wait. */
  readonly mostWaiting: number;
}

/** The queries of one GraphQL operation. */
export interface QueueMember<Task> {
  /** Puts a task at the end of the member's own line; false where too many of its account wait already. */
  add(task: Task): boolean;
  /** Takes out a task that no longer waits for its turn; false where it had it, or was never there. */
  remove(task: Task): boolean;
  /** A task has ended that had its turn at `begunAtMs`. */
  end(begunAtMs: number, nowMs: number): void;
  /** True while other accounts come and this one has used much time lately, its tasks at work included. */
  givesWay(nowMs: number): boolean;
  /** Its tasks that have had their turn and not ended. */
  readonly atWork: number;
}

/**
 * Decides which task has its turn next. Pure: time comes with each call, and nothing is started here.
 *
 * The next turn goes to whose account and workspace have the fewest tasks at work, then to the account that has waited
 * longest for one; within an account to the operation with the fewest at work, then to the one that has waited longest.
 * So a task waits for turns of others, never for lines of others.
 *
 * Nothing is taken back once it has begun, so room is kept: the last slot is for accounts that have nothing at work, and
 * half of the slots is all that one account gets while others come.
 */
export interface FairQueue<Task> {
  join(owner: Owner): QueueMember<Task>;
  /** Tasks whose turn it is now, in their order: they count as at work from here on. */
  take(nowMs: number): Task[];
  readonly atWork: number;
}

/** Others count as coming for so long after their last task. */
const recentMs = 60_000;
/** An account that has lately used more query time than this gives way to others. */
const maxModestMs = 3_000;

interface Share {
  atWork: number;
  waiting: number;
  /** When it last had a turn, in turns. */
  turn: number;
  /** Of an account, when each of its tasks at work had its turn, added up. */
  begunAtMs: number;
}

interface Line<Task> extends Share {
  readonly owner: Owner;
  readonly account: Share;
  readonly workspace: Share;
  readonly tasks: Set<Task>;
}

export function createFairQueue<Task>(settings: FairQueueSettings): FairQueue<Task> {
  const { slots, mostWaiting } = settings;
  const accounts = new Map<string, Share>();
  const workspaces = new Map<string, Share>();
  /** Those with tasks that wait. */
  const lines = new Set<Line<Task>>();
  const visits = createVisits();
  const usage = createUsage();
  let atWork = 0;
  let turns = 0;

  const count = (line: Line<Task>, what: 'atWork' | 'waiting', change: 1 | -1): void => {
    const { owner } = line;
    line[what] += change;
    line.account[what] += change;
    line.workspace[what] += change;
    storeShare(accounts, owner.account, line.account);
    storeShare(workspaces, owner.workspace, line.workspace);
  };

  const mayBegin = ({ owner, account }: Line<Task>, nowMs: number): boolean => {
    if (atWork >= slots) return false;
    if (slots === 1 || account.atWork === 0) return true;
    const share = visits.hasOther(owner.account, nowMs) ? Math.ceil(slots / 2) : slots - 1;
    return account.atWork < share && atWork < slots - 1;
  };

  const next = (nowMs: number): Line<Task> | undefined => {
    let best: Line<Task> | undefined;
    for (const line of lines)
      if (mayBegin(line, nowMs) && (best === undefined || isBefore(line, best))) best = line;
    return best;
  };

  return {
    get atWork() {
      return atWork;
    },
    join(owner) {
      let line: Line<Task> | undefined;
      const open = (): Line<Task> => ({
        ...nothing(),
        owner,
        account: accounts.get(owner.account) ?? nothing(),
        workspace: workspaces.get(owner.workspace) ?? nothing(),
        tasks: new Set(),
      });
      const close = (): void => {
        if (line?.atWork === 0 && line.waiting === 0) line = undefined;
      };
      return {
        get atWork() {
          return line?.atWork ?? 0;
        },
        add(task) {
          line ??= open();
          if (line.account.waiting >= mostWaiting) {
            close();
            return false;
          }
          line.tasks.add(task);
          lines.add(line);
          count(line, 'waiting', 1);
          return true;
        },
        remove(task) {
          if (line?.tasks.delete(task) !== true) return false;
          if (line.tasks.size === 0) lines.delete(line);
          count(line, 'waiting', -1);
          close();
          return true;
        },
        end(begunAtMs, nowMs) {
          if (line === undefined || line.atWork === 0) return;
          usage.add(owner.account, Math.max(nowMs - begunAtMs, 0), nowMs);
          line.account.begunAtMs -= begunAtMs;
          atWork -= 1;
          count(line, 'atWork', -1);
          close();
        },
        givesWay(nowMs) {
          const { atWork, begunAtMs } = line?.account ?? nothing();
          const usedMs = usage.of(owner.account, nowMs) + atWork * nowMs - begunAtMs;
          return usedMs > maxModestMs && visits.hasOther(owner.account, nowMs);
        },
      };
    },
    take(nowMs) {
      for (const { owner } of lines) visits.note(owner.account, nowMs);
      const taken: Task[] = [];
      for (let line = next(nowMs); line !== undefined; line = next(nowMs)) {
        const [task] = line.tasks;
        if (task === undefined) break;
        line.tasks.delete(task);
        if (line.tasks.size === 0) lines.delete(line);
        count(line, 'waiting', -1);
        count(line, 'atWork', 1);
        atWork += 1;
        turns += 1;
        line.turn = turns;
        line.account.turn = turns;
        line.account.begunAtMs += nowMs;
        taken.push(task);
      }
      return taken;
    },
  };
}

const nothing = (): Share => ({ atWork: 0, waiting: 0, turn: 0, begunAtMs: 0 });

/** Whoever has nothing at work and nothing waiting is forgotten: names of callers are as many as they like. */
function storeShare(shares: Map<string, Share>, name: string, share: Share): void {
  if (share.atWork === 0 && share.waiting === 0) shares.delete(name);
  else shares.set(name, share);
}

const isBefore = (one: Line<unknown>, other: Line<unknown>): boolean => {
  const crowd = ({ account, workspace }: Line<unknown>): number => account.atWork + workspace.atWork;
  const difference =
    crowd(one) - crowd(other) ||
    one.account.turn - other.account.turn ||
    one.atWork - other.atWork ||
    one.turn - other.turn;
  return difference < 0;
};

/** Who came last, and who came last but them: enough to know whether anybody else than an account has come lately. */
function createVisits() {
  let last: { readonly account: string; readonly atMs: number } | undefined;
  let before: typeof last;
  return {
    note(account: string, atMs: number): void {
      if (last !== undefined && last.account !== account) before = last;
      last = { account, atMs };
    },
    hasOther(account: string, nowMs: number): boolean {
      const other = last?.account === account ? before : last;
      return other !== undefined && nowMs - other.atMs < recentMs;
    },
  };
}
