import type { UtmqlError } from '../../errors.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { WriteAheadBuffer } from '../buffer/buffer.ts';
import type { RecordBatch } from '../json/record-batches.ts';
import type { Versions } from '../versions.ts';
import type { PushOutcome } from './answer.ts';
import { createBufferIntake } from './buffer-intake.ts';
import type { Drainer } from './drainer.ts';
import type { PushCall } from './intake.ts';
import type { Normalisers } from './normalisers.ts';
import { encodePayload } from './payload.ts';
import { toPushAnswerRow } from './push-answers.ts';
import type { PushRuns } from './push-runs.ts';

/** How long a push waits to see its records in ClickHouse. */
const waitMs = 10_000;

export interface BufferedPushDeps {
  readonly buffer: WriteAheadBuffer;
  readonly drainer: Drainer;
  readonly normalisers: Normalisers;
  readonly runs: PushRuns;
  readonly versions: Versions;
}

/**
 * Takes a push through the write-ahead buffer, rejects and all, as one durable piece; then waits until it is in ClickHouse,
 * or only durable where that is away.
 *
 * @param contentHash of what was pushed, where its answer is to be remembered
 * @param failure why the body ended early
 * @throws UtmqlError BUFFER_FULL or BUFFER_UNAVAILABLE, or BAD_USER_INPUT by the rule for duplicates: nothing was taken
 */
export async function pushSmall(
  deps: BufferedPushDeps,
  kind: RecordKind,
  call: PushCall,
  batches: readonly RecordBatch[],
  contentHash: string | undefined,
  failure: UtmqlError | undefined,
): Promise<PushOutcome> {
  const { buffer, drainer, normalisers, runs, versions } = deps;
  const { workspace, idempotencyKey } = call;
  const run = runs.of(kind, call);
  const now = versions.now();
  const payloads: Buffer[] = [];
  const put = (payload: Buffer): void => void payloads.push(payload);
  const { intake, duplicates, finish } = createBufferIntake({ kind, call, run, normalisers, now, put });
  for (const batch of batches) intake.take(batch);
  finish();
  const answerIf = (stored: boolean) => intake.answer(intake.accepted, { ...duplicates }, stored);

  if (idempotencyKey !== undefined && contentHash !== undefined && failure === undefined) {
    // Whoever finds the answer in ClickHouse finds the records there, too.
    const row = toPushAnswerRow(workspace, idempotencyKey, contentHash, answerIf(true), now);
    payloads.push(encodePayload({ kind: 'answer', row }));
  }
  if (payloads.length === 0) return { answer: answerIf(true), failure };
  const position = await buffer.append(payloads);
  runs.add(run, intake.counts(intake.accepted - duplicates.summed, duplicates));
  return { answer: answerIf(await drainer.stored(position, waitMs)), failure };
}
