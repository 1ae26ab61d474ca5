import { UtmqlError } from '../../../errors.ts';
import type { RecordBatch } from '../../json/record-batches.ts';
import { readJsonRecords } from '../../json-records.ts';
import { isObject } from '../place.ts';
import type { PageBody } from '../source.ts';
import type { Raw } from './adapter.ts';
import { objectOf } from './platform-values.ts';

/** A batch has up to 10,000 rows, some 6 MB. */
const maxBatchBytes = 32 * 1_048_576;

/** What stands beside or in place of the rows of a batch; no row has a field of these names. */
const batchFields = ['results', 'fieldMask', 'requestId', 'summaryRow', 'queryResourceConsumption', 'error'];

/**
 * The rows of an answer: `searchStream` answers an array of batches, each with its rows in `results`; `search` one such
 * batch. Streamed: one batch is held at a time.
 *
 * @throws UtmqlError SOURCE_UNAVAILABLE or SOURCE_REFUSED when the stream ends in an error, SOURCE_MALFORMED for a batch that cannot be read,
 *   since thousands of rows would be missing
 */
export async function* readGoogleBatches({ body }: PageBody): AsyncGenerator<RecordBatch> {
  let read = 0;
  for await (const { records, malformed, bytes } of readJsonRecords(body, {
    envelope: ['results'],
    maxRecordBytes: maxBatchBytes,
  })) {
    if (malformed.length > 0) {
      throw new UtmqlError(
        'SOURCE_MALFORMED',
        'A batch of rows is no JSON, or larger than 32 MiB. Ask for fewer fields, or for fewer days at once (days_per_request).',
      );
    }
    const rows = records.flatMap(rowsOf);
    yield { records: rows, firstPosition: read + 1, malformed, bytes };
    read += rows.length;
  }
}

function rowsOf(value: unknown): readonly unknown[] {
  if (!isObject(value) || !batchFields.some((name) => Object.hasOwn(value, name))) return [value];
  if (Object.hasOwn(value, 'error')) throw errorOf(value);
  return Array.isArray(value.results) ? value.results : [];
}

/** A stream that has begun with 200 can still end in an error, of the query too. */
function errorOf({ error }: Raw): UtmqlError {
  const { code } = objectOf(error);
  const isRefusal = typeof code === 'number' && code >= 400 && code < 500 && code !== 429;
  const what = `The answer ended in an error of Google’s (${typeof code === 'number' ? code : 'without a code'})`;
  return isRefusal
    ? new UtmqlError('SOURCE_REFUSED', `${what}; check its query and its credentials.`)
    : new UtmqlError('SOURCE_UNAVAILABLE', `${what}.`, { retryable: true });
}
