import { uuidv7 } from 'uuidv7';
import type { Requester } from '../../access/caller.ts';
import type { Logger } from '../../logger.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { Day } from '../../records/day.ts';
import { pushSource } from '../../records/names.ts';
import type { Clock } from '../../time.ts';
import { type IngestRun, newRun } from '../runs/run.ts';
import type { RunRepository } from '../runs/run-table.ts';

/** Names of callers that a run lists; more are told by an ellipsis. */
const maxNames = 5;
const maxUnknownNames = 100;
const otherNames = '(other)';

/** What one push, or a part of it, adds to its run. */
export interface PushCounts {
  readonly read: number;
  /** Records that wait in the buffer. */
  readonly waiting: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly skipped: Readonly<Record<string, number>>;
  readonly repairs: Readonly<Record<string, number>>;
  readonly unknownFields: Readonly<Record<string, number>>;
  readonly bytes: number;
  /**
   * By day: rows that others of their push took the place of, without anybody having said that they should. 0: somebody has said
   * what rows of that day with one key mean.
   */
  readonly folded: ReadonlyMap<Day, number>;
}

/**
 * The run that counts what is pushed of one kind into one workspace during some minutes. It says `succeeded` whenever all
 * of that is stored, and `running` while some of it waits in the buffer.
 */
export class PushRun {
  readonly id = uuidv7();
  readonly workspace: string;
  readonly kind: RecordKind;
  readonly startedAt: number;
  private readonly requestId: string;
  private readonly owner: string;
  private readonly names = new Set<string>();
  private readonly rejected = new Map<string, number>();
  private readonly skipped = new Map<string, number>();
  private readonly repairs = new Map<string, number>();
  private readonly unknownFields = new Map<string, number>();
  private positions = 0;
  private read = 0;
  private bytes = 0;
  private changedAt: number;
  /** Records that are in the buffer and not yet in ClickHouse. */
  waiting = 0;
  private readonly foldedOn = new Map<Day, number>();
  /** See `PushCounts`: of all days, those included of which somebody has said something since. */
  folded = 0;
  /** Whether the stored row is behind. */
  isDirty = false;

  /** @param now epoch milliseconds */
  constructor(kind: RecordKind, caller: Requester, owner: string, now: number) {
    this.kind = kind;
    this.workspace = caller.workspace;
    this.requestId = caller.requestId;
    this.owner = owner;
    this.startedAt = now;
    this.changedAt = now;
  }

  /** Takes the next `count` positions of the run, and gives the first. */
  reserve(count: number): number {
    const first = this.positions + 1;
    this.positions += count;
    return first;
  }

  addName(name: string): void {
    if (this.names.size <= maxNames) this.names.add(name);
  }

  add(counts: PushCounts, now: number): void {
    this.read += counts.read;
    this.waiting += counts.waiting;
    this.bytes += counts.bytes;
    for (const [day, count] of counts.folded) {
      this.folded += count;
      this.foldedOn.set(day, count === 0 ? 0 : (this.foldedOn.get(day) ?? 0) + count);
    }
    addAll(this.rejected, counts.rejected);
    addAll(this.skipped, counts.skipped);
    addAll(this.repairs, counts.repairs);
    for (const [name, count] of Object.entries(counts.unknownFields)) {
      const isCounted = this.unknownFields.has(name) || this.unknownFields.size < maxUnknownNames;
      increase(this.unknownFields, isCounted ? name : otherNames, count);
    }
    this.touch(now);
  }

  /** Records that the buffer held are in ClickHouse, or were refused by it for good. */
  addDrained(drained: Drained, now: number): void {
    this.waiting -= drained.records;
    if (drained.outdated > 0) increase(this.skipped, 'outdated', drained.outdated);
    if (drained.refused > 0) increase(this.rejected, 'refused_by_store', drained.refused);
    this.touch(now);
  }

  toRun(): IngestRun {
    const isStored = this.waiting <= 0;
    const written = Math.max(
      0,
      this.read - total(this.rejected) - total(this.skipped) - Math.max(0, this.waiting),
    );
    const names = [...this.names];
    return newRun({
      id: this.id,
      workspace: this.workspace,
      triggerId: this.id,
      source: pushSource,
      mode: 'upsert',
      requestedBy: [...names.slice(0, maxNames), ...(names.length > maxNames ? ['…'] : [])].join(', '),
      requestId: this.requestId,
      owner: this.owner,
      status: isStored ? 'succeeded' : 'running',
      createdAt: this.startedAt,
      startedAt: this.startedAt,
      finishedAt: isStored ? this.changedAt : undefined,
      recordsRead: this.read,
      recordsWritten: written,
      // What was stored before is not looked at: every pushed record counts as a change.
      recordsChanged: written,
      recordsSkipped: Object.fromEntries(this.skipped),
      recordsRejected: Object.fromEntries(this.rejected),
      repairs: Object.fromEntries(this.repairs),
      unknownFields: Object.fromEntries(this.unknownFields),
      folded: new Map(this.foldedOn),
      bytesRead: this.bytes,
    });
  }

  private touch(now: number): void {
    this.changedAt = now;
    this.isDirty = true;
  }
}

