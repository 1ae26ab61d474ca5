import type { QueryWeight } from '../clickhouse/store.ts';
import { createUsage } from './usage.ts';

/** Somebody who asks: the account that limits count for, in one of its workspaces. */
export interface Owner {
  readonly account: string;
  readonly workspace: string;
}

export interface FairQueueSettings {
  /** Tasks at work at a time. */
  readonly slots: number;
  /** Cores that they share. A heavy task keeps one busy at least. */
  readonly cores: number;
  /** Tasks of one account that may wait. */
  readonly mostWaiting: number;
  /** Tasks of all accounts that may wait. */
  readonly mostWaitingOfAll: number;
}

/** A task that finds no room to wait any more: because its account has too many that wait, or because all have. */
export interface RefusedTask<Task> {
  readonly task: Task;
  readonly because: 'account' | 'all';
}

/** The queries of one GraphQL operation. */
export interface QueueMember<Task> {
  /**
   * Puts a task at the end of the member's own line. Where that is one too many, returns the task that has to go: this one, or
   * where another account has more that wait, one of that account.
   */
  add(task: Task, weight?: QueryWeight): RefusedTask<Task> | undefined;
  /** Takes out a task that no longer waits for its turn; false where it had it, or was never there. */
  remove(task: Task): boolean;
  /** A task has ended that had its turn at `begunAtMs`. */
  end(begunAtMs: number, nowMs: number, weight?: QueryWeight): void;
  /** True while other accounts come and this one has used much time lately, its tasks at work included. */
  givesWay(nowMs: number): boolean;
  /** Its tasks that have had their turn and not ended. */
  readonly atWork: number;
}

/**
 * Decides which task has its turn next. Pure: time comes with each call, and nothing is started here.
 *
 * Light tasks go before heavy ones, except that after some turns of light ones a heavy one has the next. Among tasks of one
 * weight the next turn goes to whose account and workspace have the fewest of them at work, then to the account that has
 * waited longest for one; within an account to the operation with the fewest at work, then to the one that has waited longest.
 * So a task waits for turns of others, never for lines of others.
 *
 * Nothing is taken back once it has begun, so room is kept: there are at most as many heavy tasks as cores, and they leave a
 * slot to light ones; the last slot, and the last one of heavy tasks, is for accounts that have nothing of that weight at
 * work; and half of the slots is all that one account gets while others come.
 *
 * Where more wait than may, the account with the most that wait loses one: nobody can fill the room alone.
 */
export interface FairQueue<Task> {
  join(owner: Owner): QueueMember<Task>;
  /** Tasks whose turn it is now, in their order: they count as at work from here on. */
  take(nowMs: number): Task[];
  /** Whether a task of the account, however light, would be refused because too many wait. */
  isFullFor(account: string): boolean;
  /** How long tasks of this weight were lately at work, on average. 0 before the first has ended. */
  usualMs(weight: QueryWeight): number;
  /** By when all that wait now will have had their turn, as things have lately gone. */
  drainMs(): number;
  readonly atWork: number;
  readonly heavyAtWork: number;
}

/** Others count as coming for so long after their last task. */
const recentMs = 60_000;
/** An account that has lately used more query time than this gives way to others. */
const maxModestMs = 3_000;
/** So many light tasks have their turn before a heavy one that may begin. */
const mostLightTurns = 8;
/** The share of the last task in `usualMs`. */
const shareOfLast = 1 / 8;

const weights: readonly QueryWeight[] = ['light', 'heavy'];

/** Of tasks of one weight. */
interface Tally {
  atWork: number;
  /** When one last had its turn, in turns. */
  turn: number;
}

interface Share extends Record<QueryWeight, Tally> {
  waiting: number;
  /** Of an account, when each of its tasks at work had its turn, added up. */
  begunAtMs: number;
}

interface Line<Task> extends Share {
  readonly owner: Owner;
  readonly account: Share;
  readonly workspace: Share;
  readonly tasks: Readonly<Record<QueryWeight, Set<Task>>>;
}

