import type { DayRange } from '../../metrics/query.ts';
import type { Day } from '../../records/day.ts';
import type { AttributionQueue } from '../attribution/queue.ts';
import type { PulledKind, StoredRecord } from '../kinds/kind.ts';
import { opportunityTable } from '../kinds/opportunity-table.ts';
import type { DayChanges, IngestRun } from '../runs/run.ts';
import type { DayMerger } from '../storage/merge-days.ts';
import type { Applied, Extent, RunStage } from '../storage/stage.ts';
import { describeLoss, lossOf, takesTooMuch } from './guard.ts';

/** Runs a step; an error is kept as a failure of the run, which goes on. */
export type RunStep = (step: () => Promise<void>) => Promise<void>;

export interface WritingOptions {
  readonly run: IngestRun;
  readonly kind: Pick<PulledKind<StoredRecord>, 'attributed' | 'isMerged' | 'table'>;
  readonly stage: Pick<RunStage<never>, 'apply' | 'changes' | 'weigh' | 'progress'>;
  readonly queue: AttributionQueue;
  readonly merger: DayMerger;
  readonly signal: AbortSignal;
  readonly attempt: RunStep;
}

/** One run's writing of what it has staged. */
export interface Writing {
  readonly applied: Omit<Applied, 'touched'>;
  /** The difference by day, where the run only tells of it. */
  readonly changes: readonly DayChanges[];
  /** Days whose rows have changed, or may have. */
  readonly touched: ReadonlySet<Day>;
  /** Whether stored rows have changed, or may have. */
  readonly hasStored: boolean;
  /** A sentence on what the run would take away, where that is more than half of what is stored; empty otherwise. */
  weigh(extent: Extent): Promise<string>;
  /** Finds the difference and writes nothing. */
  compare(extent: Extent): Promise<void>;
  /** Writes the difference and attributes the days that it touched, whatever became of the write. */
  write(extent: Extent): Promise<void>;
}

export function createWriting(options: WritingOptions): Writing {
  const { run, kind, stage, queue, merger, signal, attempt } = options;
  const side = kind.attributed;
  let applied: Omit<Applied, 'touched'> = { written: 0, changed: 0, removed: 0, outdated: 0, superseded: 0 };
  let changes: readonly DayChanges[] = [];
  let touched: ReadonlySet<Day> = new Set();
  const marked = new Set<Day>();

  const mark = async (days: Iterable<Day>): Promise<void> => {
    const fresh = [...days];
    if (side !== undefined) await queue.mark(run.workspace, side, fresh);
    for (const day of fresh) marked.add(day);
  };

  return {
    get applied() {
      return applied;
    },
    get changes() {
      return changes;
    },
    get touched() {
      return touched;
    },
    get hasStored() {
      return applied.written > 0 || marked.size > 0;
    },
    async weigh(extent) {
      let loss = '';
      await attempt(async () => {
        const { stored, staged, days } = await stage.weigh(extent);
        if (!takesTooMuch({ before: stored, after: staged })) return;
        // Closer: some of it may only be what could not be read.
        const found = await stage.changes(extent);
        const exact = lossOf(stored, found);
        if (!takesTooMuch(exact)) return;
        changes = found;
        loss = describeLoss(exact, days);
      });
      return loss;
    },
    compare: (extent) =>
      attempt(async () => {
        changes = await stage.changes(extent);
      }),
    async write(extent) {
      let hasFailed = true;
      await attempt(async () => {
        const result = await stage.apply({ ...extent, signal, onDays: mark });
        applied = result;
        touched = result.touched;
        hasFailed = false;
      });
      if (hasFailed) touched = marked;
      // What an earlier attempt wrote is no difference any more, but its process may have ended before attributing it.
      if (run.attempt > 1) {
        await attempt(() => mark([...run.days, ...stage.progress().days].filter((day) => !marked.has(day))));
      }
      // Whatever became of the write: days that may have changed are attributed anew.
      await attempt(async () => {
        const ranges =
          side === undefined
            ? []
            : await queue.settle(run.workspace, side, marked, { requestId: run.requestId });
        if (kind.isMerged) merger.add(kind.table.name, touched);
        merger.add(opportunityTable.name, ranges.flatMap(daysOf));
      });
    },
  };
}

function daysOf(range: DayRange): Day[] {
  return Array.from({ length: range.to - range.from + 1 }, (_, index) => range.from + index);
}
