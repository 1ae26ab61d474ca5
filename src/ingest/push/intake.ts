import { createHash } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import type { Requester } from '../../access/caller.ts';
import { leftOut } from '../../formats/feed/left-out.ts';
import { originalOf, type RecordBatch } from '../../formats/feed/record-batch.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { Day } from '../../records/day.ts';
import { pushSource } from '../../records/names.ts';
import type { Reject } from '../../records/outcome.ts';
import { isOfKind, type KindRecord, keyOf, kinds, needsAllRows, type Records } from '../kinds/kinds.ts';
import { HeldRepairs, type IdMaker, type NormalisedFrom, type Normalisers } from '../kinds/normalisers.ts';
import { storedKey, toRejectRow } from '../rejects/reject-row.ts';
import { rejectOf } from '../rejects/reject-writer.ts';
import { listedRejects, type PushAnswer } from './answer.ts';
import { encodePayload } from './payload.ts';
import type { PushReading } from './push-reading.ts';
import type { PushCounts, PushRun } from './push-runs.ts';

/** A push on its way into the write-ahead buffer, rejects and all. */
export interface BufferIntake {
  readonly intake: Intake;
  /** By day: records that others of their key took the place of. */
  readonly conflicts: ReadonlyMap<Day, number>;
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
export function createBufferIntake<Kind extends RecordKind>(options: {
  kind: Kind;
  call: PushCall;
  run: PushRun;
  normalisers: Normalisers;
  now: number;
  put: (payload: Buffer) => void;
}): BufferIntake {
  const { kind, call, run, now, put } = options;
  const { workspace, requestId, namespace, reading } = call;
  const duplicates = new DuplicateKeys();
  const rule = reading?.duplicates;
  const isHeld = needsAllRows(kind, rule);
  const { folding } = kinds[kind];
  const held: Records[Kind][] = [];
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
        if (isHeld && isOfKind(entry, kind)) held.push(entry.record);
        else putRecord(entry);
      },
      reject(position, line, record, reject, key) {
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
          key,
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
    conflicts: duplicates.conflicts,
    finish() {
      const conflict = rule === 'fail' ? folding?.conflictOf(held, pushSource) : undefined;
      if (conflict !== undefined) throw conflict;
      const rows = (rule === 'sum' ? folding?.sum?.(held) : undefined) ?? held;
      duplicates.counts.summed = held.length - rows.length;
      for (const record of rows) putRecord({ kind, record } as KindRecord);
    },
  };
}

/** Tells records of one push that are one row. */
class DuplicateKeys {
  private readonly seen = new Map<string, string>();
  readonly counts = { identical: 0, conflicting: 0, summed: 0 };
  /** Conflicting ones by day. */
  readonly conflicts = new Map<Day, number>();

  add(entry: KindRecord): void {
    const key = keyOf(entry);
    const text = JSON.stringify(entry.record);
    const earlier = this.seen.get(key);
    if (earlier !== undefined) this.counts[earlier === text ? 'identical' : 'conflicting'] += 1;
    if (earlier !== undefined && earlier !== text) increase(this.conflicts, entry.record.day);
    this.seen.set(key, text);
  }
}

const increase = (counts: Map<Day, number>, day: Day): void => {
  counts.set(day, (counts.get(day) ?? 0) + 1);
};

/**
 * How the events of a push get their ids where they have none: new ones; with an idempotency key, ids that a repeat of the
 * same push gets too, so that it makes no second event even where nobody remembers the first.
 *
 * @returns what makes the id of the event at a position
 */
export function eventIds(
  workspace: string,
  idempotencyKey: string | undefined,
): (position: number) => IdMaker {
  if (idempotencyKey === undefined) return () => newIds;
  return (position) => ({
    make: () => derivedUuid(JSON.stringify([workspace, idempotencyKey, position])),
    isRepeatable: true,
  });
}

const newIds: IdMaker = { make: uuidv7, isRepeatable: false };

/** A UUID made from a text: version 8 of RFC 9562, over SHA-256. */
function derivedUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

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
  /**
   * @param position in the run; `line` in the body
   * @param key what the record is known by (`storedKey`), where that could be read
   */
  reject(position: number, line: number, record: unknown, reject: Reject, key: string | undefined): void;
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
  /** Whoever says what rows with one key mean knows of them: of these days nobody needs to be told any more. */
  private readonly saysDuplicates: boolean;
  private readonly days = new Set<Day>();

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
    this.saysDuplicates = options.kind === 'ad_performance' && options.call.reading?.duplicates !== undefined;
    this.from = {
      workspace: options.call.workspace,
      source: pushSource,
      rules: options.call.reading?.rules,
    };
    this.idsAt = eventIds(options.call.workspace, options.call.idempotencyKey);
  }

  take(batch: RecordBatch): void {
    const { records, malformed } = batch;
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
      const parts = spreads?.[index];
      if (parts === undefined) this.takeOne(raw, batch, index, position++);
      else for (const part of parts) this.takeOne(part, batch, index, position++);
    });
  }

  /**
   * What the push adds to its run.
   *
   * @param unconfirmed accepted, and stored for nothing that is known
   * @param conflicts by day, the rows that others of their key took the place of
   */
  counts(
    waiting: number,
    duplicates: PushAnswer['duplicates'],
    {
      outdated = 0,
      unconfirmed = 0,
      conflicts = new Map<Day, number>(),
    }: { outdated?: number; unconfirmed?: number; conflicts?: ReadonlyMap<Day, number> } = {},
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
      folded: this.foldedBy(conflicts, unconfirmed),
      repairs: this.repairs.toRecord(),
      unknownFields: this.repairs.unknownFields(),
      bytes: this.bytes,
    };
  }

  private foldedBy(conflicts: ReadonlyMap<Day, number>, unconfirmed: number): ReadonlyMap<Day, number> {
    if (this.kind !== 'ad_performance') return new Map();
    if (!this.saysDuplicates) return conflicts;
    return unconfirmed > 0 ? new Map() : new Map([...this.days].map((day) => [day, 0]));
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

  /** @param index in the batch, of what `raw` was made of */
  private takeOne(raw: unknown, batch: RecordBatch, index: number, position: number): void {
    if (raw === leftOut) {
      this.leftOut += 1;
      return;
    }
    const line = batch.firstPosition + index;
    const outcome = this.normalisers.normalise(this.kind, this.from, raw, this.repairs, this.idsAt(line));
    if ('reject' in outcome) {
      const key = this.normalisers.keyOfRejected(this.kind, this.from, raw);
      this.reject(position, line, originalOf(batch, index), outcome.reject, key);
    } else {
      this.accepted += 1;
      if (this.saysDuplicates) this.days.add(outcome.record.record.day);
      this.targets.record(outcome.record);
    }
  }

  private reject(position: number, line: number, record: unknown, reject: Reject, key?: string): void {
    this.rejected[reject.reason] = (this.rejected[reject.reason] ?? 0) + 1;
    if (this.rejects.length < listedRejects) {
      this.rejects.push({ id: `${this.run.id}:${position}`, position: line, ...reject });
    }
    const known = key === undefined ? undefined : storedKey(this.kind, namespaceOfPush(this.call), key);
    this.targets.reject(position, line, record, reject, known);
  }
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