/** What became of records that the buffer held. */
export interface Drained {
  readonly records: number;
  /** Of them, those that the store had a newer state of. */
  readonly outdated: number;
  /** Of them, those that the store refused for good. */
  readonly refused: number;
}

const increase = (counts: Map<string, number>, name: string, by: number): void => {
  counts.set(name, (counts.get(name) ?? 0) + by);
};

const addAll = (counts: Map<string, number>, more: Readonly<Record<string, number>>): void => {
  for (const [name, count] of Object.entries(more)) if (count > 0) increase(counts, name, count);
};

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

/** Pushes of this long are counted by one run. */
const windowMs = 600_000;

/** How often the rows of runs that go on are renewed. */
const saveEveryMs = 2_000;

/** The runs of pushed records: one for each kind and workspace and window of time. */
export interface PushRuns {
  /** The run that counts what this caller pushes now. */
  of(kind: RecordKind, caller: Requester): PushRun;
  /** Counts what was pushed. */
  add(run: PushRun, counts: PushCounts): void;
  /** Records that the buffer held have been dealt with. They are counted in the order in which they were accepted. */
  drained(kind: RecordKind, workspace: string, drained: Drained): void;
  /** Stores what has changed; failures are logged, and made good by the next time. */
  save(): Promise<void>;
  /** Stores what has changed and ends the background work. */
  stop(): Promise<void>;
}

/** @param options.isStoreAway while it is, saving is put off */
export function createPushRuns(options: {
  runs: RunRepository;
  owner: string;
  clock: Clock;
  logger: Logger;
  isStoreAway: () => boolean;
  onPush: (kind: RecordKind, counts: PushCounts, folded: number) => void;
}): PushRuns {
  const { runs, owner, clock, logger, isStoreAway, onPush } = options;
  /** By kind and workspace, oldest first: the last one counts; the others have records in the buffer, or a row to save. */
  const windows = new Map<string, PushRun[]>();
  let timer: NodeJS.Timeout | undefined;
  let saving: Promise<void> = Promise.resolve();

  const listOf = (kind: RecordKind, workspace: string): PushRun[] => {
    const key = `${kind} ${workspace}`;
    const list = windows.get(key) ?? [];
    windows.set(key, list);
    return list;
  };

  const of = (kind: RecordKind, caller: Requester): PushRun => {
    const list = listOf(kind, caller.workspace);
    let run = list.at(-1);
    const now = clock.now();
    if (run === undefined || now >= run.startedAt + windowMs) {
      run = new PushRun(kind, caller, owner, now);
      list.push(run);
    }
    run.addName(caller.name);
    return run;
  };

  /** Rows of a kind that were folded in the runs that count now, of all workspaces. */
  const foldedNow = (kind: RecordKind): number => {
    const since = clock.now() - windowMs;
    return [...windows.values()]
      .flatMap((list) => list.slice(-1))
      .filter((run) => run.kind === kind && run.startedAt > since)
      .reduce((sum, { folded }) => sum + folded, 0);
  };

  const saveAll = async (): Promise<void> => {
    for (const list of windows.values()) {
      for (const run of [...list]) {
        if (run.isDirty) {
          run.isDirty = false;
          try {
            await runs.save(run.toRun());
          } catch (error) {
            run.isDirty = true;
            throw error;
          }
        }
        const isOver = run !== list.at(-1) && run.waiting <= 0 && !run.isDirty;
        if (isOver) list.splice(list.indexOf(run), 1);
      }
    }
  };

  const save = (): Promise<void> => {
    saving = saving.then(saveAll).catch((error: unknown) => {
      logger.warn({ err: error }, 'the runs of pushed records could not be stored; they are tried again');
      schedule();
    });
    return saving;
  };

  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (isStoreAway()) schedule();
      else void save();
    }, saveEveryMs).unref();
  };

  return {
    of,
    add(run, counts) {
      run.add(counts, clock.now());
      onPush(run.kind, counts, foldedNow(run.kind));
      schedule();
    },
    drained(kind, workspace, drained) {
      let { records } = drained;
      const list = listOf(kind, workspace);
      const now = clock.now();
      for (const run of list) {
        const share = Math.min(records, Math.max(0, run.waiting));
        if (share === 0) continue;
        records -= share;
        const isLast = records === 0;
        run.addDrained({ ...(isLast ? drained : { outdated: 0, refused: 0 }), records: share }, now);
      }
      if (records > 0) {
        // An earlier process had accepted them and ended before they were stored.
        const run = of(kind, { workspace, requestId: '', name: 'an earlier process' });
        run.add({ ...nothing, read: records }, now);
        run.addDrained({ ...drained, records: 0 }, now);
      }
      if (drained.refused > 0) {
        onPush(kind, { ...nothing, rejected: { refused_by_store: drained.refused } }, foldedNow(kind));
      }
      schedule();
    },
    save,
    async stop() {
      clearTimeout(timer);
      if (!isStoreAway()) await save();
      clearTimeout(timer);
    },
  };
}

const nothing = {
  read: 0,
  waiting: 0,
  rejected: {},
  skipped: {},
  repairs: {},
  unknownFields: {},
  bytes: 0,
  folded: new Map<Day, number>(),
};
