import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createScheduler, type Scheduler } from '../../src/sources/scheduler.ts';
import type { Source } from '../../src/sources/source.ts';
import { openYaml } from './support.ts';

describe('the scheduler', () => {
  const day = 86_400_000;
  const triggered: { source: string; at: string; due: string }[] = [];
  const lines: { msg?: string; source?: string }[] = [];
  const logger = pino(
    { level: 'warn' },
    { write: (line) => lines.push(JSON.parse(line) as { msg: string }) },
  );
  let scheduler: Scheduler | undefined;
  let sources: readonly Source[];

  beforeEach(async () => {
    triggered.length = 0;
    lines.length = 0;
    sources = await openYaml(`
sources:
  - { name: nightly, kind: opportunity, url: "http://x", schedule: "30 2 * * *", timezone: America/New_York }
  - { name: hourly, kind: opportunity, url: "http://x", schedule: "0 * * * *" }
  - { name: never, kind: opportunity, url: "http://x" }
`);
    vi.useFakeTimers({ now: Date.UTC(2025, 7, 1) });
  });
  afterEach(() => {
    scheduler?.stop();
    vi.useRealTimers();
  });

  function start(trigger: (source: Source) => Promise<unknown>): Scheduler {
    scheduler = createScheduler({
      sources,
      logger,
      trigger: (source, due) => {
        triggered.push({ source: source.name, at: new Date().toISOString(), due: due.toISOString() });
        return trigger(source);
      },
    });
    scheduler.start();
    return scheduler;
  }

  /**
   * Lets time pass. All schedules here name half hours, so of each half hour only the last minute ticks: the scheduler wakes each
   * 30 seconds, and thousands of such turns of the event loop take a minute on a busy machine.
   */
  async function pass(ms: number): Promise<void> {
    const end = Date.now() + ms;
    const [halfHour, minute] = [1_800_000, 60_000];
    while (Date.now() < end) {
      const next = Math.min(end, (Math.floor(Date.now() / halfHour) + 1) * halfHour);
      vi.setSystemTime(Math.max(Date.now(), next - minute));
      await vi.advanceTimersByTimeAsync(next - Date.now());
    }
  }

  const runsOf = (source: string): string[] =>
    triggered.filter((run) => run.source === source).map(({ at }) => at);

  it('runs each source by its schedule, in its time zone', async () => {
    start(async () => undefined);
    await pass(2 * day);
    expect(runsOf('nightly')).toEqual(['2025-08-01T06:30:00.000Z', '2025-08-02T06:30:00.000Z']);
    expect(runsOf('hourly')).toHaveLength(48);
    expect(runsOf('never')).toEqual([]);
    // The instant that all processes with the schedule agree upon.
    expect(triggered.filter(({ at, due }) => at !== due)).toEqual([]);
  });

  it('never runs a source beside itself, and says which run it left out', async () => {
    let finish = (): void => undefined;
    start((source) =>
      source.name === 'hourly' ? new Promise<void>((resolve) => (finish = resolve)) : Promise.resolve(),
    );
    await pass(3 * 3_600_000);
    expect(runsOf('hourly')).toEqual(['2025-08-01T01:00:00.000Z']);
    expect(lines).toMatchObject([{ source: 'hourly' }, { source: 'hourly' }]);
    expect(lines[0]?.msg).toBe('a scheduled run was left out: the one before is still at work');
    finish();
    await pass(3_600_000);
    expect(runsOf('hourly')).toHaveLength(2);
  });

  it('goes on after a run that could not begin', async () => {
    start(() => Promise.reject(new Error('The store is away.')));
    await pass(2 * 3_600_000);
    expect(runsOf('hourly')).toHaveLength(2);
    expect(lines[0]).toMatchObject({ source: 'hourly', msg: 'a scheduled run could not begin' });
  });

  it('knows when a source is due, until it is stopped', async () => {
    const { nextRun, whyIdle, stop } = start(async () => undefined);
    const [nightly, , never] = sources as [Source, Source, Source];
    expect(nextRun('nightly')).toEqual(new Date('2025-08-01T06:30:00.000Z'));
    expect(nextRun('never')).toBeUndefined();
    expect([whyIdle(nightly), whyIdle(never)]).toEqual([undefined, undefined]);
    stop();
    expect(nextRun('nightly')).toBeUndefined();
    expect([whyIdle(nightly), whyIdle(never)]).toEqual([
      expect.stringMatching(/^SCHEDULER is off .* Set SCHEDULER=on/),
      undefined,
    ]);
    await pass(day);
    expect(triggered).toEqual([]);
  });

  it('takes on other sources: those that are gone run no more, and those that stay keep their place in time', async () => {
    const { setSources, nextRun, stop, start: startAgain } = start(async () => undefined);
    const [nightly, hourly] = sources as [Source, Source];
    await pass(3_600_000 - 1);
    const daily = await openYaml(
      'sources: [{ name: daily, kind: opportunity, url: "http://x", schedule: "0 3 * * *" }]',
    );
    setSources([hourly, ...daily]);
    await pass(day);
    expect(runsOf('nightly')).toEqual([]);
    expect(runsOf('hourly')[0]).toBe('2025-08-01T01:00:00.000Z');
    expect(runsOf('hourly')).toHaveLength(24);
    expect(runsOf('daily')).toEqual(['2025-08-01T03:00:00.000Z']);
    stop();
    setSources([nightly]);
    expect(nextRun('nightly')).toBeUndefined();
    startAgain();
    expect(nextRun('nightly')).toEqual(new Date('2025-08-02T06:30:00.000Z'));
  });
});
