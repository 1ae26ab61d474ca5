import { Cron } from 'croner';
import type { Logger } from '../logger.ts';
import type { Source } from './source.ts';

/** Runs sources by their schedules. */
export interface Scheduler {
  start(): void;
  /** No run begins any more; those at work go on. */
  stop(): void;
  /** Other sources; those that are the same objects as before keep their place in time. */
  setSources(sources: readonly Source[]): void;
  /** When a source is due next; undefined without a schedule, or while stopped. */
  nextRun(source: string): Date | undefined;
}

/**
 * Makes the scheduler; `start` sets it off.
 *
 * @param options.trigger runs a source and resolves when that has ended: until then the source is not run again. It gets the
 *   instant for which the run was scheduled, which is the same in every process that has the schedule, whatever its clock.
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
  // croner's own `protect` would complain of a run that is at work every 30 s, and make up for what was left out.
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
  // What has not changed keeps its job: one that is due at this moment is not missed.
  const schedulePending = (): void => {
    for (const source of sources)
      if (source.schedule !== undefined && !jobs.has(source.name)) schedule(source, source.schedule);
  };

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
    nextRun: (source) => jobs.get(source)?.job.nextRun() ?? undefined,
  };
}
