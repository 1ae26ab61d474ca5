import { type Reject, rejectReasons } from '../records/outcome.ts';
import type { MalformedRecord } from './json/record-batches.ts';

/** What a record that could not be read is rejected with. */
export function rejectOf({ reason, detail }: MalformedRecord): Reject {
  const code = reason === 'record_too_large' ? 'record_too_large' : 'malformed';
  return { reason: code, field: '', detail: detail ?? rejectReasons[code] };
}
