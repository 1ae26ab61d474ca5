import { Cron } from 'croner';
import type { Logger } from '../../logger.ts';
import type { Source } from './source.ts';

/** Runs sources by their schedules. */
export interface Scheduler {
  start(): void;
  /** No run begins any more; those at work go on. */
  stop(): void;
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
  const { sources, trigger, logger } = options;
  let jobs = new Map<string, Cron>();
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

  return {
    start() {
      if (jobs.size > 0) return;
      const scheduled = sources.flatMap((source) =>
        source.schedule === undefined ? [] : [{ source, schedule: source.schedule }],
      );
      jobs = new Map(
        scheduled.map(({ source, schedule }) => {
          const { timezone } = source.rules;
          let due: Date | null = null;
          const job: Cron = new Cron(schedule, { timezone }, () => {
            const scheduled = due ?? new Date();
            due = job.nextRun();
            return run(source, scheduled);
          });
          due = job.nextRun();
          return [source.name, job];
        }),
      );
      for (const [source, job] of jobs) logger.info({ source, next: job.nextRun() }, 'source is scheduled');
    },
    stop() {
      for (const job of jobs.values()) job.stop();
      jobs = new Map();
    },
    nextRun: (source) => jobs.get(source)?.nextRun() ?? undefined,
  };
}
