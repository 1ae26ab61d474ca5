import { CsvHeader, type CsvHeaderOptions } from './csv/header.ts';
import { defaultMaxRecordBytes, readFeed } from './json/read-feed.ts';
import type { RecordBatch } from './json/record-batches.ts';

export { columnName } from './csv/columns.ts';

/** How to read a body of CSV. */
export interface CsvRecordsOptions extends CsvHeaderOptions {
  /** A longer row is reported as malformed and skipped without being held. Default 1 MiB. */
  readonly maxRecordBytes?: number | undefined;
  /** How much is scanned and parsed at a time, and about how much of the body one batch holds. Default 256 KiB. */
  readonly batchBytes?: number | undefined;
}

/**
 * Streams the records of CSV in UTF-8, as RFC 4180 has it: objects from the header's names to the cells' text. Names are
 * trimmed and lower case, with `_` for white space in them (`columnName`); an empty cell is left out, and a row without any
 * text is no record. A row with too many or too few cells, broken quotes or broken UTF-8, or one that is too long comes in
 * `malformed` and costs no other; positions are the numbers of the lines that rows begin in. An empty body or a header
 * alone has no records, and gives no batch.
 *
 * Memory is bounded by one chunk, `maxRecordBytes` and `batchBytes`, however long the body.
 *
 * Throws, after all whole records that came before: SOURCE_MALFORMED when the header cannot be used (not retryable), or
 * when the body ends inside quotes or in the middle of a row (retryable); CONFIGURATION for a delimiter that cannot be one;
 * whatever `body` throws when that breaks.
 */
export function readCsvRecords(
  body: AsyncIterable<Uint8Array>,
  options: CsvRecordsOptions = {},
): AsyncGenerator<RecordBatch> {
  const { maxRecordBytes = defaultMaxRecordBytes } = options;
  return readFeed(body, (batches) => new CsvHeader({ batches, maxRecordBytes }, options), options.batchBytes);
}
