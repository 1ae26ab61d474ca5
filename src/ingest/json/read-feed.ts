import { setImmediate as nextTurn } from 'node:timers/promises';
import type { UtmqlError } from '../../errors.ts';
import { byteBlocks } from './byte-blocks.ts';
import { type RecordBatch, RecordBatches } from './record-batches.ts';
import { malformed, type Stage } from './stage.ts';

/** How much of a body is scanned and parsed at a time, and about how much of it one batch holds. */
const defaultBatchBytes = 256 * 1024;

/** What a block may hold of records and of what is none: with more, others would wait until it is read. */
const mostInBlock = 2_000;
const smallestBlockBytes = 4 * 1024;
/** Before it is known how short the records are. */
const firstBlockBytes = 8 * 1024;
/** Blocks of one chunk follow each other; after so long others have their turn. */
const turnAfterMs = 10;

/** So many records may follow each other that are none: a comma or a line end is enough for one, and each is kept. */
const mostUnreadable = 10_000;

/** So long may be worked on what holds no record. */
const longestWithoutRecordMs = 30_000;

/** So much may come without a record: blank lines and the like, of which a few bytes can be decompressed to gigabytes. */
const mostWithoutRecord = 64 * 1024 * 1024;

/** So long may a record be that is not held, but reported as too long. */
const longestRecord = 1024 * 1024 * 1024;

/** A longer record is reported as malformed and skipped without being held. */
export const defaultMaxRecordBytes = 1024 * 1024;

/**
 * Streams a body through the stages that read it, beginning with the one that `start` makes.
 *
 * Throws what a stage or `body` throws, after all whole records that came before. Others have their turn while it is read, however
 * short the records are.
 */
export async function* readFeed(
  body: AsyncIterable<Uint8Array>,
  start: (batches: RecordBatches) => Stage,
  batchBytes: number = defaultBatchBytes,
  withoutRecordMs: number = longestWithoutRecordMs,
): AsyncGenerator<RecordBatch> {
  const batches = new RecordBatches();
  const reader = new FeedReader(start(batches));
  let failure: { error: unknown } | undefined;

  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      failure = { error };
    }
  };

  const without = { bytes: 0, ms: 0, unreadable: 0 };
  let blockBytes = Math.min(firstBlockBytes, batchBytes);
  let turnedAt = performance.now();
  for await (const block of byteBlocks(body, () => blockBytes)) {
    if (performance.now() - turnedAt > turnAfterMs) {
      await nextTurn();
      turnedAt = performance.now();
    }
    batches.addBytes(block.length);
    const startedAt = performance.now();
    attempt(() => reader.push(block));
    without.ms += performance.now() - startedAt;
    without.bytes += block.length;
    let count = 0;
    for (const batch of batches.take()) {
      count += batch.records.length + batch.malformed.length;
      without.bytes = 0;
      without.ms = 0;
      without.unreadable = batch.records.length > 0 ? 0 : without.unreadable + batch.malformed.length;
      yield batch;
    }
    blockBytes = nextBlockBytes(block.length, count, batchBytes);
    const most = reader.passes ? longestRecord : mostWithoutRecord;
    if (without.bytes > most) failure ??= { error: noRecord(`${most / 1_048_576} MiB`) };
    if (without.ms > withoutRecordMs)
      failure ??= { error: noRecord(`can be read in ${withoutRecordMs / 1_000} s`) };
    if (without.unreadable > mostUnreadable) failure ??= { error: allUnreadable() };
    if (failure !== undefined) throw failure.error;
  }
  attempt(() => reader.end());
  yield* batches.take();
  if (failure !== undefined) throw failure.error;
}

/** Like the last one, but for no more than `mostInBlock` of what it held. */
function nextBlockBytes(bytes: number, count: number, batchBytes: number): number {
  const fitting = count === 0 ? batchBytes : Math.floor((bytes * mostInBlock) / count);
  return Math.min(batchBytes, Math.max(smallestBlockBytes, Math.min(fitting, 2 * bytes)));
}

const noRecord = (amount: string): UtmqlError =>
  malformed(
    `More than ${amount} came without a record in it. Send records, without long stretches of anything else between them.`,
  );

const allUnreadable = (): UtmqlError =>
  malformed(
    `More than ${mostUnreadable.toLocaleString('en')} records followed each other that are none. Send them in the format that Content-Type names.`,
  );

/** Shows the bytes to the stage whose turn it is, and shows those again that it did not consume. */
class FeedReader {
  private stage: Stage;
  private rest: Buffer = Buffer.alloc(0);

  constructor(stage: Stage) {
    this.stage = stage;
  }

  get passes(): boolean {
    return this.stage.passes === true;
  }

  push(block: Buffer): void {
    this.rest = this.rest.length === 0 ? block : Buffer.concat([this.rest, block]);
    for (;;) {
      const { consumed, next } = this.stage.read(this.rest);
      this.rest = this.rest.subarray(consumed);
      if (next === this.stage) return;
      this.stage = next;
    }
  }

  end(): void {
    this.stage.end(this.rest);
  }
}
