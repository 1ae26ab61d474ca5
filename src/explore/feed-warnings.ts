import { Cron } from 'croner';
import type { IngestRun } from '../ingest/runs/run.ts';
import type { RunReads } from '../ingest/runs/run-reads.ts';
import type { DataScope } from '../metrics/data-scope.ts';
import type { DayRange } from '../metrics/query.ts';
import type { Warning } from '../metrics/warnings.ts';
import type { Source } from '../sources/source.ts';
import { conflictWarnings } from './conflicting-rows.ts';
import { loadFreshness, type SourceFreshness } from './feed-quality.ts';
import type { Reader } from './reader.ts';

const hourMs = 3_600_000;

/** What is to be minded about the feeds of a workspace when figures of a range are used. Of one request: it asks once a range. */
export type FeedWarnings = (range: DayRange) => Promise<readonly Warning[]>;

/** @param options.scope without a policy: who sees some rows only is not told of feeds, which have no channel */
export function createFeedWarnings(options: {
  reader: Reader;
  runs: Pick<RunReads, 'list'>;
  scope: DataScope;
  /** Those of the workspace. */
  sources: readonly Source[];
  now: () => number;
}): FeedWarnings {
  const { reader, runs, scope, sources, now } = options;
  const asked = new Map<string, Promise<readonly Warning[]>>();
  let ofWorkspace: Promise<[readonly SourceFreshness[], readonly IngestRun[]]> | undefined;
  const load = async (range: DayRange): Promise<readonly Warning[]> => {
    ofWorkspace ??= Promise.all([
      loadFreshness(reader, scope, []),
      runs.list({ status: 'held', limit: mostHeld }),
    ]);
    const [[freshness, held], conflicts] = await Promise.all([
      ofWorkspace,
      conflictWarnings(reader, scope, range, sources),
    ]);
    return [...staleSourceWarnings(sources, freshness, now()), ...heldRunWarnings(held, range), ...conflicts];
  };
  return (range) => {
    const key = `${range.from} ${range.to}`;
    const answer = asked.get(key) ?? load(range);
    asked.set(key, answer);
    return answer;
  };
}

/** More held runs of a workspace are not looked at. */
const mostHeld = 100;

/**
 * Returns a warning for each source whose last good run is older than its schedule says. A run has half the time until the next
 * one, at most an hour, to end. A source that has never run is none: its first run is still to come.
 */
export const staleSourceWarnings = (
  sources: readonly Pick<Source, 'name' | 'schedule' | 'rules'>[],
  freshness: readonly SourceFreshness[],
  nowMs: number,
): Warning[] =>
  sources.flatMap(({ name, schedule, rules }) => {
    const known = freshness.find(({ source }) => source === name);
    if (schedule === undefined || !known?.lastFinishedAt) return [];
    const due = lastDue(schedule, rules.timezone, nowMs);
    const good = known.lastSucceededAt;
    if (due === undefined || (good !== null && good.getTime() >= due.getTime())) return [];
    const since = good === null ? 'has not had a good run' : `had its last good run at ${instant(good)}`;
    const message = `${name} ${since}; its schedule (${schedule}, ${rules.timezone}) had one at ${instant(due)}. Figures may be older than they look.`;
    return [{ code: 'STALE_SOURCE', message } as const];
  });

const instant = (at: Date): string => at.toISOString().replace(/:\d\d\.\d{3}Z$/, 'Z');

/** The last instant of a schedule whose run should have ended by now. */
function lastDue(schedule: string, timezone: string, nowMs: number): Date | undefined {
  const job = new Cron(schedule, { timezone, paused: true });
  const [latest, before] = job.previousRuns(2, new Date(nowMs));
  if (latest === undefined) return undefined;
  const next = job.nextRun(new Date(nowMs))?.getTime() ?? Number.POSITIVE_INFINITY;
  const timeToEnd = Math.min((next - latest.getTime()) / 2, hourMs);
  return nowMs - latest.getTime() >= timeToEnd ? latest : before;
}

/** Returns a warning for each run that is held and has read days of the range: their figures are those of before. */
const heldRunWarnings = (held: readonly IngestRun[], { from, to }: DayRange): Warning[] =>
  held
    .filter(({ days }) => days.some((day) => day >= from && day <= to))
    .map(({ id, source }) => ({
      code: 'HELD_RUN',
      message: `${source}: run ${id} is held, since it would take a lot away. Days of the range have the figures of before: approve the run, or cancel it.`,
    }));
