import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { toCamelCase } from '../ingest/kinds/raw-record.ts';
import type { PushAnswer, PushOutcome } from '../ingest/push/answer.ts';
import { recordsContent } from '../ingest/push/content.ts';
import { type ReadingParameters, readingParametersOfValues } from '../ingest/push/push-reading.ts';
import { contracts, fieldsOf, type RecordKind, recordKinds } from '../records/contract.ts';
import type { FieldFormat } from '../records/contract-field.ts';
import { readNamespace } from '../records/names.ts';
import { type DuplicateRule, duplicateRules } from '../sources/mapping/feed-rules.ts';
import { builder, enumValues, type JsonValue } from './builder.ts';
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
    summedDuplicates: t.field({
      type: 'SafeInt',
      description: 'Of the accepted, those that were added to an earlier one of the push with their key.',
      resolve: ({ answer }) => answer.duplicates.summed,
    }),
    leftOut: t.field({
      type: 'SafeInt',
      description: 'Rows that the mapping leaves out.',
      resolve: ({ answer }) => answer.leftOut,
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

type Parameter = string | string[] | null | undefined;

interface PushInput {
  readonly records?: RecordInput[] | null | undefined;
  readonly rows?: JsonValue[] | null | undefined;
  readonly [parameter: string]: unknown;
  readonly idempotencyKey?: string | null | undefined;
  readonly namespace?: string | null | undefined;
}

const duplicateMeanings: Readonly<Record<DuplicateRule, string>> = {
  sum: 'They are added up.',
  last: 'The last of them counts.',
  fail: 'Nothing of the push is stored.',
};

const DuplicateRuleEnum = builder.enumType('DuplicateRule', {
  description: 'What ads rows of one push mean that have one key and say something else.',
  values: enumValues(duplicateRules, (rule) => duplicateMeanings[rule]),
});

/** What the parameters of a push by HTTP say, too. */
const readingDescriptions: Readonly<Record<string, string>> = {
  mapping:
    'A mapping of the sources file by which `rows` are read; see docs/sources.md. What is said beside it goes before what it says.',
  timezone: 'IANA time zone of times without an offset, and of the days of instants.',
  date_format: 'Formats of dates, such as `DD.MM.YYYY`.',
  missing: 'Words for nothing, in place of the usual ones.',
  decimal: 'The decimal sign of figures: `.` or `,`.',
  thousands: 'What groups digits.',
  scale: 'The unit of money: `micros`, `cents`, …',
  currency: 'Of records that name none: a three-letter code.',
  channel: 'Of records that name none.',
  duplicates: 'What rows of this push with one key mean; LAST where nothing is said.',
};

/** A mutation that takes records of one kind. */
function pushField(kind: RecordKind, field: string, noun: string, description: string): void {
  const record = recordInput(kind, `${noun}Input`);
  const input = builder
    .inputRef<PushInput>(`${field.charAt(0).toUpperCase()}${field.slice(1)}Input`)
    .implement({
      description: 'Records to take.',
      fields: (t) => ({
        records: t.field({ type: [record], description: 'The records, in any order.' }),
        rows: t.field({
          type: ['JSON'],
          description:
            'In place of `records`: objects in the columns that `mapping` reads, or in the names of the contract in snake case.',
        }),
        ...Object.fromEntries(
          readingParametersOfValues(kind).map(({ name, isList }) => {
            const description = readingDescriptions[name] ?? '';
            if (name === 'duplicates') return [name, t.field({ type: DuplicateRuleEnum, description })];
            return [toCamelCase(name), isList ? t.stringList({ description }) : t.string({ description })];
          }),
        ),
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
      resolve: (_root, { input }, context) => accept(kind, input, context),
    }),
  );
}

async function accept(
  kind: RecordKind,
  input: PushInput,
  { caller, push }: Context,
): Promise<PushOutcome & { readonly isReplayed: boolean }> {
  const { records, rows, idempotencyKey, namespace } = input;
  if (!records === !rows) throw badInput('input: give either records or rows.');
  const content = records
    ? recordsContent(kind, records, (given) => toRaw(kind, given))
    : recordsContent(kind, rows ?? [], (given) => given);
  const outcome = await push.accept(kind, content, {
    ...caller,
    idempotencyKey: idempotencyKey ?? undefined,
    namespace: readNamespace(namespace),
    reading: push.readingOf(kind, caller.workspace, parametersOf(kind, input)),
  });
  if (outcome.failure !== undefined) throw outcome.failure;
  return outcome;
}

/** What the input says of how its records are to be read, as a push by HTTP says it. */
function parametersOf(kind: RecordKind, input: PushInput): ReadingParameters {
  const given = readingParametersOfValues(kind).flatMap(({ name }): [string, string[]][] => {
    const value = input[toCamelCase(name)] as Parameter;
    if (value === undefined || value === null) return [];
    return [[name, typeof value === 'string' ? [value] : value]];
  });
  return Object.fromEntries(given);
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
