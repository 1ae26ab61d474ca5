import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { all, failure, records, texts, useBuffers, waiting } from './folders.ts';

const { newFolder, open } = useBuffers();

const segmentsIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.wal')).sort();

describe('what was appended', () => {
  test('is read in order, up to a number of records or bytes, but at least one', async () => {
    const buffer = await open(await newFolder());
    await Promise.all([
      buffer.append(records('a', 'bb')),
      buffer.append(records('ccc')),
      buffer.append(records('d')),
    ]);
    const read = async (count: number, bytes: number) =>
      texts((await buffer.read({ records: count, bytes })).payloads);
    expect(await waiting(buffer)).toEqual(['a', 'bb', 'ccc', 'd']);
    expect(await read(3, 100)).toEqual(['a', 'bb', 'ccc']);
    expect(await read(100, 5)).toEqual(['a', 'bb']);
    expect(await read(100, 6)).toEqual(['a', 'bb', 'ccc']);
    expect(await read(100, 0)).toEqual(['a']);
    expect(await read(0, 100)).toEqual([]);
  });

  test('is read again until it is released, and the rest from there on', async () => {
    const buffer = await open(await newFolder());
    const ends: number[] = [];
    for (const word of ['a', 'b', 'c', 'd']) ends.push(await buffer.append(records(word)));
    const { end } = await buffer.read({ records: 2, bytes: 100 });
    expect(await waiting(buffer)).toEqual(['a', 'b', 'c', 'd']);
    await buffer.release(end);
    expect(await waiting(buffer)).toEqual(['c', 'd']);
    // The position that `append` gave says the same as that of `read`.
    expect(end).toBe(ends[1]);
    await buffer.release(ends[2] ?? 0);
    expect(await waiting(buffer)).toEqual(['d']);
    // An older position is no news.
    await buffer.release(end);
    expect(await waiting(buffer)).toEqual(['d']);
    expect(await failure(buffer.release((ends[3] ?? 0) + 1))).toMatchObject({ code: 'INTERNAL' });
  });

  test('is there after a restart, without what was released', async () => {
    const folder = await newFolder();
    const first = await open(folder);
    await first.append(records('a', 'b', 'c'));
    await first.release((await first.read({ records: 1, bytes: 100 })).end);
    await first.close();
    const second = await open(folder);
    expect([first.newestAtOpening, second.newestAtOpening]).toEqual([undefined, 1_754_000_000_000]);
    expect(await waiting(second)).toEqual(['b', 'c']);
    expect(second.stats()).toMatchObject({ records: 2, oldestAt: 1_754_000_000_000, setAside: 0 });
    await second.append(records('d'));
    expect(await waiting(second)).toEqual(['b', 'c', 'd']);
    await second.close();
    await rm(join(folder, 'position'));
    const third = await open(folder);
    expect(await waiting(third)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('has positions that only grow, over restarts and an empty buffer', async () => {
    const folder = await newFolder();
    let last = 0;
    for (let round = 0; round < 5; round += 1) {
      const buffer = await open(folder, { segmentBytes: 100 });
      for (let appended = 0; appended < 3; appended += 1) {
        const end = await buffer.append(records('x'.repeat(40)));
        expect(end).toBeGreaterThan(last);
        last = end;
      }
      if (round % 2 === 0) await buffer.release(last);
      await buffer.close();
    }
  });

  test('may be empty, long, or nothing at all', async () => {
    const folder = await newFolder();
    const buffer = await open(folder);
    const long = Buffer.alloc(5_000_000, 'long');
    const end = await buffer.append([Buffer.alloc(0), long, Buffer.from('z')]);
    expect(await buffer.append([])).toBe(end);
    const { payloads } = await buffer.read(all);
    expect(payloads.map(({ length }) => length)).toEqual([0, 5_000_000, 1]);
    expect(payloads[1]?.equals(long)).toBe(true);
    await buffer.close();
    const again = await open(folder);
    expect((await again.read(all)).payloads[1]?.equals(long)).toBe(true);
  });

  test('is told to listeners once it can be read', async () => {
    const buffer = await open(await newFolder());
    const seen: Promise<string[]>[] = [];
    buffer.onAppend(() => void seen.push(waiting(buffer)));
    await buffer.append(records('a'));
    expect(await Promise.all(seen)).toEqual([['a']]);
  });

  test('by callers at once, of any sizes, over segments and restarts, is all there in order', async () => {
    const step = fc.record({
      appends: fc.array(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }), {
        maxLength: 8,
      }),
      release: fc.nat({ max: 40 }),
      restart: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const folder = await newFolder();
        let buffer = await open(folder, { segmentBytes: 1_000 });
        let expected: Buffer[] = [];
        for (const { appends, release, restart } of steps) {
          const payloads = appends.map((list) => list.map((bytes) => Buffer.from(bytes)));
          const ends = await Promise.all(payloads.map((list) => buffer.append(list)));
          expect(ends).toEqual([...ends].sort((a, b) => a - b));
          expected.push(...payloads.flat());
          const part = await buffer.read({ records: release, bytes: 1_000_000 });
          expect(part.payloads).toEqual(expected.slice(0, release));
          await buffer.release(part.end);
          expected = expected.slice(release);
          if (restart) {
            await buffer.close();
            buffer = await open(folder, { segmentBytes: 1_000 });
          }
          expect(buffer.stats().records).toBe(expected.length);
          expect((await buffer.read(all)).payloads).toEqual(expected);
        }
        await buffer.close();
      }),
      { numRuns: 40 },
    );
  });
});

