import { expect, it } from 'vitest';
import { createFairQueue, type FairQueue, type QueueMember } from '../../src/admission/fair-queue.ts';

interface Task {
  readonly name: string;
}

const fill = (member: QueueMember<Task>, name: string, count: number): void => {
  for (let index = 0; index < count; index++) expect(member.add({ name })).toBe(true);
};
const take = (queue: FairQueue<Task>, nowMs: number): string[] => queue.take(nowMs).map(({ name }) => name);

it('keeps the last slot for those who have nothing at work, and half of them once others come', () => {
  const queue = createFairQueue<Task>({ slots: 8, mostWaiting: 100 });
  const heavy = queue.join({ account: 'a', workspace: 'w' });
  fill(heavy, 'a', 50);
  expect(take(queue, 0)).toEqual(Array(7).fill('a'));
  const light = queue.join({ account: 'b', workspace: 'w' });
  fill(light, 'b', 1);
  expect(take(queue, 1)).toEqual(['b']);
  for (let ended = 0; ended < 4; ended++) heavy.end(1, 0);
  expect(take(queue, 2)).toEqual(['a']);
  light.end(1, 0);
  expect(take(queue, 3)).toEqual([]);
  expect(take(queue, 60_002)).toEqual(['a', 'a', 'a']);
});

it('goes round accounts, workspaces, and then the operations of one account', () => {
  const queue = createFairQueue<Task>({ slots: 1, mostWaiting: 100 });
  const large = queue.join({ account: 'a', workspace: 'w' });
  fill(large, 'large', 4);
  expect(take(queue, 0)).toEqual(['large']);
  const members = new Map([
    ['large', large],
    ['small', queue.join({ account: 'a', workspace: 'w' })],
    ['b', queue.join({ account: 'b', workspace: 'w' })],
    ['c', queue.join({ account: 'c', workspace: 'v' })],
  ]);
  for (const name of ['small', 'b', 'c']) fill(members.get(name) ?? large, name, 2);
  const order: string[] = [];
  let at = 'large';
  for (let turn = 0; turn < 9; turn++) {
    members.get(at)?.end(1, 0);
    at = take(queue, turn)[0] ?? 'none';
    order.push(at);
  }
  expect(order.slice(0, 3)).toEqual(['b', 'c', 'small']);
  expect(order.slice(3).sort()).toEqual(['b', 'c', 'large', 'large', 'large', 'small']);
});

it('a crowd of keys of one workspace does not go before another workspace', () => {
  const queue = createFairQueue<Task>({ slots: 3, mostWaiting: 100 });
  const crowd = Array.from({ length: 20 }, (_, index) =>
    queue.join({ account: `k${index}`, workspace: 'w' }),
  );
  for (const member of crowd) fill(member, 'crowd', 1);
  expect(take(queue, 0)).toEqual(['crowd', 'crowd', 'crowd']);
  fill(queue.join({ account: 'other', workspace: 'v' }), 'other', 1);
  crowd[0]?.end(1, 0);
  expect(take(queue, 1)).toEqual(['other']);
});

it('bounds what waits for one account, over its operations; what is taken out waits no more', () => {
  const queue = createFairQueue<string>({ slots: 1, mostWaiting: 2 });
  const [one, two] = [1, 2].map(() => queue.join({ account: 'a', workspace: 'w' }));
  expect([one?.add('1'), two?.add('2'), one?.add('3')]).toEqual([true, true, false]);
  expect(queue.join({ account: 'b', workspace: 'w' }).add('b')).toBe(true);
  expect([two?.remove('2'), two?.remove('2'), one?.add('3')]).toEqual([true, false, true]);
  expect(queue.take(0)).toEqual(['1']);
  expect(one?.remove('1')).toBe(false);
  expect(queue.atWork).toBe(1);
  one?.end(1, 0);
  expect(queue.atWork).toBe(0);
});

it('gives way while others come and much was used lately, also by what is still at work', () => {
  const queue = createFairQueue<Task>({ slots: 8, mostWaiting: 100 });
  const heavy = queue.join({ account: 'a', workspace: 'w' });
  const light = queue.join({ account: 'b', workspace: 'w' });
  fill(heavy, 'a', 2);
  take(queue, 1_000_000);
  expect(heavy.givesWay(1_002_000)).toBe(false);
  fill(light, 'b', 1);
  take(queue, 1_002_000);
  expect([heavy.givesWay(1_002_000), light.givesWay(1_002_000)]).toEqual([true, false]);
  heavy.end(1_000_000, 1_002_000);
  heavy.end(1_000_000, 1_002_000);
  // Also in the next operation of the account.
  const next = queue.join({ account: 'a', workspace: 'w' });
  expect(next.givesWay(1_003_000)).toBe(true);
  expect(next.givesWay(1_013_000)).toBe(false);
  expect(light.givesWay(1_004_000)).toBe(false);
});
