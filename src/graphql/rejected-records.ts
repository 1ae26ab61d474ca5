import { z } from 'zod';
import { badInput } from '../errors.ts';
import {
  formatRejectId,
  parseRejectId,
  type RejectFilter,
  type RejectId,
  rejectCountStatement,
  rejectCursor,
  rejectsStatement,
  type StoredReject,
  storedReject,
} from '../ingest/rejects/find-rejects.ts';
import type { RetriedRecord, RetryInput } from '../ingest/rejects/retry-rejects.ts';
import { builder } from './builder.ts';
import { afterDescription } from './explore-page.ts';
import { firstDescription, keysetPageType, loadKeysetPage } from './keyset-page.ts';
import { RecordKindEnum } from './record-kind.ts';

const maxRetried = 1_000;

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
        'The record as it came: JSON where it could be read as such. Of a malformed one, the first 64 KB.',
    }),
    requestId: t.exposeString('request_id', { description: 'X-Request-Id of the call that brought it.' }),
    rejectedAt: t.field({
      type: 'DateTime',
      description: 'When it was rejected first.',
      resolve: (row) => row.rejected_at,
    }),
  }),
});

const RejectedRecords = keysetPageType(
  'RejectedRecordPage',
  'Rejected records, the latest first.',
  RejectedRecord,
);

const Where = builder.inputType('RejectedRecordsWhere', {
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

const cursorShape = z.tuple([z.number(), z.string(), z.number()]);
const countRow = z.object({ count: z.number() });

builder.queryField('rejectedRecords', (t) =>
  t.field({
    type: RejectedRecords,
    description:
      'Records that could not be stored, the latest first. `retryRejectedRecords` tries them again.',
    // They go when they are retried, which another process may do.
    extensions: { volatile: true },
    args: {
      where: t.arg({ type: Where, description: 'Which.' }),
      first: t.arg.int({ defaultValue: 50, description: firstDescription }),
      after: t.arg.string({ description: afterDescription }),
    },
    resolve: (_root, args, { caller: { workspace }, explore: { reader } }) => {
      const filter = readFilter(args.where);
      return loadKeysetPage({
        query: ['rejectedRecords', workspace, filter],
        args,
        keyShape: cursorShape,
        keyOf: rejectCursor,
        read: (after, limit) =>
          reader.rows(storedReject, rejectsStatement({ workspace, filter, after, limit })),
        count: async () =>
          (await reader.rows(countRow, rejectCountStatement(workspace, filter)))[0]?.count ?? 0,
      });
    },
  }),
);

const Retried = builder.objectRef<RetriedRecord>('RetriedRecord').implement({
  description: 'What became of a rejected record that was tried again.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the rejected record.' }),
    accepted: t.exposeBoolean('isAccepted', {
      description: 'True: it was taken, and is no longer a rejected record.',
    }),
    reason: t.string({
      nullable: true,
      description: 'Why not, in a word.',
      resolve: ({ reject }) => reject?.reason,
    }),
    field: t.string({
      nullable: true,
      description: 'The field that is wrong.',
      resolve: ({ reject }) => reject?.field,
    }),
    detail: t.string({
      nullable: true,
      description: 'Why not, in a sentence.',
      resolve: ({ reject }) => reject?.detail,
    }),
  }),
});

const RetryPayload = builder.objectRef<readonly RetriedRecord[]>('RetryRejectedRecordsPayload').implement({
  description: 'What became of the records that were tried again.',
  fields: (t) => ({
    accepted: t.field({
      type: 'SafeInt',
      description: 'How many were taken.',
      resolve: (results) => results.filter(({ isAccepted }) => isAccepted).length,
    }),
    rejected: t.field({
      type: 'SafeInt',
      description: 'How many could not be taken, again.',
      resolve: (results) => results.filter(({ isAccepted }) => !isAccepted).length,
    }),
    records: t.field({ type: [Retried], description: 'Each of them.', resolve: (results) => [...results] }),
  }),
});

const RetryInputType = builder.inputType('RetryRejectedRecordsInput', {
  description: 'Which rejected records to try again, and what to change in them. Give `ids` or `where`.',
  fields: (t) => ({
    ids: t.idList({ description: `These, up to ${maxRetried}.` }),
    where: t.field({ type: Where, description: 'Those that it names, the latest first.' }),
    limit: t.int({ defaultValue: 100, description: `With \`where\`: how many, up to ${maxRetried}.` }),
    patch: t.field({
      type: 'JSON',
      description:
        'An object of fields, by the names that the records have, that replace those of each record; null removes one.',
    }),
    record: t.field({
      type: 'JSON',
      description: 'With a single id: what stands in for the whole record, such as for one that is no JSON.',
    }),
  }),
});

builder.mutationField('retryRejectedRecords', (t) =>
  t.field({
    type: RetryPayload,
    description:
      'Tries rejected records again, by the rules of their source as they are now. What is good now is stored as of the time of its ' +
      'rejection, so that newer data wins. Repeating it is harmless.',
    args: { input: t.arg({ type: RetryInputType, required: true, description: 'What to try again.' }) },
    resolve: (_root, { input }, { caller, push }) => push.retryRejects(readRetry(input), caller),
  }),
);

function readRetry(input: typeof RetryInputType.$inferInput): RetryInput {
  const { ids, where, patch, record } = input;
  if ((ids === null || ids === undefined) === (where === null || where === undefined)) {
    throw badInput('input: give either ids or where.');
  }
  if (patch !== null && patch !== undefined && !isObject(patch)) {
    throw badInput('input.patch is no object; give fields with their new values.');
  }
  if (record !== null && record !== undefined && ids?.length !== 1) {
    throw badInput('input.record stands in for one record; give its id in ids.');
  }
  return {
    records: ids
      ? { ids: readIds(ids) }
      : { filter: readFilter(where), limit: readLimit(input.limit ?? 100) },
    patch: patch ?? undefined,
    replacement: record ?? undefined,
  };
}

function readIds(ids: readonly (string | number)[]): readonly RejectId[] {
  if (ids.length === 0 || ids.length > maxRetried) {
    throw badInput(`input.ids: give between 1 and ${maxRetried} ids.`);
  }
  return [...new Set(ids.map(String))].map((text) => {
    const id = parseRejectId(text);
    if (id === undefined) {
      throw badInput(`input.ids: ${JSON.stringify(text.slice(0, 60))} is no id of a rejected record.`);
    }
    return id;
  });
}

function readLimit(limit: number): number {
  if (limit < 1 || limit > maxRetried)
    throw badInput(`input.limit: ${limit} is not between 1 and ${maxRetried}.`);
  return limit;
}

function readFilter(where: typeof Where.$inferInput | null | undefined): RejectFilter {
  const runId = where?.runId === null || where?.runId === undefined ? undefined : String(where.runId);
  if (runId !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(runId)) {
    throw badInput(`where.runId: ${JSON.stringify(runId.slice(0, 60))} is no run id.`);
  }
  return {
    source: where?.source ?? undefined,
    kind: where?.kind ?? undefined,
    reason: where?.reason ?? undefined,
    field: where?.field ?? undefined,
    runId,
    from: where?.from?.getTime(),
    to: where?.to?.getTime(),
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
