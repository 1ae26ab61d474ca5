import type { Requester } from '../../access/caller.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { Reject } from '../../records/outcome.ts';
import type { RecordBatch } from '../json/record-batches.ts';
import { rejectOf } from '../malformed-reject.ts';
import { pushSource } from '../run.ts';
import { leftOut } from '../sources/left-out.ts';
import { listedRejects, type PushAnswer } from './answer.ts';
import { eventIds } from './event-id.ts';
import type { KindRecord } from './kinds.ts';
import { HeldRepairs, type NormalisedFrom, type Normalisers } from './normalisers.ts';
import type { PushReading } from './push-reading.ts';
import type { PushCounts, PushRun } from './push-run.ts';

export interface PushCall extends Requester {
  /** Whoever pushes: the same for every call with the same key. */
  readonly id: string;
  readonly idempotencyKey: string | undefined;
  /** Whose ids the opportunities have; undefined: those of pushes. */
  readonly namespace?: string | undefined;
  /** Undefined: records are as the contract has them. */
  readonly reading?: PushReading | undefined;
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
  private readonly from: NormalisedFrom;
  read = 0;
  accepted = 0;
  private leftOut = 0;
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
    this.from = {
      workspace: options.call.workspace,
      source: pushSource,
      rules: options.call.reading?.rules,
    };
    this.idsAt = eventIds(options.call.workspace, options.call.idempotencyKey);
  }

  take(batch: RecordBatch): void {
    const { records, malformed, firstPosition } = batch;
    const { map, spread } = this.call.reading ?? {};
    const raws = map === undefined ? records : records.map(map);
    const spreads = spread && records.map((element, index) => spread(element, raws[index]));
    const count = malformed.length + (spreads ?? [raws]).reduce((sum, { length }) => sum + length, 0);
    let position = this.run.reserve(count);
    this.read += count;
    this.bytes += batch.bytes;
    for (const broken of malformed) {
      this.reject(position++, broken.position, broken.text, rejectOf(broken));
    }
    raws.forEach((raw, index) => {
      const element = records[index];
      const line = firstPosition + index;
      const parts = spreads?.[index];
      if (parts === undefined) this.takeOne(raw, element, line, position++);
      else for (const part of parts) this.takeOne(part, element, line, position++);
    });
  }

  /**
   * What the push adds to its run.
   *
   * @param unconfirmed accepted, and stored for nothing that is known
   */
  counts(
    waiting: number,
    duplicates: PushAnswer['duplicates'],
    { outdated = 0, unconfirmed = 0 } = {},
  ): PushCounts {
    const { identical, conflicting, summed } = duplicates;
    return {
      read: this.read,
      waiting,
      rejected: this.rejected,
      skipped: {
        left_out: this.leftOut,
        duplicate: identical,
        conflicting_duplicate: conflicting,
        summed,
        outdated,
        unconfirmed,
      },
      // Whoever says that the last one counts knows of it.
      folded: this.call.reading?.duplicates === undefined ? conflicting : 0,
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
      leftOut: this.leftOut,
      repaired: sum(repairsByKind),
      duplicates,
      stored,
      repairsByKind,
      unknownFields: this.repairs.unknownFields(),
      rejects: this.rejects,
    };
  }

  /** @param element what came, of which `raw` was made */
  private takeOne(raw: unknown, element: unknown, line: number, position: number): void {
    if (raw === leftOut) {
      this.leftOut += 1;
      return;
    }
    const outcome = this.normalisers.normalise(this.kind, this.from, raw, this.repairs, this.idsAt(line));
    if ('reject' in outcome) {
      this.reject(position, line, element, outcome.reject);
    } else {
      this.accepted += 1;
      this.targets.record(outcome.record);
    }
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
