import { readRecords } from '../../formats/read-records.ts';
import { sourceKinds } from '../mapping/source-kind.ts';
import type { Adapter } from './adapter.ts';

/** CSV with a header line, whatever the response's Content-Type. */
export const csv: Adapter = {
  name: 'csv',
  kinds: sourceKinds,
  // A table has no envelope.
  records: [],
  sendsRange: true,
  headers: { accept: 'text/csv' },
  read: ({ body }, { records, csv: options }) =>
    readRecords(body, { format: 'csv', envelope: records, csv: options }),
};
