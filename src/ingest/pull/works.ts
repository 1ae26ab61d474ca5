import type { Day } from '../../records/day.ts';
import type { Source } from '../../sources/source.ts';
import type { Work } from '../runs/executions.ts';
import { endedWell, type IngestRun } from '../runs/run.ts';
import type { RunRepository } from '../runs/run-table.ts';
import { type PullDeps, pull } from './pull.ts';
import type { RawLanding } from './raw-landing.ts';
import { overlapFrom, watermarkAfter } from './trigger-input.ts';

export interface WorksOptions extends PullDeps {
  readonly runs: Pick<RunRepository, 'watermark' | 'columns' | 'daysReadSince'>;
  /** Undefined: nothing is kept for replays. */
  readonly landing: RawLanding | undefined;
  readonly today: () => Day;
}

/** What a run can do: ask its source, or read again what an earlier run had read. */
export interface Works {
  pullOf(source: Source): Work;
  /** @param original the run whose landed data are read again, by today's rules */
  replayOf(original: IngestRun, source: Source, landing: RawLanding): Work;
  /**
   * What a run had read before it was held, written whatever it takes away.
   *
   * @param original the run that had read it: the held one itself, or the one that it replayed
   */
  approvalOf(held: IngestRun, original: IngestRun, source: Source, landing: RawLanding): Work;
}

export function createWorks(options: WorksOptions): Works {
  const { runs, logger } = options;

  const watermarkOf = (source: Source): Promise<Day | undefined> =>
    runs.watermark(source).catch(() => undefined);

  const withWatermark = (ended: IngestRun, before: Day | undefined): IngestRun =>
    endedWell(ended) ? { ...ended, watermark: watermarkAfter(ended, before, options.today()) } : ended;

  const replay =
    (original: IngestRun, source: Source, landing: RawLanding, isGuarded: boolean): Work =>
    async (run, signal, report, lease) => {
      const readAt = original.startedAt ?? original.createdAt;
      const replaces = run.mode === 'replace';
      return pull(options, source, run, {
        pages: landing.pages(original),
        landing: undefined,
        columnsBefore: {},
        // With `replace`, a day belongs to the newest run that read it. With `upsert`, each record to its newest state.
        skipDays: replaces ? await runs.daysReadSince(source, readAt) : new Set<Day>(),
        version: replaces ? (run.startedAt ?? run.createdAt) * 1_000 : readAt * 1_000,
        isGuarded,
        signal,
        lease,
        report,
      });
    };

  return {
    pullOf: (source) => async (run, signal, report, lease) => {
      const before = await watermarkOf(source);
      const overlap =
        run.since === undefined && source.isIncremental
          ? overlapFrom(before, source.restatesDays)
          : undefined;
      // Of days before the watermark it says nothing.
      const isAfterEnd = overlap !== undefined && run.until !== undefined && overlap > run.until;
      const asked: IngestRun = { ...run, overlapFrom: isAfterEnd ? undefined : overlap };
      const since = asked.since ?? asked.overlapFrom;
      const pages = source.pages({
        ...(since === undefined ? {} : { since }),
        ...(asked.until === undefined ? {} : { until: asked.until }),
        signal,
        logger: logger.child({ runId: run.id }),
        requestId: run.requestId,
      });
      const ended = await pull(options, source, asked, {
        pages,
        landing: run.dryRun ? undefined : options.landing,
        skipDays: new Set(),
        columnsBefore: await runs.columns(source).catch(() => ({})),
        version: (run.startedAt ?? run.createdAt) * 1_000,
        isGuarded: run.guard && source.feed.isGuarded,
        signal,
        lease,
        report,
      });
      return withWatermark(ended, before);
    },
    replayOf: (original, source, landing) => replay(original, source, landing, source.feed.isGuarded),
    approvalOf: (held, original, source, landing) => async (run, signal, report, lease) => {
      const before = await watermarkOf(source);
      const read = { ...original, startedAt: held.startedAt };
      const ended = await replay(read, source, landing, false)(run, signal, report, lease);
      return withWatermark(ended, before);
    },
  };
}
