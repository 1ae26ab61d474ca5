import { UtmqlError } from '../../errors.ts';
import type { RecordBatch } from '../../formats/feed/record-batch.ts';
import type { Logger } from '../../logger.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { WriteAheadBuffer } from '../../wal/wal.ts';
import type { Normalisers } from '../kinds/normalisers.ts';
import type { Versions } from '../runs/versions.ts';
import type { PushOutcome } from './answer.ts';
import type { Drainer } from './drainer.ts';
import { toPushAnswerRow } from './idempotency.ts';
import { createBufferIntake, type PushCall } from './intake.ts';
import { encodePayload } from './payload.ts';
import type { PushRuns } from './push-runs.ts';
import { createAttempts } from './streamed-push.ts';

/** What is made durable at a time. */
const piece = { records: 1_000, bytes: 1_048_576 } as const;

/** How much of the buffer one kind of push may fill: small ones still find room while large ones are told to wait. */
const shareOfBuffer = 0.5;

/** In how long a push that found the buffer filled is worth another try: ClickHouse is away. */
const retrySeconds = 30;

/**
 * Takes a push of any length through the write-ahead buffer while ClickHouse is away, piece by piece. What was durable before
 * the body broke off or the buffer was filled stays taken; the same push again changes nothing and completes it.
 *
 * @param hash of what was pushed, for the answer that is to be remembered; reads a body to its end
 */
export async function pushInPieces(
  deps: BufferedPushDeps & { readonly logger: Logger },
  kind: RecordKind,
  call: PushCall,
  batches: AsyncIterable<RecordBatch>,
  hash: () => Promise<string>,
): Promise<PushOutcome> {
  const { buffer, normalisers, runs, versions } = deps;
  const { workspace, requestId, idempotencyKey } = call;
  const run = runs.of(kind, call);
  const now = versions.now();
  let waiting: Buffer[] = [];
  let bytes = 0;
  /** Records of `intake.accepted` that are durable. */
  let taken = 0;
  const { intake, duplicates, conflicts } = createBufferIntake({
    kind,
    call,
    run,
    normalisers,
    now,
    put(payload) {
      waiting.push(payload);
      bytes += payload.length;
    },
  });
  const append = async (payloads: readonly Buffer[]): Promise<void> => {
    const { records, maxRecords } = buffer.stats();
    const most = Math.floor(maxRecords * shareOfBuffer);
    if (records + payloads.length > most) throw filled(most);
    await buffer.append(payloads);
  };
  /** The buffer did not take a piece: nothing more of this push is tried. */
  let isRefused = false;
  const flush = async (): Promise<void> => {
    if (isRefused) return;
    const payloads = waiting;
    waiting = [];
    bytes = 0;
    isRefused = true;
    for (let from = 0; from < payloads.length; from += piece.records)
      await append(payloads.slice(from, from + piece.records));
    isRefused = false;
    taken = intake.accepted;
  };

  const attempts = createAttempts(deps.logger, requestId);
  const { attempt } = attempts;
  await attempt(async () => {
    for await (const batch of batches) {
      intake.take(batch);
      if (waiting.length >= piece.records || bytes >= piece.bytes) await flush();
    }
  });
  await attempt(flush);
  const answer = intake.answer(taken, { ...duplicates }, false);
  if (attempts.failure === undefined && idempotencyKey !== undefined) {
    const row = toPushAnswerRow(workspace, idempotencyKey, await hash(), { ...answer, stored: true }, now);
    await attempt(() => append([encodePayload({ kind: 'answer', row })]));
  }
  runs.add(run, intake.counts(taken, duplicates, { unconfirmed: intake.accepted - taken, conflicts }));
  return { answer, failure: attempts.failure };
}

const filled = (most: number): UtmqlError =>
  new UtmqlError(
    'BUFFER_FULL',
    `The database cannot be reached, and ${most} records wait for it, which is as many as large pushes may fill. Send it again in ${retrySeconds} s: what was taken counts once.`,
    { retryable: true, retryAfterSeconds: retrySeconds },
  );

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
  const { intake, duplicates, conflicts, finish } = createBufferIntake({
    kind,
    call,
    run,
    normalisers,
    now,
    put,
  });
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
  runs.add(run, intake.counts(intake.accepted - duplicates.summed, duplicates, { conflicts }));
  return { answer: answerIf(await drainer.stored(position, waitMs)), failure };
}
