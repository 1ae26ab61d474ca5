import { UtmqlError } from '../../errors.ts';
import type { RecordBatch } from '../json/record-batches.ts';
import { readJsonRecords } from '../json-records.ts';
import { hasArray } from './page-field.ts';
import type { PageBody } from './source.ts';

/** A page that must be held, because what comes after it is told in it, or because an error may stand in its place. */
export const maxPageBytes = 32 * 1_048_576;

const sliceBytes = 262_144;

/** Held bytes as a body. */
export async function* bodyOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += sliceBytes) yield bytes.subarray(from, from + sliceBytes);
}

/** The elements of the array at `path` in a page of JSON, or of a page that is an array. */
export const readElements = ({ body }: PageBody, path: readonly string[]): AsyncIterable<RecordBatch> =>
  readJsonRecords(body, { envelope: path, maxRecordBytes: maxPageBytes });

/**
 * A page of JSON that has no records where it should, not even none, is a message of another kind; the reader of records
 * would take it for a record.
 *
 * @throws UtmqlError SOURCE_MALFORMED
 */
export function expectArray(source: string, page: Buffer, path: readonly string[]): void {
  if (page.length === 0 || hasArray(page, path)) return;
  throw new UtmqlError(
    'SOURCE_MALFORMED',
    `A page of source ${source} has no array at ${path.join('.')}, where its records are expected. It may say there what is wrong in words; check what it is asked for, and records where the source says where they are.`,
  );
}
