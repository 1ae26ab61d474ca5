import type { PushAnswer, PushOutcome } from '../ingest/push/answer.ts';
import { errorBody, errorHeaders, statusOf } from './error-answers.ts';

/** What goes over the wire. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a push came to: 200 stored, 202 durable, 422 when there were records and none of them could be taken. */
export function answerPush({ answer, failure }: PushOutcome): HttpAnswer {
  if (failure !== undefined) {
    const body = { ...errorBody(failure), ...shape(answer) };
    return { status: statusOf(failure), headers: errorHeaders(failure), body };
  }
  const isRefused = answer.accepted === 0 && answer.rejected > 0;
  return { status: isRefused ? 422 : answer.stored ? 200 : 202, headers: {}, body: shape(answer) };
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
