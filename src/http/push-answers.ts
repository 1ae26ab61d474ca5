import { toUtmqlError, type UtmqlError } from '../errors.ts';
import type { PushAnswer, PushOutcome } from '../ingest/push/answer.ts';

/** What goes over the wire. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

const statuses: Partial<Record<UtmqlError['code'], number>> = {
  BAD_USER_INPUT: 400,
  UNREADABLE_BODY: 400,
  TIMEOUT: 408,
  CONFLICT: 409,
  TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  BUFFER_FULL: 429,
  RATE_LIMITED: 429,
  BUFFER_UNAVAILABLE: 503,
  STORE_UNAVAILABLE: 503,
  SOURCE_UNAVAILABLE: 503,
};

/** Seconds until a push that could not be taken is worth another try, where nothing better is known. */
const usualRetrySeconds = 5;

/** What a push came to: 200 stored, 202 durable, 422 when there were records and none of them could be taken. */
export function answerPush({ answer, failure }: PushOutcome): HttpAnswer {
  if (failure !== undefined) return answerFailure(failure, answer);
  const isRefused = answer.accepted === 0 && answer.rejected > 0;
  return { status: isRefused ? 422 : answer.stored ? 200 : 202, headers: {}, body: shape(answer) };
}

/** @param answer what was taken before */
export function answerFailure(thrown: unknown, answer?: PushAnswer): HttpAnswer {
  const { code, message, retryAfterSeconds } = toUtmqlError(
    thrown,
    'The server could not take this. It has been logged.',
  );
  const status = statuses[code] ?? 500;
  const seconds = retryAfterSeconds ?? usualRetrySeconds;
  const isWorthRetrying = status === 409 || status === 429 || status === 503;
  return {
    status,
    headers: isWorthRetrying ? { 'retry-after': String(seconds) } : {},
    body: { error: { code, message }, ...(answer === undefined ? {} : shape(answer)) },
  };
}

const shape = (answer: PushAnswer): Readonly<Record<string, unknown>> => ({
  run_id: answer.runId,
  accepted: answer.accepted,
  repaired: answer.repaired,
  rejected: answer.rejected,
  left_out: answer.leftOut,
  duplicates: answer.duplicates,
  stored: answer.stored,
  repairs_by_kind: answer.repairsByKind,
  unknown_fields: answer.unknownFields,
  rejects: answer.rejects,
});
