import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '../../src/logger.ts';
import { systemClock } from '../../src/time.ts';
import { openBuffer, type WriteAheadBuffer } from '../../src/wal/wal.ts';
import { restartDamaged } from './damaged-restart.ts';
import { inTemporaryFolder } from './folders.ts';
import { createFindings, type Findings } from './report.ts';
import { defineScenario } from './scenario.ts';

const silent = createLogger({ level: 'silent' });
/** What a recovered buffer must still take. */
const afterwards = Buffer.from('{"after":"recovery"}');

/** The last segment, in which any byte may be wrong after a crash. */
interface Original {
  readonly folder: string;
  readonly name: string;
  readonly bytes: Buffer;
  readonly payloads: readonly string[];
  /** Where the payloads of this segment lie in it. */
  readonly spans: readonly { readonly payload: string; readonly from: number; readonly to: number }[];
}

/** A damaged last segment, and what the damage may cost. */
interface Trial {
  readonly where: string;
  readonly bytes: Buffer;
  readonly mayLose: ReadonlySet<string>;
  /** Whether a loss can be told from a segment that simply ends here. */
  readonly isVisible: boolean;
}

interface Totals {
  cuts: number;
  flips: number;
  crashes: number;
  lost: number;
  uncounted: number;
  strange: number;
  unusable: number;
}

/** Most of a trial is waiting for fsync. */
const trialsAtOnce = 8;

/** The last segment of the buffer cut at every byte, and bits of every byte flipped. */
export const bufferDamage = defineScenario({
  name: 'buffer',
  law: 'whatever byte of the last segment is cut or wrong: no crash, every intact record is read again, the corrupt one is counted',
  sizes: {
    test: { records: 7, lastSegment: 3, bits: [3], restarts: 1 },
    full: { records: 30, lastSegment: 16, bits: [0, 1, 2, 3, 4, 5, 6, 7], restarts: 10 },
  },
  run: (size, surroundings) =>
    inTemporaryFolder(async (folder) => {
      const { progress } = surroundings;
      const findings = createFindings();
      const original = await write(join(folder, 'original'), size.records, size.lastSegment);
      const totals: Totals = {
        cuts: 0,
        flips: 0,
        crashes: 0,
        lost: 0,
        uncounted: 0,
        strange: 0,
        unusable: 0,
      };
      const trials = trialsOf(original, size.bits, totals);
      const work = async (_: unknown, worker: number): Promise<void> => {
        for (const trial of trials) {
          await tryOne(join(folder, `trial-${worker}`), original, trial, totals, findings);
          progress(`${totals.cuts} cuts and ${totals.flips} flipped bits tried`);
        }
      };
      await Promise.all(Array.from({ length: trialsAtOnce }).map(work));
      findings.number('bytes of the segment', original.bytes.length);
      findings.number('cuts', totals.cuts);
      findings.number('flipped bits', totals.flips);
      findings.exactly('crashes', totals.crashes, 0);
      findings.exactly('intact records lost', totals.lost, 0);
      findings.exactly('corrupt records not counted', totals.uncounted, 0);
      findings.exactly('strange or repeated records', totals.strange, 0);
      findings.exactly('unusable afterwards', totals.unusable, 0);
      await restartDamaged(size.restarts, surroundings, findings);
      return findings.report();
    }),
});

function* trialsOf({ bytes, spans }: Original, bits: readonly number[], totals: Totals): Generator<Trial> {
  for (let at = 0; at < bytes.length; at++) {
    totals.cuts += 1;
    // A cut between two records cannot be told from the end, nor can one in the segment's own header.
    const isVisible = at >= (spans[0]?.from ?? 0) && !spans.some(({ to }) => to === at);
    const mayLose = new Set(spans.filter(({ to }) => to > at).map(({ payload }) => payload));
    yield { where: `cut at ${at}`, bytes: bytes.subarray(0, at), mayLose, isVisible };
    const hit = spans.find(({ to }) => at < to);
    for (const bit of bits) {
      totals.flips += 1;
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      yield {
        where: `bit ${bit} of byte ${at}`,
        bytes: flipped,
        mayLose: new Set(hit === undefined ? [] : [hit.payload]),
        isVisible: true,
      };
    }
  }
}

