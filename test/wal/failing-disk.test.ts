import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDisk, type Disk } from './disk.ts';
import { all, createLog, failure, records, useBuffers, waiting } from './folders.ts';

const { newFolder, open } = useBuffers();

const unavailable = { code: 'BUFFER_UNAVAILABLE', retryable: true };
/** The buffer tries a failing disk again after 250 ms of real time. */
const pause = () => delay(260);

const faults: Record<string, (disk: Disk) => void> = {
  'full to the last byte': (disk) => {
    disk.room = 0;
  },
  'full in the middle of a record': (disk) => {
    disk.room = 40;
  },
  'without fsync': (disk) => {
    disk.failing.add('datasync');
  },
  'without fsync and truncate': (disk) => {
    disk.failing.add('datasync').add('truncate').add('remove');
  },
  'read-only': (disk) => {
    disk.room = 0;
    disk.failing.add('datasync').add('truncate').add('remove').add('open').add('syncFolder');
  },
};

const repair = (disk: Disk): void => {
  disk.room = Number.POSITIVE_INFINITY;
  disk.failing.clear();
};

describe.each(Object.entries(faults))('a disk that is %s', (_name, breakDisk) => {
  test.each([
    ['in a segment that has records', ['a', 'b']],
    ['in a new one', []],
  ])('acknowledges nothing, %s, and works again without a restart', async (_where, before) => {
    const folder = await newFolder();
    const disk = createDisk();
    const { logger, messages } = createLog();
    const buffer = await open(folder, { files: disk.files, logger });
    for (const word of before) await buffer.append(records(word));

    breakDisk(disk);
    const refused = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        failure(buffer.append(records(`lost ${index}`, 'x'.repeat(50)))),
      ),
    );
    for (const error of refused) expect(error).toMatchObject(unavailable);
    // At once, without asking the disk each time.
    const failuresBefore = disk.failures;
    for (let tried = 0; tried < 1_000; tried += 1)
      expect(await failure(buffer.append(records('lost')))).toMatchObject(unavailable);
    expect(disk.failures - failuresBefore).toBeLessThan(500);
    await pause();
    expect(await failure(buffer.append(records('lost')))).toMatchObject(unavailable);
    expect(buffer.stats()).toMatchObject({ records: before.length });

    // What is durable can be drained meanwhile.
    expect(await waiting(buffer)).toEqual(before);
    if (before.length > 0) await buffer.release((await buffer.read({ records: 1, bytes: 10 })).end);
    const left = before.slice(1);
    expect(await waiting(buffer)).toEqual(left);

    repair(disk);
    await pause();
    await buffer.append(records('c'));
    await Promise.all([buffer.append(records('d')), buffer.append(records('e'))]);
    expect(await waiting(buffer)).toEqual([...left, 'c', 'd', 'e']);
    expect(messages.filter((message) => message.includes('cannot write'))).toHaveLength(1);
    expect(messages.filter((message) => message.includes('writes again'))).toHaveLength(1);

    // Nothing of what was refused comes back, whether the power goes or not; 'a' may, where its release could not be noted.
    const due = [...left, 'c', 'd', 'e'];
    const afterwards = await newFolder();
    await disk.cutPower(folder, afterwards);
    expect((await waiting(await open(afterwards))).filter((word) => word !== 'a')).toEqual(due);
    await buffer.close();
    const again = await open(folder);
    expect((await waiting(again)).filter((word) => word !== 'a')).toEqual(due);
    expect(again.stats().setAside).toBe(0);
  });

  test('lets the buffer be closed and opened', async () => {
    const folder = await newFolder();
    const disk = createDisk();
    const first = await open(folder, { files: disk.files });
    await first.append(records('a'));
    breakDisk(disk);
    const refused = failure(first.append(records('x'.repeat(100))));
    await first.close();
    expect(await refused).toMatchObject(unavailable);
    const second = await open(folder, { files: disk.files });
    expect(await waiting(second)).toContain('a');
    await second.release((await second.read(all)).end);
    expect(await waiting(second)).toEqual([]);
    repair(disk);
    await second.append(records('b'));
    expect(await waiting(second)).toEqual(['b']);
  });
});

