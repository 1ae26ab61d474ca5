import { describe, expect, it } from 'vitest';
import {
  createFairQueue,
  type FairQueue,
  type FairQueueSettings,
  type QueueMember,
} from '../../src/admission/fair-queue.ts';
import type { QueryWeight } from '../../src/clickhouse/store.ts';

interface Task {
  readonly name: string;
}

const settings = (slots: number, changes: Partial<FairQueueSettings> = {}): FairQueueSettings => ({
  slots,
  cores: 8,
  mostWaiting: 100,
  mostWaitingOfAll: 1_000,
  ...changes,
});
const fill = (member: QueueMember<Task>, name: string, count: number, weight?: QueryWeight): void => {
  for (let index = 0; index < count; index++) expect(member.add({ name }, weight)).toBeUndefined();
};
const take = (queue: FairQueue<Task>, nowMs: number): string[] => queue.take(nowMs).map(({ name }) => name);

it('keeps the last slot for those who have nothing at work, and half of them once others come', () => {
  const queue = createFairQueue<Task>(settings(8));
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
  const queue = createFairQueue<Task>(settings(1));
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
  const queue = createFairQueue<Task>(settings(3));
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
  const queue = createFairQueue<string>(settings(1, { mostWaiting: 2 }));
  const [one, two] = [1, 2].map(() => queue.join({ account: 'a', workspace: 'w' }));
  const refused = { task: '3', because: 'account' };
  expect([one?.add('1'), two?.add('2'), one?.add('3')]).toEqual([undefined, undefined, refused]);
  expect(queue.join({ account: 'b', workspace: 'w' }).add('b')).toBeUndefined();
  expect([two?.remove('2'), two?.remove('2'), one?.add('3')]).toEqual([true, false, undefined]);
  expect(queue.take(0)).toEqual(['1']);
  expect(one?.remove('1')).toBe(false);
  expect(queue.atWork).toBe(1);
  one?.end(1, 0);
  expect(queue.atWork).toBe(0);
});

