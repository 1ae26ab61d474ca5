import type { Requester } from '../../access/caller.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { Reject } from '../../records/outcome.ts';
import type { RecordBatch } from '../json/record-batches.ts';
import { rejectOf } from '../malformed-reject.ts';
import { pushSource } from '../run.ts';
import { listedRejects, type PushAnswer } from './answer.ts';
import { eventIds } from './event-id.ts';
import type { KindRecord } from './kinds.ts';
import { HeldRepairs, type Normalisers } from './normalisers.ts';
import type { PushCounts, PushRun } from './push-run.ts';

export interface PushCall extends Requester {
  /** Whoever pushes: the same for every call with the same key. */
  readonly id: string;
  readonly idempotencyKey: string | undefined;
  /** Whose ids the opportunities have; undefined: those of pushes. */
  readonly namespace?: string | undefined;
}

/** Whose ids the opportunities of a push have. */
export const namespaceOfPush = ({ namespace }: Pick<PushCall, 'namespace'>): string =>
  namespace ?? pushSource;

/** Where the records of a push go once they are told apart. */
export interface IntakeTargets {
  record(record: KindRecord): void;
  /** @param position in the run; `line` in the body */
  reject(position: number, line: number, record: unknown, reject: Reject): void;
}

/** Normalises the records of one push and counts them. */
export class Intake {
  readonly run: PushRun;
  private readonly repairs = new HeldRepairs();
  private readonly rejected: Record<string, number> = {};
  private readonly rejects: PushAnswer['rejects'] = [];
  private readonly idsAt: ReturnType<typeof eventIds>;
  private readonly kind: RecordKind;
  private readonly call: PushCall;
  private readonly normalisers: Normalisers;
  private readonly targets: IntakeTargets;
  read = 0;
  accepted = 0;
  private bytes = 0;

  constructor(options: {
    kind: RecordKind;
    call: PushCall;
    run: PushRun;
    normalisers: Normalisers;
    targets: IntakeTargets;
  }) {
    this.kind = options.kind;
    this.call = options.call;
    this.run = options.run;
    this.normalisers = options.normalisers;
    this.targets = options.targets;
    this.idsAt = eventIds(options.call.workspace, options.call.idempotencyKey);
  }

  take(batch: RecordBatch): void {
    const { records, malformed, firstPosition } = batch;
    let position = this.run.reserve(records.length + malformed.length);
    this.read += records.length + malformed.length;
    this.bytes += batch.bytes;
    for (const broken of malformed) {
      this.reject(position++, broken.position, broken.text, rejectOf(broken));
    }
    records.forEach((raw, index) => {
      const line = firstPosition + index;
      const outcome = this.normalisers.normalise(
        this.kind,
        this.call.workspace,
        pushSource,
        raw,
        this.repairs,
        this.idsAt(line),
      );
      if ('reject' in outcome) {
        this.reject(position, line, raw, outcome.reject);
      } else {
        this.accepted += 1;
        this.targets.record(outcome.record);
      }
      position += 1;
    });
  }

  /** What the push adds to its run. */
  counts(waiting: number, skipped: Readonly<Record<string, number>>): PushCounts {
    return {
      read: this.read,
      waiting,
      rejected: this.rejected,
      skipped,
      repairs: this.repairs.toRecord(),
      unknownFields: this.repairs.unknownFields(),
      bytes: this.bytes,
    };
  }

  answer(accepted: number, duplicates: PushAnswer['duplicates'], stored: boolean): PushAnswer {
    const repairsByKind = this.repairs.toRecord();
    return {
      runId: this.run.id,
      accepted,
      rejected: sum(this.rejected),
      repaired: sum(repairsByKind),
      duplicates,
      stored,
      repairsByKind,
      unknownFields: this.repairs.unknownFields(),
      rejects: this.rejects,
    };
  }

  private reject(position: number, line: number, record: unknown, reject: Reject): void {
    this.rejected[reject.reason] = (this.rejected[reject.reason] ?? 0) + 1;
    if (this.rejects.length < listedRejects) {
      this.rejects.push({ id: `${this.run.id}:${position}`, position: line, ...reject });
    }
    this.targets.reject(position, line, record, reject);
  }
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
