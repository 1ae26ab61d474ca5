import { copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { rounds } from '../support/rounds.ts';
import { copyFolder, hasty } from './disk.ts';
import { all, createLog, records, useBuffers, waiting } from './folders.ts';

const { newFolder, open } = useBuffers();

/** Between two bytes that are tried: all of them in `npm run test:full`. No multiple of what bits and frames repeat by. */
const step = rounds(5) === 5 ? 1 : 5;
const headerBytes = 24;
const marker = Buffer.from([0xf7, 0xc1, 0xfe, 0xc0]);

/** Records of many sizes and shapes; `frames` are those of another segment, which are not to be taken for this one's. */
function payloadOf(index: number, frames: Buffer): Buffer {
  switch (index % 4) {
    case 0:
      return Buffer.from(JSON.stringify({ index, text: 'é'.repeat(index % 9) }));
    case 1:
      return Buffer.alloc((index * 3) % 50);
    case 2:
      return Buffer.concat([Buffer.from([index]), ...Array.from({ length: index % 8 }, () => marker)]);
    default:
      return frames.subarray(0, (index * 5) % 90);
  }
}

interface Written {
  /** Holds a segment with three records, and the last one with thirty. */
  readonly folder: string;
  readonly last: string;
  readonly bytes: Buffer;
  readonly payloads: readonly Buffer[];
  /** Where each frame ends in the last segment. */
  readonly ends: readonly number[];
}

async function write(shape = payloadOf): Promise<Written> {
  const folder = await newFolder();
  const first = await open(folder, { files: hasty });
  for (const word of ['one', 'two', 'three']) await first.append(records(word));
  await first.close();
  const [firstName = ''] = (await readdir(folder)).filter((name) => name.endsWith('.wal'));
  const frames = (await readFile(join(folder, firstName))).subarray(headerBytes);

  const second = await open(folder, { files: hasty });
  const payloads = Array.from({ length: 30 }, (_, index) => shape(index, frames));
  const positions: number[] = [];
  for (const payload of payloads) positions.push(await second.append([payload]));
  await second.close();
  const [, last = ''] = (await readdir(folder)).filter((name) => name.endsWith('.wal')).sort();
  const base = Number(last.slice(0, 20));
  return {
    folder,
    last,
    bytes: await readFile(join(folder, last)),
    payloads,
    ends: positions.map((position) => position - base),
  };
}

/** Opens the folder with these bytes as its last segment: what is replayed of it, how much was corrupt, what was set aside. */
async function replay({ folder, last }: Written, bytes: Buffer) {
  await rm(join(folder, 'set-aside'), { recursive: true, force: true });
  await writeFile(join(folder, last), bytes);
  const buffer = await open(folder, { files: hasty });
  const { payloads } = await buffer.read(all);
  const { setAside, records: counted } = buffer.stats();
  expect(counted).toBe(payloads.length);
  await buffer.close();
  expect(payloads.slice(0, 3).map(String)).toEqual(['one', 'two', 'three']);
  const aside = join(folder, 'set-aside');
  const names = await readdir(aside).catch(() => []);
  const copies = await Promise.all(names.map((name) => readFile(join(aside, name))));
  return { payloads: payloads.slice(3), setAside, names, copies };
}

describe('the last segment', () => {
  let written: Written;
  beforeEach(async () => {
    written = await write();
  });

  test('cut at any byte, replays every whole record and sets the torn one aside', async () => {
    const { bytes, payloads, ends } = written;
    for (let cut = 0; cut <= bytes.length; cut += step) {
      const whole = ends.filter((end) => end <= cut).length;
      const boundary = whole === 0 ? (cut >= headerBytes ? headerBytes : 0) : (ends[whole - 1] ?? 0);
      const torn = bytes.subarray(boundary, cut);
      const replayed = await replay(written, bytes.subarray(0, cut));
      expect(replayed.payloads, `cut at ${cut}`).toEqual(payloads.slice(0, whole));
      expect(replayed.setAside, `cut at ${cut}`).toBe(torn.length > 0 ? 1 : 0);
      expect(Buffer.concat(replayed.copies), `cut at ${cut}`).toEqual(torn);
    }
  }, 120_000);

  test('with a bit flipped in any byte, replays every other record and sets this one aside', async () => {
    const { bytes, payloads, ends } = written;
    for (let at = 0; at < bytes.length; at += step) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      const hit = at < headerBytes ? -1 : ends.findIndex((end) => at < end);
      const replayed = await replay(written, flipped);
      expect(replayed.payloads, `flipped at ${at}`).toEqual(payloads.filter((_, index) => index !== hit));
      expect(replayed.setAside, `flipped at ${at}`).toBe(1);
      const [from, to] = hit === -1 ? [0, headerBytes] : [hit === 0 ? headerBytes : ends[hit - 1], ends[hit]];
      expect(replayed.copies, `flipped at ${at}`).toEqual([flipped.subarray(from, to)]);
      expect(replayed.names, `flipped at ${at}`).toEqual([`${written.last.slice(0, 20)}-${from}.bin`]);
    }
  }, 120_000);

  test('with stretches of any bytes in the middle, replays every record outside them and counts those inside', async () => {
    const { bytes, payloads, ends } = written;
    const firstEnd = ends[0] ?? 0;
    const lastStart = ends[28] ?? 0;
    const stretch = fc.record({
      from: fc.integer({ min: firstEnd, max: lastStart - 1 }),
      fill: fc.uint8Array({ minLength: 1, maxLength: 120 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(stretch, { minLength: 1, maxLength: 6 }), async (stretches) => {
        const damaged = Buffer.from(bytes);
        for (const { from, fill } of stretches) damaged.set(fill.slice(0, lastStart - from), from);
        const touched = ends.filter((end, index) => {
          const start = index === 0 ? headerBytes : (ends[index - 1] ?? 0);
          return !damaged.subarray(start, end).equals(bytes.subarray(start, end));
        });
        const replayed = await replay(written, damaged);
        expect(replayed.payloads).toEqual(payloads.filter((_, index) => !touched.includes(ends[index] ?? 0)));
        expect(replayed.setAside).toBe(touched.length);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('a start', () => {
  test.each([
    ['empty', Buffer.alloc(0), 0],
    ['zeros', Buffer.alloc(5_000), 1],
    ['noise', Buffer.alloc(5_000, 'noise'), 1],
  ])('takes no harm from a segment of %s, wherever its name puts it', async (_name, content, corrupt) => {
    const folder = await newFolder();
    const first = await open(folder);
    await first.append(records('a', 'b', 'c'));
    await first.close();
    for (const base of [0, 2, 60, 1_000_000])
      await writeFile(join(folder, `${String(base).padStart(20, '0')}.wal`), content);
    const second = await open(folder);
    expect(await waiting(second)).toEqual(['a', 'b', 'c']);
    expect(second.stats().setAside).toBe(4 * corrupt);
    await second.append(records('d'));
    await second.close();
    const third = await open(folder);
    expect(await waiting(third)).toEqual(['a', 'b', 'c', 'd']);
    expect(third.stats().setAside).toBe(0);
  });

  test('with a damaged note of the position replays from the oldest segment', async () => {
    const folder = await newFolder();
    const first = await open(folder);
    await first.append(records('a', 'b', 'c'));
    await first.release((await first.read({ records: 1, bytes: 10 })).end);
    await first.release((await first.read({ records: 1, bytes: 10 })).end);
    await first.close();
    const note = join(folder, 'position');
    const good = await readFile(note);
    const openWith = async (bytes: Buffer) => {
      await writeFile(note, bytes);
      const buffer = await open(folder);
      const words = await waiting(buffer);
      await buffer.close();
      return words;
    };
    expect(await openWith(good)).toEqual(['c']);
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(8_192),
      Buffer.alloc(8_192, 'x'),
      good.subarray(0, 10),
    ])
      expect(await openWith(bytes)).toEqual(['a', 'b', 'c']);
    // A torn note leaves the one before it.
    const torn = Buffer.from(good);
    torn.fill(0, 4_096 + 10, 4_096 + 20);
    expect(await openWith(torn)).toEqual(['b', 'c']);
  });

  test('refuses a segment of a newer version in one sentence, and touches nothing', async () => {
    const written = await write();
    const { crc32 } = await import('node:zlib');
    const newer = Buffer.from(written.bytes);
    newer.writeUInt32BE(2, 8);
    newer.writeUInt32BE(crc32(newer.subarray(0, 20)), 20);
    await writeFile(join(written.folder, written.last), newer);
    await expect(open(written.folder)).rejects.toMatchObject({ code: 'CONFIGURATION' });
    expect(await readFile(join(written.folder, written.last))).toEqual(newer);
  });

  test('logs corrupt records once for each segment, and finds none of them a second time', async () => {
    const { folder, last, bytes, ends } = await write((index) => Buffer.from(`record ${index}`));
    const damaged = Buffer.from(bytes);
    for (const index of [4, 5, 9]) damaged.fill(0, ends[index - 1], ends[index]);
    await writeFile(join(folder, last), damaged.subarray(0, -1));
    const { logger, messages } = createLog();
    const first = await open(folder, { logger });
    expect(first.stats().setAside).toBe(4);
    expect(messages.filter((message) => message.includes('corrupt'))).toHaveLength(1);
    // Reading passes over the same bytes.
    await first.read(all);
    await first.read({ records: 9, bytes: 1_000 });
    expect(first.stats().setAside).toBe(4);
    await first.release((await first.read({ records: 14, bytes: 1_000 })).end);
    expect(first.stats().records).toBe(33 - 14 - 4);
    await first.close();
    const second = await open(folder);
    expect((await second.read(all)).payloads.map(String)[0]).toBe('record 14');
    expect(second.stats()).toMatchObject({ setAside: 0, records: 33 - 14 - 4 });
  });

  test('keeps at most 64 MiB of corrupt bytes, and starts all the same', async () => {
    const folder = await newFolder();
    await mkdir(folder, { recursive: true });
    const name = (base: number): string => join(folder, `${String(base).padStart(20, '0')}.wal`);
    await writeFile(name(1), '');
    await truncate(name(1), 40 * 1024 * 1024);
    await copyFile(name(1), name(100_000_000));
    const buffer = await open(folder, { files: hasty });
    expect(buffer.stats().setAside).toBe(2);
    expect(await readdir(join(folder, 'set-aside'))).toEqual(['00000000000100000000-0.bin']);
    await buffer.append(records('a'));
    expect(await waiting(buffer)).toEqual(['a']);
    await buffer.release((await buffer.read(all)).end);
  });
});

test('bytes that go bad while the buffer is open are passed over, counted and set aside', async () => {
  const folder = await newFolder();
  const buffer = await open(folder, { segmentBytes: 200 });
  const words = Array.from({ length: 40 }, (_, index) => `record number ${index}`);
  const ends: number[] = [];
  for (const word of words) ends.push(await buffer.append(records(word)));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.wal')).sort();
  // All of the second segment behind its header, and the first record of the third.
  const [, second = '', third = ''] = names;
  const secondBytes = await readFile(join(folder, second));
  await writeFile(join(folder, second), secondBytes.fill(0, headerBytes));
  const thirdBytes = await readFile(join(folder, third));
  await writeFile(join(folder, third), thirdBytes.fill(0, headerBytes + 4, headerBytes + 12));

  const lost = words.filter((_, index) => {
    const position = ends[index] ?? 0;
    const before = index === 0 ? 0 : (ends[index - 1] ?? 0);
    const bases = names.map((name) => Number(name.slice(0, 20)));
    return (
      (position > (bases[1] ?? 0) && position <= (bases[2] ?? 0)) ||
      (position > (bases[2] ?? 0) && before <= (bases[2] ?? 0))
    );
  });
  const kept = words.filter((word) => !lost.includes(word));
  const seen: string[] = [];
  for (;;) {
    const { payloads, end } = await buffer.read({ records: 3, bytes: 1_000 });
    if (payloads.length === 0) break;
    seen.push(...payloads.map(String));
    await buffer.release(end);
  }
  expect(seen).toEqual(kept);
  expect(buffer.stats()).toMatchObject({ records: 0, setAside: 2 });
  expect(await readdir(join(folder, 'set-aside'))).toHaveLength(2);
  await buffer.append(records('afterwards'));
  expect(await waiting(buffer)).toEqual(['afterwards']);
});

test('a copy of the folder is the same buffer', async () => {
  const written = await write();
  const copy = await newFolder();
  await copyFolder(written.folder, copy);
  const buffer = await open(copy);
  expect((await buffer.read(all)).payloads.slice(3)).toEqual(written.payloads);
});
