import { UtmqlError } from '../../errors.ts';
import { byteBlocks } from './byte-blocks.ts';
import { type RecordBatch, RecordBatches } from './record-batches.ts';
import type { Stage } from './stage.ts';

/** How much of a body is scanned and parsed at a time, and about how much of it one batch holds. */
const defaultBatchBytes = 256 * 1024;

/** So much may come without a record: blank lines and the like, of which a few bytes can be decompressed to gigabytes. */
const mostWithoutRecord = 64 * 1024 * 1024;

/** So long may a record be that is not held, but reported as too long. */
const longestRecord = 1024 * 1024 * 1024;

/** A longer record is reported as malformed and skipped without being held. */
export const defaultMaxRecordBytes = 1024 * 1024;

/**
 * Streams a body through the stages that read it, beginning with the one that `start` makes.
 *
 * Throws what a stage or `body` throws, after all whole records that came before.
 */
export async function* readFeed(
  body: AsyncIterable<Uint8Array>,
  start: (batches: RecordBatches) => Stage,
  batchBytes: number = defaultBatchBytes,
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

  let without = 0;
  for await (const block of byteBlocks(body, batchBytes)) {
    batches.addBytes(block.length);
    attempt(() => reader.push(block));
    without += block.length;
    for (const batch of batches.take()) {
      without = 0;
      yield batch;
    }
    const most = reader.passes ? longestRecord : mostWithoutRecord;
    if (without > most) failure ??= { error: noRecord(most) };
    if (failure !== undefined) throw failure.error;
  }
  attempt(() => reader.end());
  yield* batches.take();
  if (failure !== undefined) throw failure.error;
}

const noRecord = (bytes: number): UtmqlError =>
  new UtmqlError(
    'SOURCE_MALFORMED',
    `More than ${bytes / 1_048_576} MiB came without a record in them. Send records, without long stretches of anything else between them.`,
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
