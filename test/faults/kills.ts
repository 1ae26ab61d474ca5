import { setTimeout as delay } from 'node:timers/promises';
import { startClickHouse } from './clickhouse.ts';
import { untilDrained } from './drained.ts';
import { checkEvents } from './event-check.ts';
import { startEventLoad } from './event-load.ts';
import { inTemporaryFolder } from './folders.ts';
import { killHard } from './processes.ts';
import { createProgram } from './program.ts';
import { createRandom } from './random.ts';
import { checkFigures, checkRecords } from './record-check.ts';
import { startRecordLoad } from './record-load.ts';
import { createFindings } from './report.ts';
import { defineScenario } from './scenario.ts';
import { createSqlReader } from './sql-reader.ts';

/** Events by single POST; pushes of ads and CRM records bring the rest of the 2,000 records a second. */
const eventsPerSecond = 1_600;
const pauseBetweenPushesMs = 180;

/** Between two kills of this many the program is also ended as an operator would. */
const stopEvery = 7;

/** `kill -9` at random moments under load: of the program, and in every third round of its own ClickHouse. */
export const kills = defineScenario({
  name: 'kills',
  law: 'nothing that was acknowledged is lost or stored twice, whenever the program or its ClickHouse is killed',
  sizes: {
    test: { kills: 3, betweenMs: [300, 1_500], readyWithinMs: 20_000, eventsPerSecond: 600 },
    full: { kills: 100, betweenMs: [300, 5_000], readyWithinMs: 10_000, eventsPerSecond },
  },
  run: (size, { command, progress }) =>
    inTemporaryFolder(async (dataDir) => {
      const findings = createFindings();
      const seed = Date.now() % 1_000_000;
      const random = createRandom(seed);
      const program = createProgram({ command, environment: { DATA_DIR: dataDir } });
      const ending = new AbortController();
      const ended = ending.signal;
      const readyMs: number[] = [];
      const killed = { program: 0, clickhouse: 0 };
      try {
        await program.start();
        const events = startEventLoad({
          program,
          perSecond: size.eventsPerSecond,
          resend: true,
          answerWithinMs: 10_000,
          ended,
        });
        const records = startRecordLoad({ program, pauseMs: pauseBetweenPushesMs, random, ended });
        const [shortest = 0, longest = 0] = size.betweenMs;
        let upMs = 0;
        for (let round = 1; round <= size.kills; round++) {
          const upFor = shortest + random() * (longest - shortest);
          await delay(upFor);
          upMs += upFor;
          const clickhouse = round % 3 === 0 ? program.clickhousePid() : undefined;
          if (clickhouse !== undefined && killHard(clickhouse)) {
            killed.clickhouse += 1;
          } else {
            await program.killHard();
            killed.program += 1;
          }
          readyMs.push(await program.readyAgain(120_000));
          if (round % stopEvery === 0) {
            await delay(shortest);
            await program.stop();
            await program.readyAgain(120_000);
          }
          progress(
            `kill ${round} of ${size.kills}: ready after ${Math.round(readyMs.at(-1) ?? 0)} ms, ${events.acknowledged} events acknowledged`,
          );
        }
        findings.number('events a second while up', events.acknowledged / (upMs / 1_000));
        await events.stop();
        await events.settle(60_000);
        await records.finish(60_000);
        findings.number('seed', seed);
        findings.number('kills of the program', killed.program);
        findings.number('kills of ClickHouse', killed.clickhouse);
        findings.number('requests that broke', events.outcomes.get('broken') ?? 0);
        findings.number('pushes acknowledged', records.pushes);
        findings.number('of them corrections', records.corrections);
        findings.exactly('wrong answers', events.wrongAnswers + records.wrongAnswers, 0);
        findings.exactly('events never acknowledged', events.made - events.acknowledged, 0);
        findings.number('drained after (ms)', await untilDrained(program, 60_000));
        findings.atMost('slowest start (ms)', Math.max(...readyMs), size.readyWithinMs);
        await checkFigures(program, records.expected(), findings);
        await program.stop();

        const clickhouse = await startClickHouse(dataDir);
        try {
          const sql = createSqlReader(clickhouse, 'utmql');
          await checkEvents(sql, events, findings);
          await checkRecords(sql, records.expected(), findings);
        } finally {
          await clickhouse.stop();
        }
      } finally {
        ending.abort();
        await program.killHard();
      }
      return findings.report();
    }),
});
