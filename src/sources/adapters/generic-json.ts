import { formatOf, readRecords } from '../../formats/read-records.ts';
import { sourceKinds } from '../mapping/source-kind.ts';
import type { Adapter } from './adapter.ts';

/** Records in the contract's own shape: an envelope, an array or NDJSON; CSV where the Content-Type says so. */
export const genericJson: Adapter = {
  name: 'generic_json',
  kinds: sourceKinds,
  sendsRange: true,
  read: ({ body, contentType }, { records, csv: options }) =>
    readRecords(body, { format: formatOf(contentType) ?? 'json', envelope: records, csv: options }),
};
