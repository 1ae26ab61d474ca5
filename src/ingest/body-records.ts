import { CsvHeader, type CsvHeaderOptions } from './csv/header.ts';
import { readCsvRecords } from './csv-records.ts';
import { FirstByte } from './json/first-byte.ts';
import { defaultMaxRecordBytes, readFeed } from './json/read-feed.ts';
import type { RecordBatch } from './json/record-batches.ts';
import { type JsonRecordsOptions, readJsonRecords } from './json-records.ts';

/** `json` stands for an array, the envelope, NDJSON and a single object alike: the body itself shows which it is. */
export type BodyFormat = 'json' | 'csv';

export interface BodyRecordsOptions extends JsonRecordsOptions {
  /** Undefined: JSON when the first byte that is not blank is `{` or `[`, else CSV. */
  readonly format: BodyFormat | undefined;
  readonly csv?: CsvHeaderOptions | undefined;
}

/**
 * Streams the records of a body in any format that is taken in. See `readJsonRecords` and `readCsvRecords` for what each
 * accepts, how it is bounded and what it throws.
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

/** The format that a Content-Type names; undefined for `text/plain`, `application/octet-stream` and whatever else says nothing. */
export const formatOf = (contentType: string | undefined): BodyFormat | undefined =>
  formats.get(contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '');
