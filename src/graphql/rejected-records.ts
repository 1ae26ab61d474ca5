import { z } from 'zod';
import { dataScope } from '../access/caller.ts';
import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import {
  formatRejectId,
  type RejectFilter,
  rejectCountStatement,
  rejectCursor,
  rejectsStatement,
  type StoredReject,
  storedReject,
} from '../ingest/rejects/find-rejects.ts';
import { rejectStates } from '../ingest/rejects/reject-row.ts';
import { builder, enumValues } from './builder.ts';
import { readRunId } from './ingest-runs.ts';
import { instantPart, largeRowsArguments, loadPage, maxLargeRows, pageType, positionPart } from './pages.ts';
import { RecordKindEnum } from './record-kind.ts';

const states = {
  open: 'Neither accepted since nor dismissed.',
  resolved:
    'A record with its key was stored later: by a run of its source, by a push, or by `retryRejectedRecords`.',
  dismissed: '`dismissRejectedRecords` ended it.',
} as const;

const StateEnum = builder.enumType('RejectedRecordState', {
  description: 'Whether a rejected record still matters.',
  values: enumValues(rejectStates, (name) => states[name]),
});

const RejectedRecord = builder.objectRef<StoredReject>('RejectedRecord').implement({
  description: 'A record that could not be stored. It is kept in full.',
  fields: (t) => ({
    id: t.id({ description: 'Its id: `<run>:<number>`.', resolve: formatRejectId }),
    runId: t.exposeID('run_id', {
      description: 'The run that it arrived in: a run of a source, or of pushed records.',
    }),
    position: t.field({
      type: 'SafeInt',
      description:
        'Position of the record in its feed or request body, from 1. The line number in NDJSON and CSV.',
      resolve: ({ line }) => line,
    }),
    source: t.exposeString('source', {
      description: 'Where it came from: the name of a configured source, or `push`.',
    }),
    kind: t.field({ type: RecordKindEnum, description: 'Kind of record.', resolve: ({ kind }) => kind }),
    reason: t.exposeString('reason', {
      description: 'The reason code. `IngestRun.rejectedByReason` explains each one.',
    }),
    field: t.exposeString('field', {
      description: 'The invalid field. Empty if the record as a whole is invalid.',
    }),
    detail: t.exposeString('detail', { description: 'The reason as a sentence that shows the value.' }),
    record: t.exposeString('record', {
      description:
        'The original record, before any mapping. It is JSON if it could be parsed. For a malformed record, the first 64 KB.',
    }),
    requestId: t.exposeString('request_id', { description: 'X-Request-Id of the call that sent it.' }),
    rejectedAt: t.field({
      type: 'DateTime',
      description: 'When the run rejected it.',
      resolve: (row) => row.rejected_at,
    }),
    state: t.field({
      type: StateEnum,
      description: 'Whether it still matters.',
      resolve: ({ state }) => state,
    }),
    times: t.exposeInt('times', {
      description:
        'In how many runs the same record was rejected for this reason: one with its key, or with its text if the key is not readable. Only the reject of the latest of these runs is kept.',
    }),
    firstRejectedAt: t.field({
      type: 'DateTime',
      description: 'When the first of these runs rejected it.',
      resolve: (row) => row.first_rejected_at,
    }),
    settledAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was resolved or dismissed. Null while it is open.',
      resolve: (row) => row.settled_at,
    }),
    settledBy: t.string({
      nullable: true,
      description:
        'The id of the run that stored its key, `push`, or the name of the caller that dismissed it or tried it again. Null while it is open.',
      resolve: (row) => row.settled_by || null,
    }),
  }),
});

const RejectedRecords = pageType('RejectedRecordPage', 'Rejected records, latest first.', RejectedRecord);

export const RejectedRecordsWhere = builder.inputType('RejectedRecordsWhere', {
  description: 'Filter on rejected records. All given conditions must hold.',
  fields: (t) => ({
    source: t.string({ description: 'Only records of this source; `push` for pushed records.' }),
    kind: t.field({ type: RecordKindEnum, description: 'Only records of this kind.' }),
    reason: t.string({ description: 'Only records with this reason.' }),
    field: t.string({ description: 'Only records with this invalid field.' }),
    runId: t.id({ description: 'Only records of this run.' }),
    state: t.field({
      type: [StateEnum],
      description: 'Only records in this state, or in one of these. Default: OPEN.',
    }),
    from: t.field({ type: 'DateTime', description: 'Only records rejected at or after this instant.' }),
    to: t.field({ type: 'DateTime', description: 'Only records rejected before this instant.' }),
  }),
});

const cursorShape = z.tuple([instantPart, z.string(), positionPart]);
const countRow = z.object({ count: z.number() });

builder.queryField('rejectedRecords', (t) =>
  t.field({
    type: RejectedRecords,
    description:
      'Records that could not be stored, latest first: the open ones, unless `where` names other states. Use `retryRejectedRecords` to try them again, `dismissRejectedRecords` if they do not matter.',
    // They go when they are retried, which another process may do.
    extensions: { volatile: true, access: 'ingest' } satisfies RootField,
    args: {
      where: t.arg({ type: RejectedRecordsWhere, description: 'Filter on rejected records.' }),
      ...largeRowsArguments,
    },
    resolve: (_root, args, { caller, model, explore: { reader } }) => {
      const scope = dataScope({ caller, model });
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
function readFilter(where: typeof RejectedRecordsWhere.$inferInput | null | undefined): RejectFilter {
  const runId = where?.runId ?? undefined;
  return {
    source: where?.source ?? undefined,
    kind: where?.kind ?? undefined,
    reason: where?.reason ?? undefined,
    field: where?.field ?? undefined,
    runId: runId === undefined ? undefined : readRunId(String(runId), 'where.runId'),
    states: where?.state ?? undefined,
    from: where?.from?.getTime(),
    to: where?.to?.getTime(),
  };
}

/**
 * The filter that `where` names, of rejected records that are open.
 *
 * @throws UtmqlError BAD_USER_INPUT for other states
 */
export function readOpenFilter(
  where: typeof RejectedRecordsWhere.$inferInput | null | undefined,
): RejectFilter {
  const { states: named, ...filter } = readFilter(where);
  if (named?.some((state) => state !== 'open'))
    throw badInput('input.where.state: only open records can be changed; leave it out.');
  return filter;
}