describe('bounds', () => {
  test('more records than may wait are refused, all of an append or none, with when to come back', async () => {
    const buffer = await open(await newFolder(), { maxRecords: 3 });
    const [, refused, fits] = await Promise.allSettled([
      buffer.append(records('a', 'b')),
      buffer.append(records('c', 'd')),
      buffer.append(records('e')),
    ]);
    expect(refused).toMatchObject({
      reason: { code: 'BUFFER_FULL', retryable: true, retryAfterSeconds: 30 },
    });
    expect(fits.status).toBe('fulfilled');
    expect(await waiting(buffer)).toEqual(['a', 'b', 'e']);
    await buffer.release((await buffer.read({ records: 2, bytes: 100 })).end);
    await buffer.append(records('f', 'g'));
    // Two have been drained in the last second.
    expect(await failure(buffer.append(records('h')))).toMatchObject({ retryAfterSeconds: 1 });
    expect(await waiting(buffer)).toEqual(['e', 'f', 'g']);
  });

  test('more bytes than the disk budget are refused until something is drained', async () => {
    const buffer = await open(await newFolder(), { maxBytes: 100_000 });
    const payload = Buffer.alloc(5_000);
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => buffer.append([payload])));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused[0]).toMatchObject({ reason: { code: 'BUFFER_UNAVAILABLE', retryable: true } });
    expect(buffer.stats().bytes).toBeLessThanOrEqual(100_000);
    expect(buffer.stats().records).toBe(40 - refused.length);
    expect(buffer.stats().records).toBeGreaterThan(15);
    await buffer.release((await buffer.read({ records: 10, bytes: 1_000_000 })).end);
    await buffer.append([payload, payload]);
  });

  test('an append that would never fit is the caller’s mistake, not a wait', async () => {
    const buffer = await open(await newFolder(), { maxRecords: 2, maxBytes: 100_000_000 });
    for (const payloads of [records('a', 'b', 'c'), [Buffer.alloc(100_000_000)], [Buffer.alloc(17_000_000)]])
      expect(await failure(buffer.append(payloads))).toMatchObject({
        code: 'BAD_USER_INPUT',
        retryable: false,
      });
  });

  test('the whole budget can be used by one append, again and again', async () => {
    const buffer = await open(await newFolder(), { maxBytes: 100_000 });
    for (const size of [10, 99_900, 500, 99_900]) {
      await buffer.append([Buffer.alloc(size)]);
      expect(buffer.stats().bytes).toBeLessThanOrEqual(100_000);
      await buffer.release((await buffer.read(all)).end);
    }
  });

  test('the disk is nearly empty again once all is drained', async () => {
    const folder = await newFolder();
    const buffer = await open(folder, { segmentBytes: 1_000_000 });
    const payload = Buffer.alloc(1_000);
    for (let round = 0; round < 5; round += 1)
      await buffer.append(Array.from({ length: 999 }, () => payload));
    const many = await segmentsIn(folder);
    expect(many.length).toBe(5);
    for (;;) {
      const { payloads, end } = await buffer.read({ records: 700, bytes: 10_000_000 });
      if (payloads.length === 0) break;
      await buffer.release(end);
    }
    expect(await segmentsIn(folder)).toEqual([]);
    expect(buffer.stats()).toMatchObject({ records: 0, bytes: 0, oldestAt: undefined });
  });
});

test('the age of the buffer is that of the oldest record that waits', async () => {
  let now = 1_000;
  const folder = await newFolder();
  const buffer = await open(folder, { clock: { now: () => now } });
  const oldest = () => buffer.stats().oldestAt;
  expect(oldest()).toBeUndefined();
  const ends: number[] = [];
  for (now of [1_000, 2_000, 3_000]) ends.push(await buffer.append(records('x')));
  expect(oldest()).toBe(1_000);
  await buffer.release(ends[0] ?? 0);
  expect(oldest()).toBe(2_000);
  await buffer.release(ends[2] ?? 0);
  expect(oldest()).toBeUndefined();
  now = 9_000;
  await buffer.append(records('y'));
  expect(oldest()).toBe(9_000);
});

test('the folder and its files are for this user only, and other files in it are left alone', async () => {
  const folder = await newFolder();
  const first = await open(folder);
  await first.append(records('a'));
  await first.close();
  for (const name of ['notes.txt', '1.wal', '99999999999999999999.wal'])
    await writeFile(join(folder, name), 'mine', { mode: 0o600 });
  const second = await open(folder);
  expect(await waiting(second)).toEqual(['a']);
  await second.release((await second.read(all)).end);
  expect(await readdir(folder)).toEqual(
    expect.arrayContaining(['notes.txt', '1.wal', '99999999999999999999.wal']),
  );
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
});

test('closing waits for what is being written, refuses the rest, and may happen twice', async () => {
  const folder = await newFolder();
  const buffer = await open(folder);
  const appended = [buffer.append(records('a')), buffer.append(records('b'))];
  const closed = Promise.all([buffer.close(), buffer.close()]);
  expect(await failure(buffer.append(records('c')))).toMatchObject({ code: 'BUFFER_UNAVAILABLE' });
  await closed;
  await Promise.all(appended);
  expect(await failure(buffer.read(all))).toMatchObject({ code: 'BUFFER_UNAVAILABLE' });
  const again = await open(folder);
  expect(await waiting(again)).toEqual(['a', 'b']);
});
