import { BodyStart } from './json/body-start.ts';
import { byteBlocks } from './json/byte-blocks.ts';
import { type RecordBatch, RecordBatches } from './json/record-batches.ts';
import type { ReadContext, Stage } from './json/stage.ts';

export type { MalformedReason, MalformedRecord, RecordBatch } from './json/record-batches.ts';

/** How to read a feed of records. */
export interface JsonRecordsOptions {
  /** The keys that lead to the array of records, e.g. `['external', 'ads', 'performance']`. */
  readonly envelope: readonly string[];
  /** A longer record is reported as malformed and skipped without being held. Default 1 MiB. */
  readonly maxRecordBytes?: number;
  /** How much is scanned and parsed at a time, and about how much of the feed one batch holds. Default 256 KiB. */
  readonly batchBytes?: number;
}

/**
 * Streams the records of a JSON feed: the envelope `{"external":{"ads":{"performance":[…]}}}` (whatever stands beside it is
 * skipped), a bare array, or NDJSON. Elements that are not objects come as the values they are. A record that is not JSON
 * or is too long comes in `malformed` and costs no other. An empty body has no records, and gives no batch.
 *
 * Memory is bounded by one chunk, `maxRecordBytes` and `batchBytes`, however long the feed.
 *
 * Throws, after all whole records that came before: SOURCE_MALFORMED when the body is not such a feed (not retryable) or
 * ends in the middle (retryable); whatever `body` throws when that breaks.
 */
export async function* readJsonRecords(
  body: AsyncIterable<Uint8Array>,
  options: JsonRecordsOptions,
): AsyncGenerator<RecordBatch> {
  const { envelope, maxRecordBytes = 1024 * 1024, batchBytes = 256 * 1024 } = options;
  const batches = new RecordBatches();
  const reader = new FeedReader({ batches, envelope, maxRecordBytes });
  let failure: { error: unknown } | undefined;

  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      failure = { error };
    }
  };

  for await (const block of byteBlocks(body, batchBytes)) {
    batches.addBytes(block.length);
    attempt(() => reader.push(block));
    yield* batches.take();
    if (failure !== undefined) throw failure.error;
  }
  attempt(() => reader.end());
  yield* batches.take();
  if (failure !== undefined) throw failure.error;
}

/** Shows the bytes to the stage whose turn it is, and shows those again that it did not consume. */
class FeedReader {
  private stage: Stage;
  private rest: Buffer = Buffer.alloc(0);

  constructor(context: ReadContext) {
    this.stage = new BodyStart(context);
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