export function createFairQueue<Task>(settings: FairQueueSettings): FairQueue<Task> {
  const slots = {
    light: settings.slots,
    heavy: Math.max(Math.min(settings.cores, settings.slots - 1), 1),
  };
  const accounts = new Map<string, Share>();
  const workspaces = new Map<string, Share>();
  /** Those with tasks that wait. */
  const lines = new Set<Line<Task>>();
  const visits = createVisits();
  const usage = createUsage();
  const atWork = { light: 0, heavy: 0 };
  const waiting = { light: 0, heavy: 0 };
  const usualMs = { light: 0, heavy: 0 };
  let turns = 0;
  /** Turns of light tasks while a heavy one could have begun. */
  let lightTurns = 0;

  const sharesOf = (line: Line<Task>): readonly Share[] => [line, line.account, line.workspace];
  const store = ({ owner, account, workspace }: Line<Task>): void => {
    storeShare(accounts, owner.account, account);
    storeShare(workspaces, owner.workspace, workspace);
  };
  const countWaiting = (line: Line<Task>, weight: QueryWeight, change: 1 | -1): void => {
    waiting[weight] += change;
    for (const share of sharesOf(line)) share.waiting += change;
    store(line);
  };
  const countAtWork = (line: Line<Task>, weight: QueryWeight, change: 1 | -1): void => {
    atWork[weight] += change;
    for (const share of sharesOf(line)) share[weight].atWork += change;
    store(line);
  };
  const takeOut = (line: Line<Task>, weight: QueryWeight, task: Task): boolean => {
    if (!line.tasks[weight].delete(task)) return false;
    if (isEmpty(line)) lines.delete(line);
    countWaiting(line, weight, -1);
    return true;
  };

  const mayBegin = ({ owner, account }: Line<Task>, weight: QueryWeight, nowMs: number): boolean => {
    const most = slots[weight];
    const used = weight === 'light' ? allOf(atWork) : atWork.heavy;
    if (used >= most) return false;
    if (most === 1 || account[weight].atWork === 0) return true;
    const share = visits.hasOther(owner.account, nowMs) ? Math.ceil(most / 2) : most - 1;
    return account.light.atWork + account.heavy.atWork < share && used < most - 1;
  };

  const nextOf = (weight: QueryWeight, nowMs: number): Line<Task> | undefined => {
    let best: Line<Task> | undefined;
    for (const line of lines)
      if (
        line.tasks[weight].size > 0 &&
        mayBegin(line, weight, nowMs) &&
        (best === undefined || isBefore(line, best, weight))
      )
        best = line;
    return best;
  };

  const next = (nowMs: number): readonly [Line<Task>, QueryWeight] | undefined => {
    if (allOf(atWork) >= settings.slots) return undefined;
    const light = nextOf('light', nowMs);
    const heavy = nextOf('heavy', nowMs);
    if (heavy !== undefined && (light === undefined || lightTurns >= mostLightTurns)) {
      lightTurns = 0;
      return [heavy, 'heavy'];
    }
    if (light === undefined) return undefined;
    lightTurns = heavy === undefined ? 0 : lightTurns + 1;
    return [light, 'light'];
  };

  /** The newest operation of the account with the most that wait, and of those that have heavy tasks where any has. */
  const mostCrowded = (own: Line<Task>): Line<Task> => {
    let found = own;
    for (const line of lines) {
      const isOfAccount = line.account === found.account;
      const isHeavier = line.tasks.heavy.size > 0 || found.tasks.heavy.size === 0;
      if (isOfAccount ? isHeavier : line.account.waiting > found.account.waiting) found = line;
    }
    return found;
  };

  return {
    get atWork() {
      return allOf(atWork);
    },
    get heavyAtWork() {
      return atWork.heavy;
    },
    usualMs: (weight) => usualMs[weight],
    drainMs: () =>
      weights.reduce((sum, weight) => sum + (waiting[weight] * usualMs[weight]) / slots[weight], 0),
    isFullFor(account) {
      if (allOf(waiting) < settings.mostWaitingOfAll) return false;
      const own = accounts.get(account)?.waiting ?? 0;
      for (const line of lines) {
        // One of these would have to go.
        const isOfAccount = line.owner.account === account;
        if (isOfAccount ? line.tasks.heavy.size > 0 : line.account.waiting > own + 1) return false;
      }
      return true;
    },
    join(owner) {
      let line: Line<Task> | undefined;
      const open = (): Line<Task> => ({
        ...nothing(),
        owner,
        account: accounts.get(owner.account) ?? nothing(),
        workspace: workspaces.get(owner.workspace) ?? nothing(),
        tasks: { light: new Set(), heavy: new Set() },
      });
      return {
        get atWork() {
          return line === undefined ? 0 : line.light.atWork + line.heavy.atWork;
        },
        add(task, weight = 'light') {
          // An account that was idle has been forgotten, and the line would count for what was forgotten.
          if (line === undefined || isIdle(line)) line = open();
          if (line.account.waiting >= settings.mostWaiting) return { task, because: 'account' };
          line.tasks[weight].add(task);
          lines.add(line);
          countWaiting(line, weight, 1);
          if (allOf(waiting) <= settings.mostWaitingOfAll) return undefined;
          const crowded = mostCrowded(line);
          const lost: QueryWeight = crowded.tasks.heavy.size > 0 ? 'heavy' : 'light';
          const last = [...crowded.tasks[lost]].at(-1) ?? task;
          takeOut(crowded, lost, last);
          return { task: last, because: 'all' };
        },
        remove(task) {
          const own = line;
          return own !== undefined && weights.some((weight) => takeOut(own, weight, task));
        },
        end(begunAtMs, nowMs, weight = 'light') {
          if (line === undefined || line[weight].atWork === 0) return;
          const tookMs = Math.max(nowMs - begunAtMs, 0);
          usage.add(owner.account, tookMs, nowMs);
          const before = usualMs[weight];
          usualMs[weight] = before === 0 ? tookMs : before + (tookMs - before) * shareOfLast;
          line.account.begunAtMs -= begunAtMs;
          countAtWork(line, weight, -1);
        },
        givesWay(nowMs) {
          const { light, heavy, begunAtMs } = accounts.get(owner.account) ?? nothing();
          const usedMs = usage.of(owner.account, nowMs) + (light.atWork + heavy.atWork) * nowMs - begunAtMs;
          return usedMs > maxModestMs && visits.hasOther(owner.account, nowMs);
        },
      };
    },
    take(nowMs) {
      for (const { owner } of lines) visits.note(owner.account, nowMs);
      const taken: Task[] = [];
      for (let turn = next(nowMs); turn !== undefined; turn = next(nowMs)) {
        const [line, weight] = turn;
        const [task] = line.tasks[weight];
        if (task === undefined) break;
        takeOut(line, weight, task);
        countAtWork(line, weight, 1);
        turns += 1;
        line[weight].turn = turns;
        line.account[weight].turn = turns;
        line.account.begunAtMs += nowMs;
        taken.push(task);
      }
      return taken;
    },
  };
}

