import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { badInput, UtmqlError } from '../errors.ts';
import { type BodyFormat, formatOf } from '../formats/read-records.ts';
import { bodyContent } from '../ingest/push/content.ts';
import type { PushCall } from '../ingest/push/intake.ts';
import type { Push } from '../ingest/push/push.ts';
import { readingParameters } from '../ingest/push/push-reading.ts';
import type { EventAnswer } from '../ingest/push/single-event.ts';
import type { Limits } from '../limits/limits.ts';
import { noSuch } from '../nearest.ts';
import { contractOf, type RecordKind, recordKinds } from '../records/contract.ts';
import { readNamespace } from '../records/names.ts';
import { createBodyPace } from './body-pace.ts';
import { compress } from './compression/compress.ts';
import { negotiate } from './compression/send-body.ts';
import { answerPush, type HttpAnswer } from './push-answers.ts';
import { answerEarly, requestBody, wholeBody } from './request-body.ts';
import type { CallInfo, Route } from './route.ts';

const maxEventBytes = 65_536;

/** Says nothing about the body: the first byte tells what it is. */
const neutralType = 'application/octet-stream';

/**
 * `POST /ingest/…`: records of one kind, of any length and in any of our formats, answered when they are stored (200) or
 * durable (202). Parameters say how they are to be read (`mapping`, `decimal`, …), and `namespace` shares the ids of opportunities with a
 * source. `POST /events`: one event, answered when it is durable.
 */
export function createPushRoutes({
  push,
  limits,
}: {
  push: Push;
  limits: Pick<Limits, 'takeTurn' | 'spendOnRefusal'>;
}): Route[] {
  const ingest =
    (kind: RecordKind) =>
    async (request: IncomingMessage, response: ServerResponse, info: CallInfo): Promise<void> => {
      const format = readFormat(request);
      const { namespace, ...given } = parametersIn(request, kind);
      const call = { ...callOf(request, info), namespace: readNamespace(namespace?.[0]) };
      const reading = push.readingOf(kind, call.workspace, given);
      const endTurn = await limits.takeTurn(info.account, 'push');
      let bytes = 0;
      let isRefused = false;
      const count = (more: number): void => {
        bytes += more;
      };
      let outcome: Awaited<ReturnType<Push['accept']>>;
      try {
        const pace = createBodyPace();
        const body = counted(requestBody(request, pace), count);
        const content = bodyContent(kind, body, { format, reading, hurry: pace.hurry });
        outcome = await push.accept(kind, content, { ...call, reading });
        isRefused = isUnreadable(outcome.failure);
      } catch (error) {
        isRefused = isUnreadable(error);
        throw error;
      } finally {
        endTurn();
        if (isRefused) await limits.spendOnRefusal(info.account, 'push', bytes);
      }
      await respond(request, response, answerPush(outcome), outcome.isReplayed);
    };
  const event = async (request: IncomingMessage, response: ServerResponse, info: CallInfo): Promise<void> => {
    if (readFormat(request) === 'csv') throw unsupportedType(request);
    refuseParameters(request);
    const text = await readEvent(request);
    const { answer, isReplayed } = await push.acceptEvent(text, callOf(request, info));
    await respond(request, response, answerEvent(answer), isReplayed);
  };
  return [
    ...recordKinds.map(
      (kind): Route => ({
        method: 'POST',
        path: contractOf(kind).push.path,
        access: 'ingest',
        handle: ingest(kind),
        budget: 'pushes',
        isCrossOrigin: true,
        isStreamed: true,
      }),
    ),
    {
      method: 'POST',
      path: '/events',
      access: 'ingest',
      handle: event,
      budget: 'pushes',
      isCrossOrigin: true,
      isStreamed: true,
      isBusy: true,
    },
  ];
}

const isUnreadable = (error: unknown): boolean =>
  error instanceof UtmqlError && error.code === 'UNREADABLE_BODY';