it('gives way while others come and much was used lately, also by what is still at work', () => {
  const queue = createFairQueue<Task>(settings(8));
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

describe('light and heavy', () => {
  it('light ones of any account find a slot beside heavy ones, and those of one account the first turn', () => {
    const queue = createFairQueue<Task>(settings(3));
    const [one, other] = ['a', 'b'].map((account) => queue.join({ account, workspace: 'w' }));
    fill(one as QueueMember<Task>, 'heavy a', 5, 'heavy');
    fill(other as QueueMember<Task>, 'heavy b', 5, 'heavy');
    expect(take(queue, 0)).toEqual(['heavy a', 'heavy b']);
    expect(queue.heavyAtWork).toBe(2);
    // In an operation of its own, and in the one that has heavy ones.
    fill(queue.join({ account: 'a', workspace: 'w' }), 'light a', 1);
    fill(other as QueueMember<Task>, 'light b', 1);
    const first = take(queue, 1);
    expect(first).toHaveLength(1);
    one?.end(0, 2, 'heavy');
    expect([...first, ...take(queue, 2)].sort()).toEqual(['light a', 'light b']);
  });

  it('heavy ones of an account lose no turn by its light ones', () => {
    const queue = createFairQueue<Task>(settings(2));
    const [both, heavy] = ['a', 'b'].map((account) => queue.join({ account, workspace: account }));
    fill(both as QueueMember<Task>, 'a', 4, 'heavy');
    fill(heavy as QueueMember<Task>, 'b', 4, 'heavy');
    const order = take(queue, 0);
    for (let turn = 1; turn < 6; turn++) {
      fill(both as QueueMember<Task>, 'light', 1);
      expect(take(queue, turn)).toEqual(['light']);
      both?.end(turn, turn);
      (order.at(-1) === 'a' ? both : heavy)?.end(turn, turn, 'heavy');
      order.push(...take(queue, turn));
    }
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  it('at most as many heavy ones as cores are at work', () => {
    const queue = createFairQueue<Task>(settings(8, { cores: 3 }));
    for (const account of ['a', 'b', 'c', 'd'])
      fill(queue.join({ account, workspace: account }), account, 2, 'heavy');
    expect(take(queue, 0)).toEqual(['a', 'b', 'c']);
  });

  it('with one slot, light ones go first', () => {
    const queue = createFairQueue<Task>(settings(1));
    const member = queue.join({ account: 'a', workspace: 'w' });
    fill(member, 'heavy', 2, 'heavy');
    fill(member, 'light', 2);
    const order: string[] = [];
    for (const weight of ['light', 'light', 'heavy', 'heavy'] as const) {
      order.push(...take(queue, 0));
      member.end(0, 0, weight);
    }
    expect(order).toEqual(['light', 'light', 'heavy', 'heavy']);
  });

  it('a heavy one has its turn however many light ones come', () => {
    const queue = createFairQueue<Task>(settings(1));
    const busy = queue.join({ account: 'a', workspace: 'w' });
    fill(busy, 'light', 1);
    fill(queue.join({ account: 'b', workspace: 'w' }), 'heavy', 1, 'heavy');
    const order: string[] = [];
    for (let turn = 0; turn < 20; turn++) {
      fill(busy, 'light', 1);
      order.push(...take(queue, turn));
      if (order.includes('heavy')) break;
      busy.end(turn, turn);
    }
    expect(order).toEqual([...Array(8).fill('light'), 'heavy']);
  });

  it('knows how long tasks of a weight take, and by when all have had their turn', () => {
    const queue = createFairQueue<Task>(settings(3));
    const member = queue.join({ account: 'a', workspace: 'w' });
    expect([queue.usualMs('light'), queue.drainMs()]).toEqual([0, 0]);
    fill(member, 'light', 1);
    fill(member, 'heavy', 1, 'heavy');
    take(queue, 0);
    member.end(0, 30);
    member.end(0, 4_000, 'heavy');
    fill(member, 'light', 1);
    take(queue, 0);
    member.end(0, 110);
    expect([queue.usualMs('light'), queue.usualMs('heavy')]).toEqual([40, 4_000]);
    fill(member, 'light', 9);
    fill(member, 'heavy', 3, 'heavy');
    expect(queue.drainMs()).toBe((9 * 40) / 3 + (3 * 4_000) / 2);
  });
});

describe('where more wait than may', () => {
  const small = () => createFairQueue<string>(settings(1, { mostWaitingOfAll: 4 }));
  const lost = (task: string) => ({ task, because: 'all' });

  it('the account with the most loses the newest of its newest operation', () => {
    const queue = small();
    const [first, second] = [1, 2].map(() => queue.join({ account: 'a', workspace: 'w' }));
    const other = queue.join({ account: 'b', workspace: 'w' });
    for (const task of ['1', '2']) first?.add(task);
    for (const task of ['3', '4']) second?.add(task);
    expect(queue.isFullFor('b')).toBe(false);
    expect(other.add('b1')).toEqual(lost('4'));
    expect(other.add('b2')).toEqual(lost('3'));
    // Now both have two: nobody has to go for a third.
    expect([queue.isFullFor('a'), queue.isFullFor('b')]).toEqual([true, true]);
    expect(other.add('b3')).toEqual(lost('b3'));
    expect(first?.add('5')).toEqual(lost('5'));
    expect([first?.remove('2'), second?.remove('3')]).toEqual([true, false]);
    expect(other.add('b3')).toBeUndefined();
  });

  it('a heavy one goes before a light one of the same account', () => {
    const queue = small();
    const [first, second] = [1, 2].map(() => queue.join({ account: 'a', workspace: 'w' }));
    first?.add('heavy', 'heavy');
    for (const task of ['1', '2', '3']) second?.add(task);
    expect(queue.isFullFor('a')).toBe(false);
    expect(second?.add('4')).toEqual(lost('heavy'));
    expect(queue.isFullFor('a')).toBe(true);
    expect(second?.add('5')).toEqual(lost('5'));
  });
});