const nothing = (): Share => ({
  light: { atWork: 0, turn: 0 },
  heavy: { atWork: 0, turn: 0 },
  waiting: 0,
  begunAtMs: 0,
});

const allOf = ({ light, heavy }: Readonly<Record<QueryWeight, number>>): number => light + heavy;

const isEmpty = ({ tasks }: Line<unknown>): boolean => tasks.light.size + tasks.heavy.size === 0;

const isIdle = ({ light, heavy, waiting }: Share): boolean =>
  light.atWork === 0 && heavy.atWork === 0 && waiting === 0;

/** Whoever has nothing at work and nothing waiting is forgotten: names of callers are as many as they like. */
function storeShare(shares: Map<string, Share>, name: string, share: Share): void {
  if (isIdle(share)) shares.delete(name);
  else shares.set(name, share);
}

/** Of tasks of one weight. */
const isBefore = (one: Line<unknown>, other: Line<unknown>, weight: QueryWeight): boolean => {
  const crowd = ({ account, workspace }: Line<unknown>): number =>
    account[weight].atWork + workspace[weight].atWork;
  const difference =
    crowd(one) - crowd(other) ||
    one.account[weight].turn - other.account[weight].turn ||
    one[weight].atWork - other[weight].atWork ||
    one[weight].turn - other[weight].turn;
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
