import type { RootField } from '../access/grants.ts';
import { toCamelCase } from '../ingest/kinds/raw-record.ts';
import { readNamespace } from '../ingest/ownership/names.ts';
import type { PushAnswer, PushOutcome } from '../ingest/push/answer.ts';
import { recordsContent } from '../ingest/push/content.ts';
import { contracts, type FieldFormat, fieldsOf, type RecordKind, recordKinds } from '../records/contract.ts';
import { builder, type JsonValue } from './builder.ts';
import type { Context } from './context.ts';
import { CountType, listed } from './ingest-runs.ts';

const RejectType = builder.objectRef<PushAnswer['rejects'][number]>('PushReject').implement({
  description: 'A pushed record that could not be taken. It is kept whole in `rejectedRecords`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id in `rejectedRecords`.' }),
    position: t.field({
      type: 'SafeInt',
      description: 'Which of the records that were sent, from 1.',
      resolve: ({ position }) => position,
    }),
    field: t.exposeString('field', {
      description: 'The field that is wrong; empty where it is the record as a whole.',
    }),
    reason: t.exposeString('reason', {
      description: 'Why, in a word; those of `IngestRun.rejectedByReason`.',
    }),
    detail: t.exposeString('detail', { description: 'Why, in a sentence with the value.' }),
  }),
});

const Payload = builder.objectRef<PushOutcome & { readonly isReplayed: boolean }>('PushPayload').implement({
  description: 'What came of a push. Sending the same again changes nothing.',
  fields: (t) => ({
    runId: t.id({
      description: 'The run that counts it, with the other pushes of the same ten minutes.',
      resolve: ({ answer }) => answer.runId,
    }),
    accepted: t.field({
      type: 'SafeInt',
      description: 'Records that were taken.',
      resolve: ({ answer }) => answer.accepted,
    }),
    rejected: t.field({
      type: 'SafeInt',
      description: 'Records that could not be taken; each is kept whole.',
      resolve: ({ answer }) => answer.rejected,
    }),
    repaired: t.field({
      type: 'SafeInt',
      description: 'Repairs of fields, all kinds together.',
      resolve: ({ answer }) => answer.repaired,
    }),
    duplicates: t.field({
      type: 'SafeInt',
      description: 'Of the accepted, those that are the same as an earlier one of the push.',
      resolve: ({ answer }) => answer.duplicates.identical,
    }),
    conflictingDuplicates: t.field({
      type: 'SafeInt',
      description:
        'Of the accepted, those with the key of an earlier one of the push and other figures. The last wins; with ads rows, spend may be missing.',
      resolve: ({ answer }) => answer.duplicates.conflicting,
    }),
    stored: t.boolean({
      description:
        'True: in the database, and seen by queries. False: safe on disk, and in the database as soon as that can be reached.',
      resolve: ({ answer }) => answer.stored,
    }),
    repairsByKind: t.field({
      type: [CountType],
      description: 'Those of `IngestRun.repairsByKind`.',
      resolve: ({ answer }) => listed(answer.repairsByKind),
    }),
    rejects: t.field({
      type: [RejectType],
      description: 'The first 20 rejects.',
      resolve: ({ answer }) => answer.rejects,
    }),
    replayed: t.exposeBoolean('isReplayed', {
      description:
        'True: the same idempotency key had come with the same records before, and nothing was done.',
    }),
  }),
});

type Raw = Readonly<Record<string, unknown>>;
type RecordInput = Record<string, JsonValue | null | undefined>;

/** The fields of a record's contract as those of an input, in camel case. */
function recordInput(kind: RecordKind, name: string) {
  return builder.inputRef<RecordInput>(name).implement({
    description: contracts[kind].description,
    fields: (t) =>
      Object.fromEntries(
        fieldsOf(kind).map(([field, { format, description, required }]) => {
          const options = { description, required: required === true };
          return [toCamelCase(field), t.field({ type: scalars[format], ...options })];
        }),
      ),
  });
}

const scalars = {
  version: 'ID',
  identifier: 'ID',
  label: 'String',
  text: 'String',
  day: 'String',
  instant: 'String',
  count: 'LenientNumber',
  money: 'LenientNumber',
  currency: 'String',
  object: 'JSON',
  breakdowns: 'JSON',
  flag: 'Boolean',
} as const satisfies Record<FieldFormat, string>;

/** The fields of each kind, with their names in camel case. */
const fieldNames = new Map(
  recordKinds.map((kind) => [kind, fieldsOf(kind).map(([field]) => [field, toCamelCase(field)] as const)]),
);

/** An input in camel case as a record by the names of its contract. */
function toRaw(kind: RecordKind, input: RecordInput): Raw {
  const raw: Record<string, unknown> = {};
  for (const [field, name] of fieldNames.get(kind) ?? []) {
    const value = input[name];
    if (value !== undefined) raw[field] = value;
  }
  return raw;
}

interface PushInput {
  readonly records: RecordInput[];
  readonly idempotencyKey?: string | null | undefined;
  readonly namespace?: string | null | undefined;
}

/** A mutation that takes records of one kind. */
function pushField(kind: RecordKind, field: string, noun: string, description: string): void {
  const record = recordInput(kind, `${noun}Input`);
  const input = builder
    .inputRef<PushInput>(`${field.charAt(0).toUpperCase()}${field.slice(1)}Input`)
    .implement({
      description: 'Records to take.',
      fields: (t) => ({
        records: t.field({ type: [record], required: true, description: 'The records, in any order.' }),
        idempotencyKey: t.string({
          description:
            'The same key with the same records gives the same answer, and does nothing more, for two days.',
        }),
        ...(kind === 'opportunity' && {
          namespace: t.string({
            description:
              'Whose ids the records have: the name of a source, to update what that has sent. Without it, those of pushes.',
          }),
        }),
      }),
    });
  builder.mutationField(field, (t) =>
    t.field({
      type: Payload,
      description,
      extensions: { access: 'ingest' } satisfies RootField,
      args: { input: t.arg({ type: input, required: true, description: 'What to take.' }) },
      resolve: (_root, { input: { records, ...call } }, context) => accept(kind, records, call, context),
    }),
  );
}

async function accept(
  kind: RecordKind,
  records: readonly RecordInput[],
  { idempotencyKey, namespace }: Omit<PushInput, 'records'>,
  { caller, push }: Context,
): Promise<PushOutcome & { readonly isReplayed: boolean }> {
  const content = recordsContent(kind, records, (given) => toRaw(kind, given));
  const outcome = await push.accept(kind, content, {
    ...caller,
    idempotencyKey: idempotencyKey ?? undefined,
    namespace: readNamespace(namespace),
  });
  if (outcome.failure !== undefined) throw outcome.failure;
  return outcome;
}

const upsert = 'Adds new records and replaces those with the same key; deletes nothing.';
pushField('ad_performance', 'ingestAdPerformance', 'AdPerformance', `Takes ads rows. ${upsert}`);
pushField('opportunity', 'ingestOpportunities', 'Opportunity', `Takes CRM records. ${upsert}`);
pushField(
  'event',
  'ingestEvents',
  'Event',
  'Takes events. The same event_id and timestamp again is the same event.',
);
