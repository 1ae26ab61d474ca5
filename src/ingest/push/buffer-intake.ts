import type { AdPerformance } from '../../records/ad-performance.ts';
import type { RecordKind } from '../../records/contract.ts';
import { toRejectRow } from '../rejects/reject-row.ts';
import { pushSource } from '../run.ts';
import type { PushAnswer } from './answer.ts';
import { conflictOf, sumRows } from './fold-rows.ts';
import { Intake, type PushCall } from './intake.ts';
import { type KindRecord, keyOf } from './kinds.ts';
import type { Normalisers } from './normalisers.ts';
import { encodePayload } from './payload.ts';
import type { PushRun } from './push-run.ts';

/** A push on its way into the write-ahead buffer, rejects and all. */
export interface BufferIntake {
  readonly intake: Intake;
  /** Of what was taken in, what is one row. */
  readonly duplicates: Readonly<PushAnswer['duplicates']>;
  /**
   * Puts what waits for the end of the push: ads rows, where what becomes of those with one key is known only then.
   *
   * @throws UtmqlError BAD_USER_INPUT where rows differ that may not: nothing of the push is to be stored
   */
  finish(): void;
}

/** @param options.put takes what the buffer is to hold, in order */
export function createBufferIntake(options: {
  kind: RecordKind;
  call: PushCall;
  run: PushRun;
  normalisers: Normalisers;
  now: number;
  put: (payload: Buffer) => void;
}): BufferIntake {
  const { kind, call, run, now, put } = options;
  const { workspace, requestId, namespace, reading } = call;
  const duplicates = new DuplicateKeys();
  const rule = kind === 'ad_performance' ? reading?.duplicates : undefined;
  const held: AdPerformance[] = [];
  const putRecord = (record: KindRecord): void => {
    duplicates.add(record);
    put(encodePayload({ ...record, workspace, source: pushSource, namespace, version: now * 1_000 }));
  };
  const intake = new Intake({
    kind,
    call,
    run,
    normalisers: options.normalisers,
    targets: {
      record(entry) {
        const isHeld = entry.kind === 'ad_performance' && (rule === 'sum' || rule === 'fail');
        if (isHeld) held.push(entry.record);
        else putRecord(entry);
      },
      reject(position, line, record, reject) {
        const rejected = {
          workspace,
          runId: run.id,
          position,
          line,
          source: pushSource,
          namespace,
          reading: reading?.parameters,
          kind,
          requestId,
          record,
          reject,
        };
        put(encodePayload({ kind: 'reject', row: toRejectRow(rejected, now) }));
      },
    },
  });
  return {
    intake,
    duplicates: duplicates.counts,
    finish() {
      const conflict = rule === 'fail' ? conflictOf(held, pushSource) : undefined;
      if (conflict !== undefined) throw conflict;
      const rows = rule === 'sum' ? sumRows(held) : held;
      duplicates.counts.summed = held.length - rows.length;
      for (const record of rows) putRecord({ kind: 'ad_performance', record });
    },
  };
}

/** Tells records of one push that are one row. */
class DuplicateKeys {
  private readonly seen = new Map<string, string>();
  readonly counts = { identical: 0, conflicting: 0, summed: 0 };

  add(entry: KindRecord): void {
    const key = keyOf(entry);
    const text = JSON.stringify(entry.record);
    const earlier = this.seen.get(key);
    if (earlier !== undefined) this.counts[earlier === text ? 'identical' : 'conflicting'] += 1;
    this.seen.set(key, text);
  }
}
