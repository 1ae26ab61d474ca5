import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startSourceServer, text } from '../support/source-server.ts';
import { type ClickHouse, startClickHouse } from './clickhouse.ts';
import { inTemporaryFolder } from './folders.ts';
import { createGenerations, type Generations, readGenerations } from './generations.ts';
import type { Program } from './program.ts';
import { createRandom } from './random.ts';
import { createFindings, type Findings } from './report.ts';
import { newestRun, pullAgain } from './runs.ts';
import { defineScenario } from './scenario.ts';
import type { SqlReader } from './sql-reader.ts';
import { withProgram } from './subject.ts';
import { startWatchers } from './watchers.ts';

interface Phase {
  readonly name: string;
  readonly kills: number;
  readonly days: number;
  readonly rowsPerDay: number;
}

const victims = ['program', 'clickhouse', 'both'] as const;

/** Runs with REPLACE, killed at random moments, while readers sum up every day. */
export const replace = defineScenario<{ phases: readonly Phase[] }>({
  name: 'replace',
  law: 'nobody sees a day that is half of one feed and half of the next, and after a crash each day is of one generation',
  sizes: {
    test: { phases: [{ name: 'small days', kills: 3, days: 4, rowsPerDay: 300 }] },
    full: {
      phases: [
        { name: 'small days', kills: 185, days: 5, rowsPerDay: 2_000 },
        // More rows than ClickHouse takes as one block by itself.
        { name: 'large days', kills: 15, days: 2, rowsPerDay: 150_000 },
      ],
    },
  },
  run: ({ phases }, { command, progress }) =>
    inTemporaryFolder(async (folder) => {
      const findings = createFindings();
      const clickhouse = await startClickHouse(join(folder, 'clickhouse'));
      try {
        for (const phase of phases)
          await killRuns(phase, {
            clickhouse,
            command,
            folder: join(folder, phase.name),
            progress,
            findings,
          });
      } finally {
        await clickhouse.stop();
      }
      return findings.report();
    }),
});

async function killRuns(
  phase: Phase,
  given: {
    clickhouse: ClickHouse;
    command: readonly [string, ...string[]];
    folder: string;
    progress: (text: string) => void;
    findings: Findings;
  },
): Promise<void> {
  const { clickhouse, command, findings } = given;
  const generations = createGenerations(phase);
  const seed = Date.now() % 1_000_000;
  const random = createRandom(seed);
  let feed: Buffer = Buffer.alloc(0);
  const source = await startSourceServer((request, response) =>
    text(feed, { 'content-type': 'application/x-ndjson' })(request, response),
  );
  // Those who ask by GraphQL are answered from rollups where they can be.
  const environment = { ADS_API_URL: `${source.url}/ads`, ROLLUPS_MIN_ROWS: '0', RESPONSE_CACHE_TTL_MS: '0' };
  const counts: Counts = { betweenDays: 0, resumed: 0, neverBegun: 0, failed: 0, wrong: 0, tooLate: 0 };
  try {
    await withProgram({ clickhouse, command, dataDir: given.folder, environment }, async (subject) => {
      const { program, sql, ended } = subject;
      await program.start();
      feed = generations.feed(0);
      const startedAt = performance.now();
      await pullAgain(program);
      let usualMs = performance.now() - startedAt;
      const watchers = startWatchers(sql, program, generations, ended);
      for (let round = 1; round <= phase.kills; round++) {
        feed = generations.feed(round);
        const before = (await newestRun(program))?.id;
        const victim = victims[round % victims.length] ?? 'both';
        const ms = await pullAndKill(program, clickhouse, victim, random() * usualMs * 1.1);
        if (ms !== undefined) {
          counts.tooLate += 1;
          usualMs = (usualMs + ms) / 2;
        }
        await clickhouse.start();
        const days = [...(await readGenerations(sql, generations)).values()];
        if (new Set(days).size > 1) counts.betweenDays += 1;
        await program.readyAgain(60_000);
        await untilApplied(program, before, counts);
        const after = [...(await readGenerations(sql, generations)).values()];
        counts.wrong += after.filter((found) => found !== round).length;
        given.progress(`${phase.name}: kill ${round} of ${phase.kills}`);
      }
      await watchers.stop();
      await note(phase, { sql, generations, watchers, counts, seed, usualMs, findings });
    });
  } finally {
    await source.close();
  }
}

