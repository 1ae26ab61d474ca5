import type { UtmqlError } from '../errors.ts';
import { loopTurn } from '../loop-turns.ts';
import { CsvHeader, type CsvHeaderOptions } from './csv/header.ts';
import { type FeedStage, malformedFeedError } from './feed/feed-stage.ts';
import { type RecordBatch, RecordBatches } from './feed/record-batch.ts';
import { BodyStart, FirstByte } from './json/body-start.ts';

/** Bytes of a body that are scanned and parsed at a time: about the size of one batch. */
const defaultBatchBytes = 256 * 1024;

/** Most records, valid or not, in one block: more would block the event loop. */
const maxRecordsPerBlock = 500;
/** Room for so many of the shortest: a comma is one, if a malformed one. */
const minBlockBytes = 512;
/** Size of the first block, before the length of the records is known. */
const firstBlockBytes = 1024;
/** Time after which reading yields to the event loop. */
const yieldAfterMs = 10;

/** Most consecutive malformed records: a comma or a line end is enough for one, and each is kept. */
const maxConsecutiveMalformed = 10_000;

/** Longest processing time without a record. */
const maxMsWithoutRecord = 30_000;

/** Most bytes without a record, such as blank lines: a few compressed bytes can expand to gigabytes of them. */
const maxBytesWithoutRecord = 64 * 1024 * 1024;

/** Longest record that is skipped and reported as too large. */
const maxSkippedRecordBytes = 1024 * 1024 * 1024;

/** Longer records are reported as malformed and skipped without being kept in memory. */
const defaultMaxRecordBytes = 1024 * 1024;

/**
 * Streams a body through the stages that read it, beginning with the one that `start` returns.
 *
 * Throws what a stage or `body` throws, after all complete records before it. Yields to the event loop regularly, however short
 * the records are.
 */
export async function* readFeed(
  body: AsyncIterable<Uint8Array>,
  start: (batches: RecordBatches) => FeedStage,
  batchBytes: number = defaultBatchBytes,
  withoutRecordMs: number = maxMsWithoutRecord,
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
    if (performance.now() - turnedAt > yieldAfterMs) {
      await loopTurn();
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
    const most = reader.passes ? maxSkippedRecordBytes : maxBytesWithoutRecord;
    if (without.bytes > most) failure ??= { error: noRecordError(`${most / 1_048_576} MiB`) };
    if (without.ms > withoutRecordMs)
      failure ??= { error: noRecordError(`can be read in ${withoutRecordMs / 1_000} s`) };
    if (without.unreadable > maxConsecutiveMalformed) failure ??= { error: allMalformedError() };
    if (failure !== undefined) throw failure.error;
  }
  attempt(() => reader.end());
  yield* batches.take();
  if (failure !== undefined) throw failure.error;
}

/** Returns the size of the next block: that of the last one, limited to `maxRecordsPerBlock` records of its mean length. */
function nextBlockBytes(bytes: number, count: number, batchBytes: number): number {
  const fitting = count === 0 ? batchBytes : Math.floor((bytes * maxRecordsPerBlock) / count);
  return Math.min(batchBytes, Math.max(minBlockBytes, Math.min(fitting, 2 * bytes)));
}

const noRecordError = (amount: string): UtmqlError =>
  malformedFeedError(
    `More than ${amount} came without a record in it. Send records, without long stretches of anything else between them.`,
  );

const allMalformedError = (): UtmqlError =>
  malformedFeedError(
    `More than ${maxConsecutiveMalformed.toLocaleString('en')} records followed each other that are none. Send them in the format that Content-Type names.`,
  );

/** Passes bytes to the current stage, and passes again those that it did not consume. */
class FeedReader {
  private stage: FeedStage;
  private rest: Buffer = Buffer.alloc(0);

  constructor(stage: FeedStage) {
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

/** `json` includes an array, the envelope, NDJSON and a single object. The body shows which one it is. */
export type BodyFormat = 'json' | 'csv';

export interface BodyRecordsOptions extends JsonRecordsOptions {
  /** Undefined: JSON if the first non-blank byte is `{` or `[`, else CSV. */
  readonly format: BodyFormat | undefined;
  readonly csv?: CsvHeaderOptions | undefined;
}

/**
 * Streams the records of a body in any accepted format. See `readJsonRecords` and `readCsvRecords` for accepted input, limits
 * and errors.
 */
export function readRecords(
  body: AsyncIterable<Uint8Array>,
  options: BodyRecordsOptions,
): AsyncGenerator<RecordBatch> {
  const { format, envelope, maxRecordBytes = defaultMaxRecordBytes, batchBytes } = options;
  if (format === 'json') return readJsonRecords(body, options);
  if (format === 'csv') return readCsvRecords(body, { ...options.csv, maxRecordBytes, batchBytes });
  return readFeed(
    body,
    (batches) => {
      const context = { batches, envelope, maxRecordBytes };
      return new FirstByte(context, () => new CsvHeader(context, options.csv));
    },
    batchBytes,
  );
}

const formats: ReadonlyMap<string, BodyFormat> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'json'],
  ['application/ndjson', 'json'],
  ['application/jsonl', 'json'],
  ['text/csv', 'csv'],
  ['text/tab-separated-values', 'csv'],
]);