test('a disk that takes a few bytes at a time gets all of them', async () => {
  const folder = await newFolder();
  const disk = createDisk();
  disk.longestWrite = 7;
  const buffer = await open(folder, { files: disk.files, segmentBytes: 300 });
  const words = Array.from({ length: 50 }, (_, index) => `${index}`.repeat(index % 30));
  await Promise.all(words.map((word) => buffer.append(records(word))));
  await buffer.release((await buffer.read({ records: 10, bytes: 1_000 })).end);
  expect(await waiting(buffer)).toEqual(words.slice(10));
  await buffer.close();
  expect(await waiting(await open(folder))).toEqual(words.slice(10));
});

test('draining makes room on a disk that is full', async () => {
  const folder = await newFolder();
  const disk = createDisk();
  const buffer = await open(folder, { files: disk.files, segmentBytes: 200 });
  for (let index = 0; index < 30; index += 1) await buffer.append(records(`record number ${index}`));
  disk.room = 0;
  disk.failing.add('open').add('datasync');
  await buffer.release((await buffer.read({ records: 29, bytes: 10_000 })).end);
  expect((await readdir(folder)).filter((name) => name.endsWith('.wal'))).toHaveLength(1);
  expect(await waiting(buffer)).toEqual(['record number 29']);
});

test('a disk that cannot be read or emptied says so, and is tried again', async () => {
  const folder = await newFolder();
  const disk = createDisk();
  const buffer = await open(folder, { files: disk.files, segmentBytes: 200 });
  for (let index = 0; index < 30; index += 1) await buffer.append(records(`record number ${index}`));
  disk.failing.add('read').add('remove');
  expect(await failure(buffer.read(all))).toMatchObject(unavailable);
  disk.failing.delete('read');
  const { payloads, end } = await buffer.read(all);
  expect(payloads).toHaveLength(30);
  await buffer.release(end);
  expect(buffer.stats().records).toBe(0);
  disk.failing.clear();
  await buffer.append(records('a'));
  await buffer.release((await buffer.read(all)).end);
  expect((await readdir(folder)).filter((name) => name.endsWith('.wal')).length).toBeLessThan(2);
});

test('whatever fails and whenever the power goes, every record that was acknowledged is replayed, in order', async () => {
  const fault = fc.constantFrom('datasync', 'truncate', 'syncFolder', 'open', 'remove', 'room', undefined);
  const step = fc.record({
    sizes: fc.array(fc.nat({ max: 120 }), { minLength: 1, maxLength: 6 }),
    drain: fc.nat({ max: 4 }),
    fault,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      const folder = await newFolder();
      const disk = createDisk();
      const buffer = await open(folder, { files: disk.files, segmentBytes: 400 });
      const acknowledged: string[] = [];
      const drained = new Set<string>();
      let made = 0;
      for (const { sizes, drain, fault: failing } of steps) {
        repair(disk);
        if (failing === 'room') disk.room = sizes.reduce((sum, size) => sum + size, 0);
        else if (failing !== undefined) disk.failing.add(failing);
        const words = sizes.map((size) => `${++made}:${'x'.repeat(size)}`);
        const outcomes = await Promise.allSettled(words.map((word) => buffer.append(records(word))));
        words.forEach((word, index) => {
          if (outcomes[index]?.status === 'fulfilled') acknowledged.push(word);
        });
        const part = await buffer.read({ records: drain, bytes: 10_000 });
        for (const payload of part.payloads) drained.add(payload.toString());
        await buffer.release(part.end);
        expect(await waiting(buffer)).toEqual(acknowledged.filter((word) => !drained.has(word)));
        if (outcomes.some(({ status }) => status === 'rejected')) await pause();
      }
      const afterwards = await newFolder();
      await disk.cutPower(folder, afterwards);
      const restarted = await open(afterwards);
      const replayed = await waiting(restarted);
      const due = acknowledged.filter((word) => !drained.has(word));
      expect(replayed.filter((word) => due.includes(word))).toEqual(due);
      await restarted.close();
      await buffer.close();
    }),
    { numRuns: 20 },
  );
}, 120_000);

test('the folder of a buffer that cannot be used is one clear sentence', async () => {
  const folder = await newFolder();
  const error = await failure(open(join(folder, 'a'), { files: { ...createDisk().files, list: refuse } }));
  expect(error).toMatchObject({
    code: 'CONFIGURATION',
    message: expect.stringMatching(/^The buffer folder .* cannot be used \(EACCES\): .*DATA_DIR/),
  });
});

const refuse = () => Promise.reject(Object.assign(new Error('made by the test'), { code: 'EACCES' }));