/** How long the run took, where it had ended well before the kill. */
async function pullAndKill(
  program: Program,
  clickhouse: ClickHouse,
  victim: (typeof victims)[number],
  afterMs: number,
): Promise<number | undefined> {
  const begun = performance.now();
  const pulled = program
    .graphql<{ triggerIngest: { runs: { status: string }[] } }>(
      'mutation { triggerIngest(input: { wait: true }) { runs { status } } }',
    )
    .then(({ triggerIngest }) => triggerIngest.runs[0]?.status === 'SUCCEEDED')
    // Whoever answers has been killed.
    .catch(() => false)
    .then((succeeded) => (succeeded ? performance.now() - begun : undefined));
  await delay(afterMs);
  await Promise.all([
    victim === 'clickhouse' ? undefined : program.killHard(),
    victim === 'program' ? undefined : clickhouse.killHard(),
  ]);
  return pulled;
}

/**
 * Waits until the run has ended, which is begun again at the next start where the program was killed; where it did not end well or
 * was never begun, asks again, as a scheduler would.
 *
 * @param before id of the newest run before
 */
async function untilApplied(program: Program, before: string | undefined, counts: Counts): Promise<void> {
  const run = await newestRun(program);
  const isNew = run !== undefined && run.id !== before;
  if (!isNew) counts.neverBegun += 1;
  else if (run.status !== 'SUCCEEDED') counts.failed += 1;
  else if (run.attempt > 1) counts.resumed += 1;
  if (!isNew || run.status !== 'SUCCEEDED') await pullAgain(program);
}

interface Counts {
  betweenDays: number;
  resumed: number;
  neverBegun: number;
  failed: number;
  wrong: number;
  tooLate: number;
}

async function note(
  phase: Phase,
  found: {
    sql: SqlReader;
    generations: Generations;
    watchers: ReturnType<typeof startWatchers>;
    counts: Counts;
    seed: number;
    usualMs: number;
    findings: Findings;
  },
): Promise<void> {
  const { sql, generations, watchers, counts, findings } = found;
  const name = (what: string): string => `${phase.name}: ${what}`;
  findings.number(name('seed'), found.seed);
  findings.number(name('kills'), phase.kills);
  findings.number(name('run without a kill (ms)'), found.usualMs);
  findings.number(name('killed after the run had ended'), counts.tooLate);
  findings.number(name('killed between two days'), counts.betweenDays);
  findings.number(name('runs resumed'), counts.resumed);
  findings.number(name('runs that failed and were asked for again'), counts.failed);
  findings.number(name('runs that were never begun'), counts.neverBegun);
  findings.number(name('days looked at'), watchers.looks);
  findings.number(name('mixtures seen'), watchers.mixtures);
  findings.law(name('nobody sees a mixture'), watchers.mixtures === 0, watchers.example);
  findings.number(name('steps back seen'), watchers.stepsBack);
  findings.law(name('nobody sees an older day again'), watchers.stepsBack === 0, watchers.example);
  findings.exactly(name('days of another generation afterwards'), counts.wrong, 0);
  await sql.command('OPTIMIZE TABLE ad_performance FINAL');
  const expected = generations.days.reduce((sum, day) => sum + generations.figures(phase.kills, day).rows, 0);
  findings.exactly(
    name('rows on disk'),
    await sql.count('SELECT countIf(is_deleted = 0) FROM ad_performance'),
    expected,
  );
}
