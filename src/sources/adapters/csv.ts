import { readRecords } from '../../formats/read-records.ts';
import type { Adapter } from './adapter.ts';

/** CSV with a line of headings, whatever the answer says that it is. */
export const csv: Adapter = {
  name: 'csv',
  kinds: ['ad_performance', 'opportunity'],
  // A table has no envelope.
  records: [],
  sendsRange: true,
  headers: { accept: 'text/csv' },
  read: ({ body }, { records, csv: options }) =>
    readRecords(body, { format: 'csv', envelope: records, csv: options }),
};
