import { setTimeout as delay } from 'node:timers/promises';
import { startStoreProxy } from '../support/proxy.ts';
import { untilDrained } from './drained.ts';
import { checkEvents } from './event-check.ts';
import { startEventLoad } from './event-load.ts';
import { inTemporaryFolder } from './folders.ts';
import { createRandom } from './random.ts';
import { checkFigures, checkRecords } from './record-check.ts';
import { startRecordLoad } from './record-load.ts';
import { createFindings } from './report.ts';
import { defineScenario } from './scenario.ts';
import { withProgram } from './subject.ts';

/** More in a row would open the circuit breaker, and then nothing is sent that could be cut. */
const mostInARow = 3;
const tables = ['events', 'ad_performance', 'opportunities'];

/** The connection breaks after ClickHouse has stored an INSERT and before its answer comes back. */
export const cuts = defineScenario({
  name: 'cuts',
  law: 'an INSERT that was stored and whose answer was lost counts once',
  sizes: {
    test: { cuts: 15, eventsPerSecond: 300, withinMs: 30_000 },
    full: { cuts: 200, eventsPerSecond: 800, withinMs: 600_000 },
  },
  run: (size, { clickhouse, command, progress }) =>
    inTemporaryFolder(async (dataDir) => {
      const findings = createFindings();
      const seed = Date.now() % 1_000_000;
      const random = createRandom(seed);
      const proxy = await startStoreProxy(clickhouse.url);
      try {
        const storeUrl = proxy.url;
        await withProgram({ clickhouse, command, dataDir, storeUrl }, async ({ program, sql, ended }) => {
          await program.start();
          // Merging would hide rows that were stored twice: first they are counted as they came.
          for (const table of tables) await sql.command(`SYSTEM STOP MERGES ${table}`);
          let inARow = 0;
          let made = 0;
          proxy.cutWhen(() => {
            const cut = made < size.cuts && inARow < mostInARow && random() < 0.5;
            inARow = cut ? inARow + 1 : 0;
            if (cut) made += 1;
            return cut;
          });
          const events = startEventLoad({
            program,
            perSecond: size.eventsPerSecond,
            resend: true,
            answerWithinMs: 30_000,
            ended,
          });
          const records = startRecordLoad({ program, pauseMs: 100, random, ended });
          const deadline = performance.now() + size.withinMs;
          while (made < size.cuts && performance.now() < deadline) {
            await delay(200);
            progress(`${made} of ${size.cuts} connections cut`);
          }
          await events.stop();
          await events.settle(60_000);
          await records.finish(120_000);
          findings.number('seed', seed);
          findings.number('INSERTs', proxy.inserts);
          findings.exactly('connections cut', made, size.cuts);
          for (const [table, count] of proxy.cuts) findings.number(`of them ${table}`, count);
          findings.number('pushes acknowledged', records.pushes);
          findings.exactly('wrong answers', events.wrongAnswers + records.wrongAnswers, 0);
          await untilDrained(program, 60_000);
          findings.exactly(
            'event rows twice, never merged',
            await sql.count('SELECT count() - uniqExact(event_id) FROM events'),
            0,
          );
          findings.exactly(
            'event rows twice under FINAL, never merged',
            await sql.count('SELECT count() - uniqExact(event_id) FROM events FINAL'),
            0,
          );
          await checkFigures(program, records.expected(), findings);
          for (const table of tables) await sql.command(`SYSTEM START MERGES ${table}`);
          await checkEvents(sql, events, findings);
          await checkRecords(sql, records.expected(), findings);
        });
      } finally {
        await proxy.close();
      }
      return findings.report();
    }),
});
