import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import type { RetriedRecord, RetryInput } from '../ingest/push/retry-rejects.ts';
import { parseRejectId, type RejectId } from '../ingest/rejects/find-rejects.ts';
import { builder } from './builder.ts';
import { RejectedRecordsWhere, readOpenFilter } from './rejected-records.ts';

export const maxRetried = 1_000;

const Retried = builder.objectRef<RetriedRecord>('RetriedRecord').implement({
  description: 'The result for one rejected record.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the rejected record.' }),
    accepted: t.exposeBoolean('isAccepted', {
      description: 'True if the record was stored. Its rejected record is then resolved.',
    }),
    reason: t.string({
      nullable: true,
      description: 'The reason code, if it was rejected again.',
      resolve: ({ reject }) => reject?.reason,
    }),
    field: t.string({
      nullable: true,
      description: 'The invalid field, if it was rejected again.',
      resolve: ({ reject }) => reject?.field,
    }),
    detail: t.string({
      nullable: true,
      description: 'The reason as a sentence, if it was rejected again.',
      resolve: ({ reject }) => reject?.detail,
    }),
  }),
});

const RetryPayload = builder.objectRef<readonly RetriedRecord[]>('RetryRejectedRecordsPayload').implement({
  description: 'The result of the retry.',
  fields: (t) => ({
    accepted: t.field({
      type: 'SafeInt',
      description: 'Number of records that were stored.',
      resolve: (results) => results.filter(({ isAccepted }) => isAccepted).length,
    }),
    rejected: t.field({
      type: 'SafeInt',
      description: 'Number of records that were rejected again.',
      resolve: (results) => results.filter(({ isAccepted }) => !isAccepted).length,
    }),
    records: t.field({
      type: [Retried],
      description: 'The result for each record.',
      resolve: (results) => [...results],
    }),
  }),
});

const RetryInputType = builder.inputType('RetryRejectedRecordsInput', {
  description: 'The rejected records to try again, and changes to make in them. Give `ids` or `where`.',
  fields: (t) => ({
    ids: t.idList({ description: `Ids of the records, at most ${maxRetried}.` }),
    where: t.field({
      type: RejectedRecordsWhere,
      description: 'Filter that selects the records, latest first.',
    }),
    limit: t.int({
      defaultValue: 100,
      description: `With \`where\`: maximum number of records, up to ${maxRetried}.`,
    }),
    patch: t.field({
      type: 'JSON',
      description:
        'Fields to change in every record, as an object with the field names of the records. Null removes a field.',
    }),
    record: t.field({
      type: 'JSON',
      description:
        'With a single id: a complete replacement for the record, for example if the original is not valid JSON.',
    }),
  }),
});

builder.mutationField('retryRejectedRecords', (t) =>
  t.field({
    type: RetryPayload,
    description:
      'Tries to store rejected records again, by the current rules of their source. A stored record counts as of the time of its rejection, so newer data wins. Repeating the call is harmless.',
    extensions: { access: 'ingest' } satisfies RootField,
    args: {
      input: t.arg({ type: RetryInputType, required: true, description: 'The records to try again.' }),
    },
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
      : { filter: readOpenFilter(where), limit: readLimit(input.limit ?? 100) },
    patch: patch ?? undefined,
    replacement: record ?? undefined,
  };
}

/** @throws UtmqlError BAD_USER_INPUT */
export function readIds(ids: readonly (string | number)[]): readonly RejectId[] {
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
