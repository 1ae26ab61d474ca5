import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { toCamelCase } from '../ingest/kinds/raw-record.ts';
import type { PushAnswer, PushOutcome } from '../ingest/push/answer.ts';
import { recordsContent } from '../ingest/push/content.ts';
import { type ReadingParameters, readingParametersOfValues } from '../ingest/push/push-reading.ts';
import { contractOf, fieldsOf, type RecordKind, recordKinds } from '../records/contract.ts';
import type { FieldFormat } from '../records/contract-field.ts';
import { readNamespace } from '../records/names.ts';
import { type DuplicateRule, duplicateRules } from '../sources/mapping/feed-rules.ts';
import { builder, enumValues, type JsonValue } from './builder.ts';
import type { Context } from './context.ts';
import { CountType, listed } from './ingest-runs.ts';

const RejectType = builder.objectRef<PushAnswer['rejects'][number]>('PushReject').implement({
  description: 'A rejected record of a push. `rejectedRecords` keeps it in full.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id in `rejectedRecords`.' }),
    position: t.field({
      type: 'SafeInt',
      description: 'Position of the record in the push, from 1.',
      resolve: ({ position }) => position,
    }),
    field: t.exposeString('field', {
      description: 'The invalid field. Empty if the record as a whole is invalid.',
    }),
    reason: t.exposeString('reason', {
      description: 'The reason code. `IngestRun.rejectedByReason` explains each one.',
    }),
    detail: t.exposeString('detail', { description: 'The reason as a sentence that shows the value.' }),
  }),
});

const Payload = builder.objectRef<PushOutcome & { readonly isReplayed: boolean }>('PushPayload').implement({
  description: 'The result of a push. Sending the same records again changes nothing.',
  fields: (t) => ({
    runId: t.id({
      description: 'The run that counts this push, together with other pushes of the same ten minutes.',
      resolve: ({ answer }) => answer.runId,
    }),
    accepted: t.field({
      type: 'SafeInt',
      description: 'Number of accepted records.',
      resolve: ({ answer }) => answer.accepted,
    }),
    rejected: t.field({
      type: 'SafeInt',
      description: 'Number of rejected records. Each one is kept in full.',
      resolve: ({ answer }) => answer.rejected,
    }),
    repaired: t.field({
      type: 'SafeInt',
      description: 'Number of field repairs of all kinds.',
      resolve: ({ answer }) => answer.repaired,
    }),
    duplicates: t.field({
      type: 'SafeInt',
      description: 'Accepted records that equal an earlier record of the push.',
      resolve: ({ answer }) => answer.duplicates.identical,
    }),
    conflictingDuplicates: t.field({
      type: 'SafeInt',
      description:
        'Accepted records with the key of an earlier record of the push but different values. The last one counts; for ads rows, spend may be missing.',
      resolve: ({ answer }) => answer.duplicates.conflicting,
    }),
    summedDuplicates: t.field({
      type: 'SafeInt',
      description: 'Accepted records that were added to an earlier record of the push with the same key.',
      resolve: ({ answer }) => answer.duplicates.summed,
    }),
    leftOut: t.field({
      type: 'SafeInt',
      description: 'Rows that the mapping left out.',
      resolve: ({ answer }) => answer.leftOut,
    }),
    stored: t.boolean({
      description:
        'True: the records are in the database and queries see them. False: they are safe on disk, and utmql writes them to the database as soon as it is reachable.',
      resolve: ({ answer }) => answer.stored,
    }),
    repairsByKind: t.field({
      type: [CountType],
      description: 'Repairs by kind. `IngestRun.repairsByKind` explains each one.',
      resolve: ({ answer }) => listed(answer.repairsByKind),
    }),
    rejects: t.field({
      type: [RejectType],
      description: 'The first 20 rejected records.',
      resolve: ({ answer }) => answer.rejects,
    }),
    replayed: t.exposeBoolean('isReplayed', {
      description:
        'True if this idempotency key was used before with the same records. This call then did nothing.',
    }),
  }),
});

type PushedFields = Readonly<Record<string, unknown>>;
type RecordInput = Record<string, JsonValue | null | undefined>;

