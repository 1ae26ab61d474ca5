import type { Day } from '../../records/day.ts';
import type { IngestRun } from '../run.ts';

/** From which day to ask, where the caller named none: what may have been restated since the last good run is read again. */
export const overlapFrom = (watermark: Day | undefined, restatesDays: number): Day | undefined =>
  watermark === undefined ? undefined : watermark - restatesDays;

/**
 * Up to which day the source's data are complete after a good run: the last day that it returned, but not beyond the day it
 * ran on (a feed may hold one wrong date in the future). A source that lags behind is so asked again for what it lacked.
 * A run that began behind the watermark leaves a gap, and moves nothing.
 */
export function watermarkAfter(run: IngestRun, before: Day | undefined, today: Day): Day | undefined {
  const last = run.days.at(-1);
  if (run.dryRun || run.replayOf !== '' || last === undefined) return before;
  const reached = Math.min(last, today, run.until ?? last);
  if (before === undefined) return reached;
  const leavesGap = run.since !== undefined && run.since > before + 1;
  return leavesGap ? before : Math.max(before, reached);
}
