import type { Requester } from '../../access/caller.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { RecordKind } from '../../records/contract.ts';
import type { RunRepository } from '../run-repository.ts';
import { type Drained, type PushCounts, PushRun } from './push-run.ts';

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
  folded: 0,
};
