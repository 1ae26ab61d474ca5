import { z } from 'zod';
import { dataScope } from '../access/caller.ts';
import type { RootField } from '../access/grants.ts';
import {
  formatRejectId,
  type RejectFilter,
  rejectCountStatement,
  rejectCursor,
  rejectsStatement,
  type StoredReject,
  storedReject,
} from '../ingest/rejects/find-rejects.ts';
import { builder } from './builder.ts';
import { readRunId } from './ingest-runs.ts';
import { instantPart, largeRowsArguments, loadPage, maxLargeRows, pageType, positionPart } from './pages.ts';
import { RecordKindEnum } from './record-kind.ts';

const RejectedRecord = builder.objectRef<StoredReject>('RejectedRecord').implement({
  description: 'A record that could not be stored, kept whole.',
  fields: (t) => ({
    id: t.id({ description: 'Its id: `<run>:<number>`.', resolve: formatRejectId }),
    runId: t.exposeID('run_id', {
      description: 'The run that it came in, of a source or of pushed records.',
    }),
    position: t.field({
      type: 'SafeInt',
      description: 'Which record of its feed or body, from 1; in NDJSON and CSV the line.',
      resolve: ({ line }) => line,
    }),
    source: t.exposeString('source', { description: 'Who sent it: a configured source, or push.' }),
    kind: t.field({ type: RecordKindEnum, description: 'What it is.', resolve: ({ kind }) => kind }),
    reason: t.exposeString('reason', {
      description: 'Why, in a word; those of `IngestRun.rejectedByReason`.',
    }),
    field: t.exposeString('field', {
      description: 'The field that is wrong; empty where it is the record as a whole.',
    }),
    detail: t.exposeString('detail', { description: 'Why, in a sentence with the value.' }),
    record: t.exposeString('record', {
      description:
        'The record as it came, before any mapping: JSON where it could be read as such. Of a malformed one, the first 64 KB.',
    }),
    requestId: t.exposeString('request_id', { description: 'X-Request-Id of the call that brought it.' }),
    rejectedAt: t.field({
      type: 'DateTime',
      description: 'When it was rejected first.',
      resolve: (row) => row.rejected_at,
    }),
  }),
});

const RejectedRecords = pageType('RejectedRecordPage', 'Rejected records, the latest first.', RejectedRecord);

export const RejectedRecordsWhere = builder.inputType('RejectedRecordsWhere', {
  description: 'Which rejected records. All fields that are given must hold.',
  fields: (t) => ({
    source: t.string({ description: 'Of this source; `push` for pushed ones.' }),
    kind: t.field({ type: RecordKindEnum, description: 'Of this kind.' }),
    reason: t.string({ description: 'For this reason.' }),
    field: t.string({ description: 'For this field.' }),
    runId: t.id({ description: 'Of this run.' }),
    from: t.field({ type: 'DateTime', description: 'Rejected at or after this instant.' }),
    to: t.field({ type: 'DateTime', description: 'Rejected before this instant.' }),
  }),
});

const cursorShape = z.tuple([instantPart, z.string(), positionPart]);
const countRow = z.object({ count: z.number() });

builder.queryField('rejectedRecords', (t) =>
  t.field({
    type: RejectedRecords,
    description:
      'Records that could not be stored, the latest first. `retryRejectedRecords` tries them again.',
    // They go when they are retried, which another process may do.
    extensions: { volatile: true, access: 'ingest' } satisfies RootField,
    args: {
      where: t.arg({ type: RejectedRecordsWhere, description: 'Which.' }),
      ...largeRowsArguments,
    },
    resolve: (_root, args, { caller, explore: { reader } }) => {
      const scope = dataScope(caller);
      const filter = readFilter(args.where);
      return loadPage({
        query: ['rejectedRecords', scope, filter],
        args,
        keyShape: cursorShape,
        maxFirst: maxLargeRows,
        read: async (after, limit) => {
          const rejects = await reader.rows(storedReject, rejectsStatement({ scope, filter, after, limit }));
          return {
            rows: rejects.map((row) => ({ row, key: rejectCursor(row) })),
            count: async () =>
              (await reader.rows(countRow, rejectCountStatement(scope, filter)))[0]?.count ?? 0,
          };
        },
      });
    },
  }),
);

/**
 * The filter that `where` names.
 *
 * @throws UtmqlError BAD_USER_INPUT for a `runId` that is none
 */
export function readFilter(where: typeof RejectedRecordsWhere.$inferInput | null | undefined): RejectFilter {
  const runId = where?.runId ?? undefined;
  return {
    source: where?.source ?? undefined,
    kind: where?.kind ?? undefined,
    reason: where?.reason ?? undefined,
    field: where?.field ?? undefined,
    runId: runId === undefined ? undefined : readRunId(String(runId), 'where.runId'),
    from: where?.from?.getTime(),
    to: where?.to?.getTime(),
  };
}
