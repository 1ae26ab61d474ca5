import type { Clock } from '../../clock.ts';
import type { UtmqlError } from '../../errors.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { WriteAheadBuffer } from '../buffer/buffer.ts';
import type { RecordBatch } from '../json/record-batches.ts';
import { toRejectRow } from '../rejects/reject-row.ts';
import { pushSource } from '../run.ts';
import type { PushOutcome } from './answer.ts';
import type { Drainer } from './drainer.ts';
import { Intake, type PushCall } from './intake.ts';
import { type KindRecord, keyOf } from './kinds.ts';
import type { Normalisers } from './normalisers.ts';
import { encodePayload } from './payload.ts';
import { toPushAnswerRow } from './push-answers.ts';
import type { PushRuns } from './push-runs.ts';

/** Up to this many records and bytes a push goes through the write-ahead buffer. */
export const smallPush = { records: 1_000, bytes: 1_048_576 } as const;

/** How long a push waits to see its records in ClickHouse. */
const waitMs = 10_000;

export interface SmallPushDeps {
  readonly buffer: WriteAheadBuffer;
  readonly drainer: Drainer;
  readonly normalisers: Normalisers;
  readonly runs: PushRuns;
  readonly clock: Clock;
}

/**
 * Takes a push through the write-ahead buffer, rejects and all, as one durable piece; then waits until it is in ClickHouse,
 * or only durable where that is away.
 *
 * @param contentHash of what was pushed, where its answer is to be remembered
 * @param failure why the body ended early
 * @throws UtmqlError BUFFER_FULL or BUFFER_UNAVAILABLE: nothing was taken
 */
export async function pushSmall(
  deps: SmallPushDeps,
  kind: RecordKind,
  call: PushCall,
  batches: readonly RecordBatch[],
  contentHash: string | undefined,
  failure: UtmqlError | undefined,
): Promise<PushOutcome> {
  const { buffer, drainer, normalisers, runs, clock } = deps;
  const { workspace, requestId, idempotencyKey } = call;
  const run = runs.of(kind, call);
  const now = clock.now();
  const duplicates = new DuplicateKeys();
  const payloads: Buffer[] = [];
  const intake = new Intake({
    kind,
    call,
    run,
    normalisers,
    targets: {
      record(record) {
        duplicates.add(record);
        payloads.push(encodePayload({ ...record, workspace, source: pushSource, version: now * 1_000 }));
      },
      reject(position, line, record, reject) {
        const rejected = {
          workspace,
          runId: run.id,
          position,
          line,
          source: pushSource,
          kind,
          requestId,
          record,
          reject,
        };
        payloads.push(encodePayload({ kind: 'reject', row: toRejectRow(rejected, now) }));
      },
    },
  });
  for (const batch of batches) intake.take(batch);
  const answerIf = (stored: boolean) => intake.answer(intake.accepted, duplicates.counts, stored);

  if (idempotencyKey !== undefined && contentHash !== undefined && failure === undefined) {
    // Whoever finds the answer in ClickHouse finds the records there, too.
    const row = toPushAnswerRow(workspace, idempotencyKey, contentHash, answerIf(true), now);
    payloads.push(encodePayload({ kind: 'answer', row }));
  }
  if (payloads.length === 0) return { answer: answerIf(true), failure };
  const position = await buffer.append(payloads);
  const { identical, conflicting } = duplicates.counts;
  const skipped = { duplicate: identical, conflicting_duplicate: conflicting };
  runs.add(run, intake.counts(intake.accepted, skipped));
  return { answer: answerIf(await drainer.stored(position, waitMs)), failure };
}

/** Tells records of one push that are one row. */
class DuplicateKeys {
  private readonly seen = new Map<string, string>();
  readonly counts = { identical: 0, conflicting: 0 };

  add(entry: KindRecord): void {
    const key = keyOf(entry);
    const text = JSON.stringify(entry.record);
    const earlier = this.seen.get(key);
    if (earlier !== undefined) this.counts[earlier === text ? 'identical' : 'conflicting'] += 1;
    this.seen.set(key, text);
  }
}
