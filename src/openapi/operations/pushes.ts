import { z } from 'zod';
import { pushAnswer } from '../../ingest/push/answer.ts';
import { pushParameters, readingParameters } from '../../ingest/push/push-reading.ts';
import { contractOf, type RecordKind, recordKinds } from '../../records/contract.ts';
import { jsonSchemaOf } from '../../records/json-schema.ts';
import { errorAnswer, refusals, refused, workspaceHeader } from '../answers.ts';
import type { Answer, Operation, Parameter } from '../operation.ts';

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What came of a push, in the names that it is sent in. */
const counts = z
  .object(Object.fromEntries(Object.entries(pushAnswer.shape).map(([name, shape]) => [snake(name), shape])))
  .meta({ id: 'PushAnswer', description: 'What was done with the records of a push.' });

const idempotencyKey: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same push with the same key is taken once; the answer is then given again.',
  schema: z.string(),
};

const meanings: Readonly<Record<keyof typeof pushParameters.shape, string>> = {
  mapping: 'Name of a mapping in SOURCES_FILE.',
  timezone: 'Time zone of date-times without an offset.',
  date_format: 'How days are written. Can be given several times.',
  missing: 'A text that stands for no value. Can be given several times.',
  encoding: 'Encoding of the text.',
  delimiter: 'What separates columns.',
  skip_rows: 'Lines before the headings.',
  decimal: 'Decimal separator.',
  thousands: 'Thousands separator.',
  scale: 'What amounts are multiplied by.',
  currency: 'Currency of amounts that name none.',
  channel: 'Channel of records that name none.',
  duplicates: 'What rows of one key mean.',
};

const isMeant = (name: string): name is keyof typeof meanings => Object.hasOwn(meanings, name);

const parametersOf = (kind: RecordKind): Parameter[] =>
  readingParameters(kind)
    .filter(isMeant)
    .map((name) => ({
      name,
      in: 'query',
      description: meanings[name],
      schema: pushParameters.shape[name],
    }));

const namespace: Parameter = {
  name: 'namespace',
  in: 'query',
  description: 'Namespace of the ids: that of a source, to share its opportunities.',
  schema: z.string(),
};

const content = { 'application/json': counts };
const answers: Readonly<Record<number, Answer>> = {
  ...refusals,
  200: { description: 'The records are stored and seen by queries.', content },
  202: { description: 'The records are on disk, and seen by queries shortly.', content },
  400: {
    description:
      'A parameter is wrong, or the body cannot be read. `accepted` says what was taken before that.',
    content: { 'application/json': errorAnswer },
  },
  408: refused('The body stopped arriving.'),
  409: refused('The Idempotency-Key was used for another push.'),
  415: refused('Content-Type names nothing that is taken here.'),
  422: { description: 'None of the records could be taken. `rejects` says why.', content },
};

const oneTaken = {
  type: 'application/json',
  value: {
    run_id: '0198',
    accepted: 1,
    repaired: 0,
    rejected: 0,
    left_out: 0,
    duplicates: { identical: 0, conflicting: 0, summed: 0 },
    stored: true,
    repairs_by_kind: {},
    unknown_fields: {},
    rejects: [],
  },
};

function csvOf(record: Readonly<Record<string, unknown>>): string {
  const flat = Object.entries(record).filter(([, value]) => typeof value !== 'object');
  return `${flat.map(([name]) => name).join(',')}\n${flat.map(([, value]) => String(value)).join(',')}\n`;
}