async function* counted(
  body: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    count(chunk.length);
    yield chunk;
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: HttpAnswer,
  isReplayed: boolean,
): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  const coding = negotiate(request, response, bytes.length);
  const sent = coding === undefined ? bytes : await compress(bytes, coding);
  if (response.destroyed) return;
  const all = {
    'content-type': 'application/json; charset=utf-8',
    ...headers,
    ...(isReplayed ? { 'idempotent-replayed': 'true' } : {}),
    ...(coding !== undefined && { 'content-encoding': coding }),
  };
  answerEarly(request, response, status, all, sent);
}

function answerEvent(answer: EventAnswer): HttpAnswer {
  if (!('reject' in answer)) {
    return { status: 202, headers: {}, body: { event_id: answer.eventId, queued_at: answer.queuedAt } };
  }
  const { id, reason, field, detail } = answer.reject;
  const error = { code: 'BAD_USER_INPUT', message: detail, reason, field, detail, rejected_id: id };
  return { status: 400, headers: {}, body: { error } };
}

function callOf(request: IncomingMessage, { caller }: CallInfo): PushCall {
  const key = request.headers['idempotency-key'];
  return {
    id: caller.id,
    workspace: caller.workspace,
    requestId: caller.requestId,
    name: caller.name,
    idempotencyKey: typeof key === 'string' ? key : undefined,
  };
}

/** The parameters of a push, each as often as it is given. Nothing that somebody meant is passed over. */
function parametersIn({ url = '' }: IncomingMessage, kind: RecordKind): Record<string, string[]> {
  const start = url.indexOf('?');
  const given: Record<string, string[]> = {};
  if (start === -1) return given;
  const accepted = [
    ...readingParameters(kind),
    ...(contractOf(kind).push.takesNamespace ? ['namespace'] : []),
  ];
  for (const [name, value] of new URLSearchParams(url.slice(start))) {
    if (!accepted.includes(name)) {
      const shown = name.slice(0, 64);
      const problem = `${JSON.stringify(shown)}: ${noSuch('parameter', shown, accepted)}.`;
      throw badInput(onlyFor.get(name) ?? problem);
    }
    const values = given[name];
    if (values === undefined) given[name] = [value];
    else values.push(value);
  }
  if ((given.namespace?.length ?? 0) > 1) throw badInput('namespace is given more than once.');
  return given;
}

const onlyFor: ReadonlyMap<string, string> = new Map([
  ['namespace', 'namespace has a meaning only for opportunities.'],
  ['duplicates', 'duplicates has a meaning only for ads rows and exchange rates.'],
]);

/** A single event is as the contract has it. Parameters that nobody knows here may be of whoever sends webhooks. */
function refuseParameters({ url = '' }: IncomingMessage): void {
  const start = url.indexOf('?');
  if (start === -1) return;
  for (const name of new URLSearchParams(url.slice(start)).keys()) {
    if (!readingParameters('ad_performance').includes(name) && !onlyFor.has(name)) continue;
    throw badInput(`${name} has no meaning for /events, which takes one event; see /ingest/events.`);
  }
}

/**
 * Undefined: the first byte tells. A type must be named, and be none of those that any web page may send to any address
 * without asking (CSRF): plain text, a form, none.
 */
function readFormat(request: IncomingMessage): BodyFormat | undefined {
  const type = request.headers['content-type'];
  const format = formatOf(type);
  if (format === undefined && type?.trim().toLowerCase() !== neutralType) throw unsupportedType(request);
  return format;
}

const unsupportedType = (request: IncomingMessage): UtmqlError =>
  new UtmqlError(
    'UNSUPPORTED_MEDIA_TYPE',
    `Content-Type ${JSON.stringify((request.headers['content-type'] ?? '').slice(0, 60))} is not taken here; send application/json, application/x-ndjson, text/csv (not for a single event) or ${neutralType}.`,
  );

const tooLarge = (): UtmqlError =>
  new UtmqlError(
    'TOO_LARGE',
    `The event is larger than ${maxEventBytes} bytes. Shorten its message or metadata.`,
  );

async function readEvent(request: IncomingMessage): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > maxEventBytes) throw tooLarge();
  const bytes = await wholeBody(request, maxEventBytes);
  if (bytes === undefined) throw tooLarge();
  if (bytes.length === 0) throw badInput('The body is empty; send one event as a JSON object.');
  if (!isUtf8(bytes)) throw badInput('The body is not valid UTF-8.');
  return bytes.toString();
}
