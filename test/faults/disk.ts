import { setTimeout as delay } from 'node:timers/promises';
import { startStoreProxy } from '../support/proxy.ts';
import { type BadDisk, failingFsyncDisk, fullDisk, quotaDisk } from './bad-disks.ts';
import { untilDrained } from './drained.ts';
import { checkEvents } from './event-check.ts';
import { type EventLoad, startEventLoad } from './event-load.ts';
import { inTemporaryFolder } from './folders.ts';
import { createFindings, type Findings } from './report.ts';
import { defineScenario, type Surroundings } from './scenario.ts';
import { withProgram } from './subject.ts';

const eventsPerSecond = 300;
const refusedWithinMs = 1_000;
const recoveredWithinMs = 5_000;
/** What was on its way when the disk broke is answered by then. */
const graceMs = 300;

interface Size {
  readonly rounds: number;
  readonly brokenMs: number;
  /** How much longer than promised an answer may take on a machine that is busy with other tests. */
  readonly slack: number;
}

/** The disk of the write-ahead buffer is full, or its fsync fails, and heals again; the program is never restarted for it. */
export const disk = defineScenario<Size>({
  name: 'disk',
  law: 'a disk that is full or fails gives 503 within a second, never a 2xx that is not durable, and is used again within five seconds',
  sizes: {
    test: { rounds: 1, brokenMs: 1_500, slack: 5 },
    full: { rounds: 5, brokenMs: 4_000, slack: 1 },
  },
  async run(size, surroundings) {
    const findings = createFindings();
    for (const makeDisk of [failingFsyncDisk, quotaDisk, fullDisk]) {
      await inTemporaryFolder(async (parent) => {
        const bad = await makeDisk(parent);
        if (bad === undefined) {
          findings.number('full disk skipped: mounting is not allowed', 1);
          return;
        }
        try {
          await tryDisk(bad, size, surroundings, findings);
        } finally {
          await bad.remove();
        }
      });
    }
    return findings.report();
  },
});

/** ClickHouse is away while the disk is bad, so that what is acknowledged is on the disk or nowhere. */
async function tryDisk(
  bad: BadDisk,
  size: Size,
  { clickhouse, command, progress }: Surroundings,
  all: Findings,
): Promise<void> {
  const findings = named(bad.name, all);
  const proxy = await startStoreProxy(clickhouse.url);
  const { folder: dataDir, nodeArguments, environment } = bad;
  const storeUrl = proxy.url;
  const options = { clickhouse, command, dataDir, storeUrl, nodeArguments, environment };
  try {
    await withProgram(options, async ({ program, sql, ended }) => {
      await program.start();
      const events = startEventLoad({
        program,
        perSecond: eventsPerSecond,
        resend: false,
        answerWithinMs: 10_000,
        ended,
      });
      await delay(1_000);
      await proxy.away('refused');
      const worst = { recoveredMs: 0, acknowledgedWhileBroken: 0 };
      for (let round = 1; round <= size.rounds; round++) {
        const { pid } = program;
        if (pid === undefined) throw new Error(`the program ended:\n${program.complaints().join('\n')}`);
        await bad.breakNow(pid);
        await delay(graceMs);
        const before = events.acknowledged;
        await delay(size.brokenMs);
        worst.acknowledgedWhileBroken += events.acknowledged - before;
        await bad.heal(pid);
        worst.recoveredMs = Math.max(worst.recoveredMs, await untilAcknowledged(events));
        findings.law('the program goes on', program.pid === pid, 'it had to be restarted');
        progress(`${bad.name}: ${round} of ${size.rounds} rounds`);
        await delay(500);
      }
      await events.stop();
      // Only what the disk holds is left after this.
      await program.killHard();
      await proxy.back();
      await program.readyAgain(60_000);
      await untilDrained(program, 60_000);

      findings.atMost('recovered after (ms)', worst.recoveredMs, recoveredWithinMs * size.slack);
      if (bad.isTotal) findings.exactly('2xx while broken', worst.acknowledgedWhileBroken, 0);
      else findings.number('2xx while broken', worst.acknowledgedWhileBroken);
      findings.law('503 while broken', (events.outcomes.get('503') ?? 0) > 0, 'no 503 was heard');
      findings.number('answers 503', events.outcomes.get('503') ?? 0);
      findings.atMost('slowest 503 (ms)', events.slowest.get('503') ?? 0, refusedWithinMs * size.slack);
      findings.exactly('refusals without Retry-After', events.withoutRetryAfter, 0);
      const others = [...events.outcomes].filter(([outcome]) => outcome !== '202' && outcome !== '503');
      findings.law(
        'only 202 and 503',
        others.length === 0,
        others.map((entry) => entry.join(': ')).join(', '),
      );
      await checkEvents(sql, events, findings);
    });
  } finally {
    await proxy.close();
  }
}

/** Milliseconds until the next event is acknowledged. */
async function untilAcknowledged(events: EventLoad): Promise<number> {
  const started = performance.now();
  const before = events.acknowledged;
  while (events.acknowledged === before && performance.now() - started < 30_000) await delay(10);
  return performance.now() - started;
}

/** The same findings with `prefix` before every name. */
const named = (prefix: string, findings: Findings): Findings => ({
  number: (name, value) => findings.number(`${prefix}: ${name}`, value),
  law: (name, holds, otherwise) => findings.law(`${prefix}: ${name}`, holds, otherwise),
  exactly: (name, value, expected) => findings.exactly(`${prefix}: ${name}`, value, expected),
  atMost: (name, value, limit) => findings.atMost(`${prefix}: ${name}`, value, limit),
  report: () => findings.report(),
});