const operationOf = (kind: RecordKind): Operation => {
  const { push, examples } = contractOf(kind);
  const { $schema: _schema, $id: _id, ...record } = jsonSchemaOf(kind);
  const [example = {}] = examples;
  const unreadable = { [Object.keys(example)[0] ?? 'date']: null };
  return {
    method: 'post',
    path: push.path,
    id: `push${push.path.slice('/ingest'.length).replaceAll(/[/-](\w)/g, (_match, letter: string) => letter.toUpperCase())}`,
    tag: 'Records',
    summary: push.description.split('. ', 1)[0] ?? push.description,
    description: `${push.description} JSON (a list, an object of lists or one record), NDJSON or CSV, of any length, also compressed (\`Content-Encoding: gzip\`, \`deflate\`, \`br\`). docs/ingestion.md says what is promised.`,
    parameters: [
      workspaceHeader,
      idempotencyKey,
      ...(push.takesNamespace ? [namespace] : []),
      ...parametersOf(kind),
    ],
    body: {
      'application/json': {
        description: 'A record, or a list of records.',
        anyOf: [{ $ref: `#/components/schemas/${record.title}` }, { type: 'array' }],
      },
      'application/x-ndjson': { type: 'string', description: 'A record in each line.' },
      'text/csv': { type: 'string', description: 'A line of headings, and a record in each line.' },
    },
    answers,
    examples: [
      {
        name: 'json',
        summary: 'A list of one record',
        body: { type: 'application/json', value: [example] },
        status: 200,
        answer: oneTaken,
      },
      {
        name: 'ndjson',
        summary: 'A record in each line',
        body: { type: 'application/x-ndjson', value: `${JSON.stringify(example)}\n` },
        status: 200,
        answer: oneTaken,
      },
      {
        name: 'csv',
        summary: 'Headings and a record',
        body: { type: 'text/csv', value: csvOf(example) },
        status: 200,
        answer: oneTaken,
      },
      ...(kind === 'event'
        ? []
        : [
            {
              name: 'rejected',
              summary: 'A record without its key',
              body: { type: 'application/json', value: [unreadable] },
              status: 422,
              answer: {
                type: 'application/json',
                value: { ...oneTaken.value, accepted: 0, rejected: 1, stored: true },
              },
            },
          ]),
      {
        name: 'parameter',
        summary: 'A parameter that there is not',
        parameters: { timezone: 'Mars/Olympus' },
        body: { type: 'application/json', value: [example] },
        status: 400,
        answer: {
          type: 'application/json',
          value: { error: { code: 'BAD_USER_INPUT', message: 'timezone: …' } },
        },
      },
    ],
  };
};

export const pushOperations: readonly Operation[] = [
  ...recordKinds.map(operationOf),
  {
    method: 'post',
    path: '/events',
    id: 'pushEvent',
    tag: 'Records',
    summary: 'Takes one event',
    description: 'Answered as soon as the event is on disk. For webhooks and high rates.',
    parameters: [workspaceHeader, idempotencyKey],
    body: { 'application/json': { $ref: '#/components/schemas/Event' } },
    answers: {
      ...refusals,
      202: {
        description: 'The event is on disk.',
        content: { 'application/json': z.object({ event_id: z.string(), queued_at: z.string() }) },
      },
      400: refused('The event cannot be taken. It is kept in rejected records, if `rejected_id` is there.'),
      413: refused('The event is larger than 64 KiB.'),
      415: refused('Content-Type is not application/json.'),
    },
    examples: [
      {
        name: 'event',
        summary: 'An event',
        body: { type: 'application/json', value: { ...contractOf('event').examples[0], timestamp: null } },
        status: 202,
        answer: {
          type: 'application/json',
          value: { event_id: 'E-5001', queued_at: '2025-08-01T10:00:00.000Z' },
        },
      },
      {
        name: 'nothing',
        summary: 'A body that is no event',
        body: { type: 'application/json', value: { timestamp: '1900-01-01T00:00:00Z' } },
        status: 400,
        answer: {
          type: 'application/json',
          value: {
            error: {
              code: 'BAD_USER_INPUT',
              message: 'timestamp: …',
              reason: 'unreadable_date',
              field: 'timestamp',
              detail: '…',
              rejected_id: '0198:1',
            },
          },
        },
      },
    ],
  },
];

/** The records, by the names that operations refer to them by. */
export const recordSchemas = (): Record<string, unknown> =>
  Object.fromEntries(
    recordKinds.map((kind) => {
      const { $schema: _schema, $id: _id, ...record } = jsonSchemaOf(kind);
      return [String(record.title), record];
    }),
  );
