import { expect, it } from 'vitest';
import { createServerLife, type InsertHead, insertToken } from '../../src/clickhouse/inserts.ts';
import { bind } from '../../src/clickhouse/sql.ts';

const rows = [Buffer.from('a'), Buffer.from('b')];

const head: InsertHead = {
  table: 'events',
  columns: { a: 'String' },
  constants: { workspace: bind('String', 'x') },
  salt: '',
};

it('the same rows for the same table have the same token, however their bytes are cut', () => {
  const token = insertToken('life', head, rows);
  expect(insertToken('life', { ...head }, [Buffer.from('ab')])).toBe(token);
  for (const other of [
    insertToken('life', head, [Buffer.from('ac')]),
    insertToken('life', { ...head, salt: 'salt' }, rows),
    insertToken('life', { ...head, table: 'opportunities' }, rows),
    insertToken('life', { ...head, columns: { b: 'String' } }, rows),
    insertToken('life', { ...head, constants: { workspace: bind('String', 'y') } }, rows),
    insertToken('next', head, rows),
  ])
    expect(other).not.toBe(token);
});

it('the server is asked how long it has been up at first, and then only after a failure', async () => {
  let asked = 0;
  const life = createServerLife(async () => {
    asked += 1;
    return 86_400;
  });
  const name = await life.name();
  expect(await life.name()).toBe(name);
  expect(asked).toBe(1);
  life.doubt();
  expect(await Promise.all([life.name(), life.name()])).toEqual([name, name]);
  expect(asked).toBe(2);
});

it('a server that was restarted has another life, also when it cannot be asked at once', async () => {
  const answers = [async () => 86_400, () => Promise.reject(new Error('away')), async () => 0];
  const life = createServerLife(() => answers.shift()?.() ?? Promise.resolve(0));
  const name = await life.name();
  life.doubt();
  await expect(life.name()).rejects.toThrow('away');
  const next = await life.name();
  expect(next).not.toBe(name);
  life.doubt();
  expect(await life.name()).toBe(next);
});

it('a server that has only just been started is not taken for restarted: its seconds are whole', async () => {
  let time = 0;
  const life = createServerLife(
    async () => Math.floor(time / 1_000),
    () => time,
  );
  const name = await life.name();
  for (; time < 5_000; time += 70) {
    life.doubt();
    expect(await life.name()).toBe(name);
  }
});

it('a server that answered slowly is not taken for restarted; one that was restarted meanwhile is', async () => {
  let time = 0;
  let startedAt = -60_000;
  let slow = 1_500;
  const life = createServerLife(
    async () => {
      time += slow;
      return Math.floor((time - startedAt) / 1_000);
    },
    () => time,
  );
  const name = await life.name();
  for (slow = 0; time < 5_000; time += 70) {
    life.doubt();
    expect(await life.name()).toBe(name);
    slow = slow === 0 ? 700 : 0;
  }
  startedAt = time;
  time += 100;
  life.doubt();
  expect(await life.name()).not.toBe(name);
});

it('a young server that answered slowly counts as restarted: there is no telling', async () => {
  let time = 0;
  let slow = 2_000;
  const life = createServerLife(
    async () => {
      time += slow;
      return Math.floor(time / 1_000);
    },
    () => time,
  );
  const name = await life.name();
  slow = 0;
  time += 900;
  life.doubt();
  expect(await life.name()).not.toBe(name);
});

it('two processes have no token in common', async () => {
  const answer = async (): Promise<number> => 1;
  expect(await createServerLife(answer).name()).not.toBe(await createServerLife(answer).name());
});