/** Returns the format of a Content-Type; undefined for `text/plain`, `application/octet-stream` and others that name none. */
export const formatOf = (contentType: string | undefined): BodyFormat | undefined =>
  formats.get(contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '');

export type { MalformedRecord, RecordBatch } from './feed/record-batch.ts';

/** How to read a feed of records. */
export interface JsonRecordsOptions {
  /** The keys that lead to the array of records, such as `['external', 'ads', 'performance']`. */
  readonly envelope: readonly string[];
  /** Longer records are reported as malformed and skipped without being kept in memory. Default 1 MiB. */
  readonly maxRecordBytes?: number | undefined;
  /** Bytes that are scanned and parsed at a time, and the approximate size of a batch. Default 256 KiB. */
  readonly batchBytes?: number | undefined;
}

/**
 * Streams the records of a JSON feed: the envelope `{"external":{"ads":{"performance":[…]}}}` (its other members are skipped), an
 * array, or NDJSON. Elements that are not objects are returned as they are. A record that is invalid JSON or too long is in
 * `malformed` and affects no other. An empty body has no records and no batch.
 *
 * Memory is limited by one chunk, `maxRecordBytes` and `batchBytes`, however long the feed is.
 *
 * Throws, after all complete records before the error: SOURCE_MALFORMED if the body is not such a feed (not retryable) or is
 * truncated (retryable); whatever `body` throws.
 */
export function readJsonRecords(
  body: AsyncIterable<Uint8Array>,
  options: JsonRecordsOptions,
): AsyncGenerator<RecordBatch> {
  const { envelope, maxRecordBytes = defaultMaxRecordBytes, batchBytes } = options;
  return readFeed(body, (batches) => new BodyStart({ batches, envelope, maxRecordBytes }), batchBytes);
}

export { columnName } from './csv/columns.ts';

/** How to read a body of CSV. */
export interface CsvRecordsOptions extends CsvHeaderOptions {
  /** Longer rows are reported as malformed and skipped without being kept in memory. Default 1 MiB. */
  readonly maxRecordBytes?: number | undefined;
  /** Bytes that are scanned and parsed at a time, and the approximate size of a batch. Default 256 KiB. */
  readonly batchBytes?: number | undefined;
}

/**
 * Streams the records of CSV in UTF-8 (RFC 4180) as objects from column names to cell texts. Column names are normalised by
 * `columnName`. Empty cells are omitted, and a row without text is skipped. A row is in `malformed` and affects no other if it
 * has too many or too few cells, broken quotes or invalid UTF-8, or is too long. A position is the number of a row's first line.
 * An empty body or a header alone has no records and no batch.
 *
 * Memory is limited by one chunk, `maxRecordBytes` and `batchBytes`, however long the body is.
 *
 * Throws, after all complete records before the error: SOURCE_MALFORMED if the header is invalid (not retryable), or if the body
 * ends inside quotes or a row (retryable); CONFIGURATION for an invalid delimiter; whatever `body` throws.
 */
export function readCsvRecords(
  body: AsyncIterable<Uint8Array>,
  options: CsvRecordsOptions = {},
): AsyncGenerator<RecordBatch> {
  const { maxRecordBytes = defaultMaxRecordBytes } = options;
  return readFeed(body, (batches) => new CsvHeader({ batches, maxRecordBytes }, options), options.batchBytes);
}

/**
 * Splits and joins chunks of any size into blocks of about `sizeOf()` bytes, so that a record costs the same whether the network
 * sends single bytes or megabytes. If the body fails, all bytes before that are returned first.
 */
async function* byteBlocks(body: AsyncIterable<Uint8Array>, sizeOf: () => number): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let gathered = 0;
  const gather = (): Buffer => {
    const [first] = pieces;
    const block = pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces, gathered);
    pieces = [];
    gathered = 0;
    return block;
  };

  let failure: { error: unknown } | undefined;
  try {
    for await (const chunk of body) {
      for (let from = 0; from < chunk.length; ) {
        const size = Math.max(sizeOf(), gathered + 1);
        const piece = Buffer.from(
          chunk.buffer,
          chunk.byteOffset + from,
          Math.min(size - gathered, chunk.length - from),
        );
        pieces.push(piece);
        gathered += piece.length;
        from += piece.length;
        if (gathered >= size) yield gather();
      }
    }
  } catch (error) {
    failure = { error };
  }
  if (gathered > 0) yield gather();
  if (failure !== undefined) throw failure.error;
}
