import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import type { RetriedRecord, RetryInput } from '../ingest/push/retry-rejects.ts';
import { parseRejectId, type RejectId } from '../ingest/rejects/find-rejects.ts';
import { builder } from './builder.ts';
import { RejectedRecordsWhere, readFilter } from './rejected-records.ts';

const maxRetried = 1_000;

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
    where: t.field({ type: RejectedRecordsWhere, description: 'Those that it names, the latest first.' }),
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
    extensions: { access: 'ingest' } satisfies RootField,
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

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