/** The fields of a record's contract as those of an input, in camel case. */
function recordInput(kind: RecordKind, name: string) {
  return builder.inputRef<RecordInput>(name).implement({
    description: contractOf(kind).description,
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
  quantity: 'LenientNumber',
  rate: 'LenientNumber',
  currency: 'String',
  object: 'JSON',
  breakdowns: 'JSON',
  measures: 'JSON',
  flag: 'Boolean',
} as const satisfies Record<FieldFormat, string>;

/** The fields of each kind, with their names in camel case. */
const fieldNames = new Map(
  recordKinds.map((kind) => [kind, fieldsOf(kind).map(([field]) => [field, toCamelCase(field)] as const)]),
);

/** An input in camel case as a record by the names of its contract. */
function toRaw(kind: RecordKind, input: RecordInput): PushedFields {
  const raw: Record<string, unknown> = {};
  for (const [field, name] of fieldNames.get(kind) ?? []) {
    const value = input[name];
    if (value !== undefined) raw[field] = value;
  }
  return raw;
}

type PushParameter = string | string[] | null | undefined;

interface PushInput {
  readonly records?: RecordInput[] | null | undefined;
  readonly rows?: JsonValue[] | null | undefined;
  readonly [parameter: string]: unknown;
  readonly idempotencyKey?: string | null | undefined;
  readonly namespace?: string | null | undefined;
}

const duplicateMeanings: Readonly<Record<DuplicateRule, string>> = {
  sum: 'Adds them up. For ads rows only.',
  last: 'Keeps the last one.',
  fail: 'Stores nothing of the push.',
};

const DuplicateRuleEnum = builder.enumType('DuplicateRule', {
  description:
    'What to do with ads rows or exchange rates of one push that have the same key but different values.',
  values: enumValues(duplicateRules, (rule) => duplicateMeanings[rule]),
});

/** What the parameters of a push by HTTP say, too. */
const readingDescriptions: Readonly<Record<string, string>> = {
  mapping:
    'Name of a mapping in the sources file that describes `rows`; see docs/sources.md. Other fields of this input override it.',
  timezone: 'IANA time zone for times without an offset, and for the day of an instant.',
  date_format: 'Date formats, such as `DD.MM.YYYY`.',
  missing: 'Texts that mean “no value”, such as `n/a`. They replace the built-in list.',
  decimal: 'Decimal separator of numbers: `.` or `,`.',
  thousands: 'Thousands separator of numbers.',
  scale: 'Unit of amounts: `micros`, `cents`, …',
  currency: 'Three-letter code of the currency for records that have none.',
  channel: 'Channel for records that have none.',
  duplicates: 'What to do with rows of this push that have the same key. Default: LAST.',
};

/** The mutation that takes records of one kind. */
function addPushField(kind: RecordKind): void {
  const { title, push } = contractOf(kind);
  const field = toCamelCase(push.path.slice(1).replace(/[/-]/g, '_'));
  const record = recordInput(kind, `${title}Input`);
  const input = builder
    .inputRef<PushInput>(`${field.charAt(0).toUpperCase()}${field.slice(1)}Input`)
    .implement({
      description: 'The records to store, and how to read them.',
      fields: (t) => ({
        records: t.field({ type: [record], description: 'The records, in any order.' }),
        rows: t.field({
          type: ['JSON'],
          description:
            'Raw rows, instead of `records`: objects with the columns that `mapping` reads, or with the snake_case names of the record contract.',
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
            'For two days, repeated calls with the same key and the same records return the first result and do nothing more.',
        }),
        ...(push.takesNamespace && {
          namespace: t.string({
            description:
              'The namespace of the record ids. Give the name of a source to update records of that source. Default: the namespace of pushes.',
          }),
        }),
      }),
    });
  builder.mutationField(field, (t) =>
    t.field({
      type: Payload,
      description: push.description,
      extensions: { access: 'ingest' } satisfies RootField,
      args: {
        input: t.arg({
          type: input,
          required: true,
          description: 'The records to store, and how to read them.',
        }),
      },
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
    const value = input[toCamelCase(name)] as PushParameter;
    if (value === undefined || value === null) return [];
    return [[name, typeof value === 'string' ? [value] : value]];
  });
  return Object.fromEntries(given);
}

for (const kind of recordKinds) addPushField(kind);
