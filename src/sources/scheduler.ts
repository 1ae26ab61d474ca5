import { Cron } from 'croner';
import type { Logger } from '../logger.ts';
import type { Source } from './source.ts';

/** Returns a sentence on the sources whose schedules a process with SCHEDULER=off does not run; undefined if there are none. */
export function schedulesNotRun(
  sources: readonly { readonly name: string; readonly schedule?: string | undefined }[],
): string | undefined {
  const names = sources.filter(({ schedule }) => schedule !== undefined).map(({ name }) => name);
  if (names.length === 0) return undefined;
  const whose = names.length === 1 ? 'a source' : `${names.length} sources`;
  return `SCHEDULER is off, so this process does not run the \`schedule\` of ${whose}: ${names.join(', ')}. Set SCHEDULER=on, unless another process has it or something else calls triggerIngest.`;
}

/** Runs sources by their schedules. */
export interface Scheduler {
  start(): void;
  /** Starts no more runs. Active runs continue. */
  stop(): void;
  /** Replaces the sources. Those that are the same objects as before keep their next due time. */
  setSources(sources: readonly Source[]): void;
  /** Returns when a source is due next; undefined without a schedule or while stopped. */
  nextRun(source: string): Date | undefined;
  /** Returns a sentence on why the schedule of a source does not run; undefined if it runs or if there is none. */
  whyIdle(source: Pick<Source, 'name' | 'schedule'>): string | undefined;
}

/**
 * Creates a stopped scheduler.
 *
 * @param options.trigger runs a source and resolves when the run has ended; until then the source is not run again. `due` is the
 *   scheduled instant, which is the same in every process with the schedule, whatever its clock.
 */
export function createScheduler(options: {
  sources: readonly Source[];
  trigger: (source: Source, due: Date) => Promise<unknown>;
  logger: Logger;
}): Scheduler {
  const { trigger, logger } = options;
  let { sources } = options;
  let isOn = false;
  const jobs = new Map<string, { readonly source: Source; readonly job: Cron }>();
  // croner's `protect` would log an active run every 30 s and catch up on skipped runs.
  const atWork = new Set<string>();

  const run = async (source: Source, due: Date): Promise<void> => {
    const { name } = source;
    if (atWork.has(name)) {
      logger.warn({ source: name }, 'a scheduled run was left out: the one before is still at work');
      return;
    }
    atWork.add(name);
    try {
      await trigger(source, due);
    } catch (error) {
      logger.error({ err: error, source: name }, 'a scheduled run could not begin');
    } finally {
      atWork.delete(name);
    }
  };

  const schedule = (source: Source, pattern: string): void => {
    let due: Date | null = null;
    const job: Cron = new Cron(pattern, { timezone: source.rules.timezone }, () => {
      const scheduled = due ?? new Date();
      due = job.nextRun();
      return run(source, scheduled);
    });
    due = job.nextRun();
    jobs.set(source.name, { source, job });
    logger.info({ source: source.name, next: due }, 'source is scheduled');
  };
  const unschedule = (gone: (source: Source) => boolean): void => {
    for (const [name, { source, job }] of jobs) {
      if (!gone(source)) continue;
      job.stop();
      jobs.delete(name);
    }
  };
  // An unchanged source keeps its job, so that a run due now is not missed.
  const schedulePending = (): void => {
    for (const source of sources)
      if (source.schedule !== undefined && !jobs.has(source.name)) schedule(source, source.schedule);
  };
  const nextRun: Scheduler['nextRun'] = (source) => jobs.get(source)?.job.nextRun() ?? undefined;

  return {
    start() {
      isOn = true;
      schedulePending();
    },
    stop() {
      isOn = false;
      unschedule(() => true);
    },
    setSources(next) {
      sources = next;
      unschedule((source) => !sources.includes(source));
      if (isOn) schedulePending();
    },
    nextRun,
    whyIdle({ name, schedule: pattern }) {
      if (pattern === undefined || nextRun(name) !== undefined) return undefined;
      return isOn
        ? 'Its schedule names no time to come.'
        : 'SCHEDULER is off in the process that answers, so it does not run this schedule. Set SCHEDULER=on, or start runs with triggerIngest.';
    },
  };
}
