import { BodyStart } from './json/body-start.ts';
import { defaultMaxRecordBytes, readFeed } from './json/read-feed.ts';
import type { RecordBatch } from './json/record-batches.ts';

export type { MalformedReason, MalformedRecord, RecordBatch } from './json/record-batches.ts';

/** How to read a feed of records. */
export interface JsonRecordsOptions {
  /** The keys that lead to the array of records, e.g. `['external', 'ads', 'performance']`. */
  readonly envelope: readonly string[];
  /** A longer record is reported as malformed and skipped without being held. Default 1 MiB. */
  readonly maxRecordBytes?: number | undefined;
  /** How much is scanned and parsed at a time, and about how much of the feed one batch holds. Default 256 KiB. */
  readonly batchBytes?: number | undefined;
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
export function readJsonRecords(
  body: AsyncIterable<Uint8Array>,
  options: JsonRecordsOptions,
): AsyncGenerator<RecordBatch> {
  const { envelope, maxRecordBytes = defaultMaxRecordBytes, batchBytes } = options;
  return readFeed(body, (batches) => new BodyStart({ batches, envelope, maxRecordBytes }), batchBytes);
}