async function tryOne(
  folder: string,
  original: Original,
  { where, bytes, mayLose, isVisible }: Trial,
  totals: Totals,
  findings: Findings,
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await cp(original.folder, folder, { recursive: true });
  await writeFile(join(folder, original.name), bytes);
  let found: Found;
  try {
    found = await recover(folder);
  } catch (error) {
    totals.crashes += 1;
    findings.law('no crash', false, `${where}: ${String(error)}`);
    return;
  }
  const read = new Set(found.payloads);
  const missing = original.payloads.filter((payload) => !read.has(payload));
  const lost = missing.filter((payload) => !mayLose.has(payload));
  const strangers = found.payloads.filter((payload) => !original.payloads.includes(payload));
  totals.lost += lost.length;
  totals.strange += strangers.length + (found.payloads.length - read.size);
  findings.law('intact records are read again', lost.length === 0, `${lost.length} not: ${where}`);
  if (!found.isUsable) totals.unusable += 1;
  if (!isVisible || missing.length === 0 || found.setAside > 0) return;
  totals.uncounted += 1;
  findings.law('corrupt records are counted', false, where);
}

const open = (folder: string, segmentBytes: number): Promise<WriteAheadBuffer> =>
  openBuffer({
    folder,
    maxRecords: 10_000,
    maxBytes: 64 * 1_048_576,
    segmentBytes,
    logger: silent,
    clock: systemClock,
  });

/** A buffer of several segments, with `inLast` records in the last one. Payloads are of every kind of length. */
async function write(folder: string, records: number, inLast: number): Promise<Original> {
  await mkdir(folder, { recursive: true });
  const payloads = Array.from(
    { length: records },
    (_, index) => `{"n":${index},"t":"${'é'.repeat(index % 23)}"}`,
  );
  // A segment is full at once, but for the last one, which a second opening with room begins.
  const first = await open(folder, 1);
  for (const payload of payloads.slice(0, records - inLast)) await first.append([Buffer.from(payload)]);
  await first.close();
  const last = await open(folder, 16 * 1_048_576);
  for (const payload of payloads.slice(records - inLast)) await last.append([Buffer.from(payload)]);
  await last.close();
  const name =
    (await readdir(folder))
      .filter((file) => file.endsWith('.wal'))
      .sort()
      .at(-1) ?? '';
  const bytes = await readFile(join(folder, name));
  const spans = payloads.flatMap((payload) => {
    const from = bytes.indexOf(payload);
    return from === -1 ? [] : [{ payload, from, to: from + Buffer.byteLength(payload) }];
  });
  if (spans.length !== inLast) throw new Error(`the last segment has ${spans.length} records, not ${inLast}`);
  return { folder, name, bytes, payloads, spans };
}

interface Found {
  readonly payloads: readonly string[];
  readonly setAside: number;
  /** A new record was taken, and read behind the others. */
  readonly isUsable: boolean;
}

async function recover(folder: string): Promise<Found> {
  const buffer = await open(folder, 16 * 1_048_576);
  try {
    const { payloads } = await buffer.read({ records: 10_000, bytes: 64 * 1_048_576 });
    const { setAside } = buffer.stats();
    await buffer.append([afterwards]);
    const again = await buffer.read({ records: 10_000, bytes: 64 * 1_048_576 });
    const isUsable =
      again.payloads.length === payloads.length + 1 && again.payloads.at(-1)?.equals(afterwards) === true;
    return { payloads: payloads.map(String), setAside, isUsable };
  } finally {
    await buffer.close();
  }
}
