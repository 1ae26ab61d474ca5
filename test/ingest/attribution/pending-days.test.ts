import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openPendingDays } from '../../../src/ingest/attribution/pending-days.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-pending-'));
  file = join(folder, 'state', 'pending.json');
});
afterEach(() => rm(folder, { recursive: true }));

const onDisk = async () => JSON.parse(await readFile(file, 'utf8')) as unknown;

it('a marked day is on disk when mark resolves, and found by the next process', async () => {
  const first = await openPendingDays(file);
  await first.mark('default', 'ads', [20_000, 20_001]);
  expect(await onDisk()).toEqual([{ workspace: 'default', side: 'ads', days: [20_000, 20_001] }]);
  const second = await openPendingDays(file);
  expect(second.leftovers()).toEqual([{ workspace: 'default', side: 'ads', days: [20_000, 20_001] }]);
});

it('a day that two writers marked goes only when both have settled', async () => {
  const pending = await openPendingDays(file);
  await pending.mark('default', 'ads', [20_000]);
  await pending.mark('default', 'ads', [20_000]);
  await pending.settle('default', 'ads', [20_000]);
  expect(await onDisk()).toEqual([{ workspace: 'default', side: 'ads', days: [20_000] }]);
  await pending.settle('default', 'ads', [20_000]);
  expect(await onDisk()).toEqual([]);
  expect(pending.leftovers()).toEqual([]);
});

it('a day that a writer gave up stays on disk as a leftover until it is cleared', async () => {
  const pending = await openPendingDays(file);
  await pending.mark('a', 'opportunities', [20_000]);
  pending.abandon('a', 'opportunities', [20_000]);
  expect(pending.leftovers()).toEqual([{ workspace: 'a', side: 'opportunities', days: [20_000] }]);
  await pending.clear('a', 'opportunities', [20_000]);
  expect(await onDisk()).toEqual([]);
});

it('a leftover that a writer has marked anew is that writer’s to settle', async () => {
  const pending = await openPendingDays(file);
  await pending.mark('a', 'ads', [20_000]);
  pending.abandon('a', 'ads', [20_000]);
  await pending.mark('a', 'ads', [20_000]);
  await pending.clear('a', 'ads', [20_000]);
  expect(await onDisk()).toEqual([{ workspace: 'a', side: 'ads', days: [20_000] }]);
});

it('a hundred marks at once are all on disk', async () => {
  const pending = await openPendingDays(file);
  await Promise.all(
    Array.from({ length: 100 }, (_, index) => pending.mark('default', 'ads', [20_000 + index])),
  );
  expect(await onDisk()).toMatchObject([{ days: { length: 100 } }]);
});

it('a file that cannot be read is named, with what to do', async () => {
  const pending = await openPendingDays(file);
  await pending.mark('default', 'ads', [1]);
  await writeFile(file, '{"half');
  await expect(openPendingDays(file)).rejects.toThrow(/pending\.json cannot be read.*trigger the sources/);
});
