import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseJson } from '../../formats/json/parse.ts';
import { pushSource } from '../../records/names.ts';
import { type Reject, rejectReasons } from '../../records/outcome.ts';
import type { Clock } from '../../time.ts';
import type { WriteAheadBuffer } from '../../wal/wal.ts';
import { keyOf } from '../kinds/kinds.ts';
import { HeldRepairs, type Normalisers } from '../kinds/normalisers.ts';
import { storedKey, toRejectRow } from '../rejects/reject-row.ts';
import type { Versions } from '../runs/versions.ts';
import { toPushAnswerRow } from './idempotency.ts';
import { eventIds, type PushCall } from './intake.ts';
import { encodePayload } from './payload.ts';
import type { PushRuns } from './push-runs.ts';

export const eventAnswer = z.union([
  z.object({ eventId: z.string(), queuedAt: z.string() }),
  z.object({
    reject: z.object({ id: z.string(), reason: z.string(), field: z.string(), detail: z.string() }),
  }),
]);
/** The event is durable; or it was rejected, and is kept in rejected records. */
export type EventAnswer = z.infer<typeof eventAnswer>;

export const hashOfEvent = (text: string): string =>
  createHash('sha256').update(`single event\n${text}`).digest('hex');

export interface SingleEventDeps {
  readonly buffer: WriteAheadBuffer;
  readonly normalisers: Normalisers;
  readonly runs: PushRuns;
  readonly clock: Clock;
  readonly versions: Versions;
}

/**
 * Takes one event: resolves as soon as it is durable. It is in ClickHouse with the next batch.
 *
 * @param text JSON
 * @throws UtmqlError BUFFER_FULL or BUFFER_UNAVAILABLE: nothing was taken
 */
export async function pushEvent(deps: SingleEventDeps, text: string, call: PushCall): Promise<EventAnswer> {
  const { buffer, normalisers, runs, clock, versions } = deps;
  const { workspace, requestId, idempotencyKey } = call;
  const run = runs.of('event', call);
  const now = versions.now();
  const repairs = new HeldRepairs();
  const raw = parseJson(text);
  const ids = eventIds(workspace, idempotencyKey)(1);
  const outcome =
    raw === undefined
      ? { reject: unreadable }
      : normalisers.normalise('event', { workspace, source: pushSource }, raw, repairs, ids);
  const payloads: Buffer[] = [];
  let answer: EventAnswer;
  if ('reject' in outcome) {
    const position = run.reserve(1);
    const rejected = {
      workspace,
      runId: run.id,
      position,
      line: 1,
      source: pushSource,
      kind: 'event',
      requestId,
    };
    const id = normalisers.keyOfRejected('event', { workspace, source: pushSource }, raw);
    const key = id === undefined ? undefined : storedKey('event', pushSource, id);
    const row = toRejectRow({ ...rejected, key, record: text, reject: outcome.reject }, now);
    payloads.push(encodePayload({ kind: 'reject', row }));
    answer = { reject: { id: `${run.id}:${position}`, ...outcome.reject } };
  } else {
    run.reserve(1);
    payloads.push(encodePayload({ ...outcome.record, workspace, source: pushSource, version: now * 1_000 }));
    answer = { eventId: keyOf(outcome.record), queuedAt: new Date(clock.now()).toISOString() };
  }
  if (idempotencyKey !== undefined) {
    const row = toPushAnswerRow(workspace, idempotencyKey, hashOfEvent(text), answer, now);
    payloads.push(encodePayload({ kind: 'answer', row }));
  }
  await buffer.append(payloads);
  const isRejected = 'reject' in outcome;
  runs.add(run, {
    read: 1,
    waiting: isRejected ? 0 : 1,
    rejected: isRejected ? { [outcome.reject.reason]: 1 } : {},
    skipped: {},
    repairs: repairs.toRecord(),
    unknownFields: repairs.unknownFields(),
    bytes: text.length,
    folded: new Map(),
  });
  return answer;
}

const unreadable: Reject = { reason: 'malformed', field: '', detail: rejectReasons.malformed };
