import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startSourceServer, text } from '../support/source-server.ts';
import { type ClickHouse, startClickHouse } from './clickhouse.ts';
import { inTemporaryFolder } from './folders.ts';
import { createGenerations, type Generations, readGenerations } from './generations.ts';
import { createProgram, type Program } from './program.ts';
import { createRandom } from './random.ts';
import { createFindings, type Findings } from './report.ts';
import { defineScenario } from './scenario.ts';
import { createSqlReader, type SqlReader } from './sql-reader.ts';
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
  const { clickhouse, findings } = given;
  const generations = createGenerations(phase);
  const seed = Date.now() % 1_000_000;
  const random = createRandom(seed);
  const database = `faults_${randomBytes(6).toString('hex')}`;
  const sql = createSqlReader(clickhouse, database);
  let feed: Buffer = Buffer.alloc(0);
  const source = await startSourceServer((request, response) =>
    text(feed, { 'content-type': 'application/x-ndjson' })(request, response),
  );
  const program = createProgram({
    command: given.command,
    environment: {
      DATA_DIR: given.folder,
      CLICKHOUSE_URL: clickhouse.url,
      CLICKHOUSE_USER: clickhouse.username,
      CLICKHOUSE_PASSWORD: clickhouse.password,
      CLICKHOUSE_DATABASE: database,
      ADS_API_URL: `${source.url}/ads`,
    },
  });
  const counts = { betweenDays: 0, resumed: 0, neverBegun: 0, failed: 0, wrongAfterwards: 0, survived: 0 };
  try {
    await program.start();
    feed = generations.feed(0);
    const startedAt = performance.now();
    await pullAgain(program);
    let usualMs = performance.now() - startedAt;
    let lastRun = (await newestRun(program))?.id;
    const watchers = startWatchers(sql, program, generations);
    for (let round = 1; round <= phase.kills; round++) {
      feed = generations.feed(round);
      const begun = performance.now();
      const victim = victims[round % victims.length];
      // Its answer does not matter: it may be killed with the program.
      const triggered = program
        .graphql<unknown>('mutation { triggerIngest(input: { wait: true }) { runs { id } } }')
        .then(() => performance.now() - begun)
        .catch(() => undefined);
      await delay(random() * usualMs * 1.1);
      await Promise.all([
        victim === 'clickhouse' ? undefined : program.killHard(),
        victim === 'program' ? undefined : clickhouse.killHard(),
      ]);
      const ms = await triggered;
      if (ms !== undefined && victim !== 'clickhouse') {
        counts.survived += 1;
        usualMs = (usualMs + ms) / 2;
      }
      await clickhouse.start();
      const days = [...(await readGenerations(sql, generations)).values()];
      if (new Set(days).size > 1) counts.betweenDays += 1;
      await program.readyAgain(60_000);
      const run = await newestRun(program);
      const isOfThisRound = run !== undefined && run.id !== lastRun;
      lastRun = run?.id ?? '';
      if (isOfThisRound && run.attempt > 1) counts.resumed += 1;
      if (!isOfThisRound) counts.neverBegun += 1;
      else if (run.status !== 'SUCCEEDED') counts.failed += 1;
      if (!isOfThisRound || run.status !== 'SUCCEEDED') {
        await pullAgain(program);
        lastRun = (await newestRun(program))?.id ?? '';
      }
      counts.wrongAfterwards += await daysOtherThan(sql, generations, round);
      given.progress(`${phase.name}: kill ${round} of ${phase.kills}`);
    }
    await watchers.stop();
    await note(phase, { sql, generations, watchers, counts, seed, usualMs, findings });
  } finally {
    await program.killHard();
    await source.close();
    await clickhouse.start();
    await sql.command(`DROP DATABASE IF EXISTS ${database}`);
  }
}

const daysOtherThan = async (sql: SqlReader, generations: Generations, generation: number): Promise<number> =>
  [...(await readGenerations(sql, generations)).values()].filter((found) => found !== generation).length;

interface Run {
  readonly id: string;
  readonly status: string;
  readonly attempt: number;
}

/** The newest run, once it has ended: one that a crash interrupted is begun again at the next start. */
async function newestRun(program: Program): Promise<Run | undefined> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { ingestRuns } = await program.graphql<{ ingestRuns: Run[] }>(
      '{ ingestRuns(first: 1) { id status attempt } }',
    );
    const [run] = ingestRuns;
    if (run === undefined || (run.status !== 'QUEUED' && run.status !== 'RUNNING')) return run;
    if (performance.now() > deadline) throw new Error(`a run is still ${run.status} after a minute`);
    await delay(50);
  }
}

/** Asks for a run, as a scheduler would after one that did not end well. */
async function pullAgain(program: Program): Promise<void> {
  let last = '';
  for (let attempt = 1; attempt <= 10; attempt++) {
    const { triggerIngest } = await program.graphql<{ triggerIngest: { runs: { status: string }[] } }>(
      'mutation { triggerIngest(input: { wait: true }) { runs { status error { code message } } } }',
    );
    if (triggerIngest.runs[0]?.status === 'SUCCEEDED') return;
    last = JSON.stringify(triggerIngest.runs);
    await delay(500);
  }
  throw new Error(`no run succeeded: ${last}`);
}

async function note(
  phase: Phase,
  found: {
    sql: SqlReader;
    generations: Generations;
    watchers: ReturnType<typeof startWatchers>;
    counts: Readonly<Record<string, number>>;
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
  findings.number(name('killed after the run had ended'), counts.survived ?? 0);
  findings.number(name('killed between two days'), counts.betweenDays ?? 0);
  findings.number(name('runs resumed'), counts.resumed ?? 0);
  findings.number(name('runs that failed and were asked for again'), counts.failed ?? 0);
  findings.number(name('runs that were never begun'), counts.neverBegun ?? 0);
  findings.number(name('days looked at'), watchers.looks);
  findings.number(name('mixtures seen'), watchers.mixtures);
  findings.law(name('nobody sees a mixture'), watchers.mixtures === 0, watchers.example);
  findings.number(name('steps back seen'), watchers.stepsBack);
  findings.law(name('nobody sees an older day again'), watchers.stepsBack === 0, watchers.example);
  findings.exactly(name('days of another generation afterwards'), counts.wrongAfterwards ?? 0, 0);
  await sql.command('OPTIMIZE TABLE ad_performance FINAL');
  const expected = generations.days.reduce((sum, day) => sum + generations.figures(phase.kills, day).rows, 0);
  findings.exactly(
    name('rows on disk'),
    await sql.count('SELECT countIf(is_deleted = 0) FROM ad_performance'),
    expected,
  );
}
