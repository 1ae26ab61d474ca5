import type { RecordKind } from '../../records/contract.ts';
import { toRejectRow } from '../rejects/reject-row.ts';
import { pushSource } from '../run.ts';
import { Intake, type PushCall } from './intake.ts';
import { type KindRecord, keyOf } from './kinds.ts';
import type { Normalisers } from './normalisers.ts';
import { encodePayload } from './payload.ts';
import type { PushRun } from './push-run.ts';

/** A push on its way into the write-ahead buffer, rejects and all. */
export interface BufferIntake {
  readonly intake: Intake;
  /** Of what was taken in, what is one row. */
  readonly duplicates: { readonly identical: number; readonly conflicting: number };
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
  const { workspace, requestId, namespace } = call;
  const duplicates = new DuplicateKeys();
  const intake = new Intake({
    kind,
    call,
    run,
    normalisers: options.normalisers,
    targets: {
      record(record) {
        duplicates.add(record);
        put(encodePayload({ ...record, workspace, source: pushSource, namespace, version: now * 1_000 }));
      },
      reject(position, line, record, reject) {
        const rejected = {
          workspace,
          runId: run.id,
          position,
          line,
          source: pushSource,
          namespace,
          kind,
          requestId,
          record,
          reject,
        };
        put(encodePayload({ kind: 'reject', row: toRejectRow(rejected, now) }));
      },
    },
  });
  return { intake, duplicates: duplicates.counts };
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
