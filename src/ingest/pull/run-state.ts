import type { Day } from '../../records/day.ts';
import type { Repairs } from '../../records/outcome.ts';
import type { SourceKind } from '../../sources/mapping/source-kind.ts';
import type { RejectWriter } from '../rejects/reject-writer.ts';
import type { IngestRun } from '../runs/run.ts';
import type { RunStage } from '../storage/stage.ts';
import type { Ending } from './ending.ts';
import type { FeedColumns, FeedShape } from './feed-shape.ts';
import { overlapWarnings, overlapWith } from './overlap.ts';
import type { Reading } from './reading.ts';
import type { Writing } from './writing.ts';

/** What takes part in a run, and counts. */
export interface RunParts {
  readonly reading: Pick<Reading, 'counts'>;
  readonly stage: Pick<RunStage<never>, 'progress'>;
  readonly writing: Pick<Writing, 'applied' | 'changes' | 'touched'>;
  readonly rejects: Pick<RejectWriter, 'counts'>;
  readonly repairs: Repairs;
  readonly shape: FeedShape;
}

/** @param run as it was when it began */
export function runningState(run: IngestRun, parts: RunParts): IngestRun {
  return { ...counted(run, parts), status: 'running', days: union(run.days, parts.stage.progress().days) };
}

/**
 * @param run as it was when it began
 * @param columnsBefore of the source's last good run
 * @param feed of which kind it is, and the other sources that still deliver records of it
 */
export function finishedState(
  run: IngestRun,
  parts: RunParts,
  { status, error }: Ending,
  columnsBefore: FeedColumns,
  feed: { readonly kind: SourceKind; readonly rivals: ReadonlySet<string> },
  now: number,
): IngestRun {
  const overlap = overlapWith(feed.rivals, parts.stage.progress().overlap);
  return {
    ...counted(run, parts),
    columns: parts.shape.columns,
    overwritten: overlap.days,
    overwrittenSources: [...overlap.sources],
    warnings: [...parts.shape.changesSince(columnsBefore), ...overlapWarnings(overlap, feed.kind)],
    status,
    days: union(parts.writing.touched, parts.stage.progress().days),
    errorCode: error?.code ?? '',
    errorMessage: error?.message ?? '',
    finishedAt: now,
  };
}

function counted(run: IngestRun, { reading, stage, writing, rejects, repairs }: RunParts): IngestRun {
  const { duplicates, folded = new Map<Day, number>() } = stage.progress();
  const { applied, changes } = writing;
  return {
    ...run,
    recordsRead: reading.counts.records,
    recordsWritten: applied.written,
    recordsChanged: applied.changed,
    recordsRemoved: applied.removed,
    recordsSkipped: present({
      outside_range: reading.counts.outsideRange,
      left_out: reading.counts.leftOut,
      duplicate: duplicates.identical,
      conflicting_duplicate: duplicates.conflicting,
      summed: duplicates.summed ?? 0,
      deleted: applied.deleted ?? 0,
      outdated: applied.outdated,
      superseded: applied.superseded,
    }),
    recordsRejected: rejects.counts(),
    folded,
    repairs: repairs.toRecord(),
    unknownFields: repairs.unknownFields(),
    changes,
    bytesRead: reading.counts.bytes,
    errorCode: '',
    errorMessage: '',
  };
}

const union = (one: Iterable<Day>, other: Iterable<Day>): Day[] =>
  [...new Set([...one, ...other])].sort((a, b) => a - b);

const present = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
