import { z } from 'zod';
import { exportFormats } from '../../metrics/export.ts';
import { refusals, refused, workspaceHeader } from '../answers.ts';
import type { Operation, Parameter } from '../operation.ts';

const text = (name: string, description: string): Parameter => ({
  name,
  in: 'query',
  description,
  schema: z.string(),
});

export const exportOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/export/metrics',
    id: 'exportMetrics',
    tag: 'GraphQL',
    summary: 'The rows of metrics as a file',
    description:
      'All rows, as ClickHouse makes them. It takes every other argument of the GraphQL field `metrics`, too, but `first` and `after`: docs/exports.md.',
    parameters: [
      workspaceHeader,
      {
        name: 'format',
        in: 'query',
        description: 'The format. Default: csv.',
        schema: z.enum(exportFormats),
      },
      text('bom', 'true: CSV begins with a byte order mark, by which Excel knows UTF-8.'),
      text('limit', 'Only so many of the first rows.'),
      text('preset', 'A named range of days.'),
      text('from', 'First day, instead of a named range.'),
      text('to', 'Last day, instead of a named range.'),
      text('groupBy', 'Dimensions, with commas between.'),
      text('measures', 'Measures, with commas between.'),
      text('figures', 'Figures of a comparison, with commas between.'),
      text('documentId', 'A persisted document, instead of all arguments.'),
      text('variables', 'Variables of the persisted document, as JSON.'),
    ],
    answers: {
      ...refusals,
      200: {
        description: 'The file. If something fails in the middle, the connection is reset.',
        content: {
          'text/csv': z.string(),
          'application/x-ndjson': z.string(),
          'application/vnd.apache.parquet': { type: 'string', format: 'binary' },
          'application/vnd.apache.arrow.stream': { type: 'string', format: 'binary' },
        },
      },
      400: refused('A parameter is wrong.'),
    },
    examples: [
      {
        name: 'csv',
        summary: 'Cost by channel',
        parameters: { from: '2025-08-01', to: '2025-08-31', groupBy: 'CHANNEL', measures: 'COST' },
        status: 200,
        answer: { type: 'text/csv', value: 'channel,cost\ngoogle_ads,350.75\n' },
      },
    ],
  },
];
