import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFairQueue, type QueueMember } from '../../src/admission/fair-queue.ts';
import type { QueryWeight } from '../../src/clickhouse/store.ts';

interface Task {
  readonly account: string;
  readonly weight: QueryWeight;
  readonly member: QueueMember<Task>;
}

const settings = fc.record({
  slots: fc.integer({ min: 1, max: 6 }),
  cores: fc.integer({ min: 1, max: 8 }),
  mostWaiting: fc.integer({ min: 1, max: 8 }),
  mostWaitingOfAll: fc.integer({ min: 1, max: 20 }),
});

const accounts = ['a', 'b', 'c', 'd'] as const;
const membersOfEach = 2;

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      account: fc.constantFrom(...accounts),
      member: fc.nat(membersOfEach - 1),
      weight: fc.constantFrom<QueryWeight>('light', 'heavy'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), pick: fc.nat() }) },
);

it('whatever comes, leaves and ends: no task is lost, no bound is passed, and no slot is idle that a task may have', () => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 150 }), (given, steps) => {
      const queue = createFairQueue<Task>(given);
      const heavySlots = Math.min(given.cores, Math.max(given.slots - 1, 1));
      const members = new Map(
        accounts.map((account, index) => [
          account,
          // Two accounts share a workspace.
          Array.from({ length: membersOfEach }, () =>
            queue.join({ account, workspace: index < 2 ? 'w' : account }),
          ),
        ]),
      );
      const waiting = new Set<Task>();
      const atWork: Task[] = [];
      const countOf = (tasks: Iterable<Task>, matches: (task: Task) => boolean): number =>
        [...tasks].filter(matches).length;
      const ofAccount = (account: string) => countOf(waiting, (task) => task.account === account);
      const heaviest = (): number => Math.max(...accounts.map(ofAccount));

      const add = (account: (typeof accounts)[number], which: number, weight: QueryWeight): void => {
        const member = members.get(account)?.[which];
        if (member === undefined) return;
        const task = { account, weight, member };
        const isFull = queue.isFullFor(account);
        const wasFullOfAccount = ofAccount(account) === given.mostWaiting;
        const refused = member.add(task, weight);
        waiting.add(task);
        if (refused === undefined) {
          expect(isFull || wasFullOfAccount).toBe(false);
          return;
        }
        expect(refused.because === 'account').toBe(wasFullOfAccount);
        if (wasFullOfAccount) {
          expect(refused.task).toBe(task);
        } else {
          expect(ofAccount(refused.task.account)).toBe(heaviest());
          expect(waiting.size).toBe(given.mostWaitingOfAll + 1);
          const giveWay = (one: Task) => one.account === refused.task.account && one.weight === 'heavy';
          if (refused.task.weight === 'light') expect(countOf(waiting, giveWay)).toBe(0);
          if (isFull || weight === 'light') expect(refused.task === task).toBe(isFull);
        }
        expect(waiting.delete(refused.task)).toBe(true);
        expect(refused.task.member.remove(refused.task)).toBe(false);
      };

      for (const [now, one] of steps.entries()) {
        if (one.kind === 'add') add(one.account, one.member, one.weight);
        const [left] = one.kind === 'remove' ? [...waiting].slice(one.pick % (waiting.size || 1)) : [];
        if (left !== undefined) {
          expect(left.member.remove(left)).toBe(true);
          waiting.delete(left);
        }
        const [ended] = one.kind === 'end' ? atWork.splice(one.pick % (atWork.length || 1), 1) : [];
        ended?.member.end(now, now, ended.weight);

        for (const task of queue.take(now)) {
          expect(waiting.delete(task)).toBe(true);
          atWork.push(task);
        }
        const heavy = countOf(atWork, ({ weight }) => weight === 'heavy');
        expect([queue.atWork, queue.heavyAtWork]).toEqual([atWork.length, heavy]);
        expect(atWork.length).toBeLessThanOrEqual(given.slots);
        expect(heavy).toBeLessThanOrEqual(heavySlots);
        expect(waiting.size).toBeLessThanOrEqual(given.mostWaitingOfAll);
        expect(heaviest()).toBeLessThanOrEqual(given.mostWaiting);
        for (const { account, weight } of waiting) {
          const hasNone = !atWork.some((other) => other.account === account && other.weight === weight);
          const isFree = atWork.length < given.slots && (weight === 'light' || heavy < heavySlots);
          expect(hasNone && isFree, 'a slot is free for an account that has none').toBe(false);
        }
        if (given.slots > 1 && atWork.length === heavy)
          expect(countOf(waiting, ({ weight }) => weight === 'light')).toBe(0);
      }

      // Everything has its turn in the end.
      for (let now = steps.length; atWork.length > 0; now++) {
        const ended = atWork.shift();
        ended?.member.end(now, now, ended.weight);
        for (const task of queue.take(now)) {
          waiting.delete(task);
          atWork.push(task);
        }
      }
      expect([waiting.size, queue.atWork, queue.drainMs()]).toEqual([0, 0, 0]);
    }),
    { numRuns: 500 },
  );
});

it('a heavy task of an account that has none at work waits for few turns, however many come after it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.constantFrom<QueryWeight>('light', 'heavy'), { minLength: 20, maxLength: 60 }),
      (slots, crowd) => {
        const room = { mostWaiting: 1_000, mostWaitingOfAll: 10_000 };
        const queue = createFairQueue<Task>({ slots, cores: 2, ...room });
        const join = (account: string) => queue.join({ account, workspace: account });
        const busy = accounts.map(join);
        const add = (member: QueueMember<Task>, account: string, weight: QueryWeight): Task => {
          const task = { account, weight, member };
          expect(member.add(task, weight)).toBeUndefined();
          return task;
        };
        const flood = (): void => {
          for (const [index, weight] of crowd.entries()) {
            const at = index % busy.length;
            add(busy[at] as QueueMember<Task>, accounts[at] ?? '', weight);
          }
        };
        flood();
        const atWork = queue.take(0);
        const patient = add(join('patient'), 'patient', 'heavy');
        for (let turns = 0; ; turns++) {
          // Each turn of a heavy one comes after eight light ones at most, and the others go before it once at most.
          expect(turns).toBeLessThan((accounts.length + slots + 1) * 9);
          if (turns % 5 === 0) flood();
          const ended = atWork.shift();
          ended?.member.end(turns, turns, ended.weight);
          const taken = queue.take(turns);
          if (taken.includes(patient)) return;
          atWork.push(...taken);
        }
      },
    ),
  );
});
