import { setTimeout as delay } from 'node:timers/promises';
import { type StoreProxy, startStoreProxy } from '../support/proxy.ts';
import { untilDrained } from './drained.ts';
import { checkEvents } from './event-check.ts';
import { type EventLoad, startEventLoad } from './event-load.ts';
import { inTemporaryFolder } from './folders.ts';
import { residentBytes } from './processes.ts';
import type { Program } from './program.ts';
import { createRandom } from './random.ts';
import { checkRecords } from './record-check.ts';
import { startRecordLoad } from './record-load.ts';
import { createFindings, type Findings } from './report.ts';
import { defineScenario } from './scenario.ts';
import { withProgram } from './subject.ts';

const bufferBytes = 64 * 1_048_576;
const normalPerSecond = 2_000;
const megabyte = 1_048_576;

/** ClickHouse is away while twice the normal load comes in. */
export const outage = defineScenario({
  name: 'outage',
  law: 'while ClickHouse is away, memory and buffer stay bounded, the excess hears 429 or 503, and nothing acknowledged is lost',
  sizes: {
    // It would take half a minute until the circuit closes: a program that is killed and started again does not wait for that.
    test: { seconds: 6, warmUpSeconds: 3, perSecond: 1_000, bufferRecords: 2_000, restarts: true },
    full: {
      seconds: 60,
      warmUpSeconds: 15,
      perSecond: 2 * normalPerSecond,
      bufferRecords: 50_000,
      restarts: false,
    },
    long: {
      seconds: 600,
      warmUpSeconds: 15,
      perSecond: 2 * normalPerSecond,
      bufferRecords: 50_000,
      restarts: false,
    },
  },
  run: (size, { clickhouse, command, progress }) =>
    inTemporaryFolder(async (dataDir) => {
      const findings = createFindings();
      const proxy = await startStoreProxy(clickhouse.url);
      const environment = {
        BUFFER_MAX_SIZE: String(size.bufferRecords),
        BUFFER_MAX_BYTES: String(bufferBytes),
      };
      const storeUrl = proxy.url;
      try {
        await withProgram({ clickhouse, command, dataDir, storeUrl, environment }, async (subject) => {
          const { program, sql, ended } = subject;
          await program.start();
          // One load all along: memory is compared with that of its first seconds.
          const events = startEventLoad({
            program,
            perSecond: size.perSecond,
            resend: false,
            answerWithinMs: 10_000,
            ended,
          });
          const records = startRecordLoad({ program, pauseMs: 500, random: createRandom(1), ended });
          await delay(size.warmUpSeconds * 1_000);
          const before = residentBytes(program.pid);
          const acknowledged = events.acknowledged;
          const most = await beAway(proxy, program, size.seconds, progress);
          findings.number('acknowledged before', acknowledged);
          findings.number('acknowledged while away', events.acknowledged - acknowledged);
          await proxy.back();
          const backAt = performance.now();
          await events.stop();
          if (size.restarts) {
            await program.killHard();
            await program.readyAgain(60_000);
          }
          await records.finish(60_000);
          await untilDrained(program, 120_000);
          findings.number('drained after return (ms)', performance.now() - backAt);

          findings.number('offered per second', size.perSecond);
          checkAnswers(events, findings);
          findings.law('the buffer fills', most.records > 0, 'no record waited in it');
          findings.law('readyz says 503 meanwhile', most.isUnready, 'it said 200 whenever it was asked');
          findings.atMost('most records in the buffer', most.records, size.bufferRecords);
          findings.atMost('most bytes in the buffer', most.bytes, bufferBytes);
          findings.number('memory before (MB)', before / megabyte);
          findings.atMost('memory grew by (MB)', (most.resident - before) / megabyte, 100);
          findings.number('pushes acknowledged', records.pushes);
          findings.exactly('wrong answers', events.wrongAnswers + records.wrongAnswers, 0);
          await checkEvents(sql, events, findings);
          await checkRecords(sql, records.expected(), findings);
        });
      } finally {
        await proxy.close();
      }
      return findings.report();
    }),
});

/** First nobody answers, as when a machine is gone; then connections are refused, as when the service is. */
async function beAway(
  proxy: StoreProxy,
  program: Program,
  forSeconds: number,
  progress: (text: string) => void,
): Promise<{ records: number; bytes: number; resident: number; isUnready: boolean }> {
  const most = { records: 0, bytes: 0, resident: 0, isUnready: false };
  await proxy.away('silent');
  const awayAt = performance.now();
  let isSilent = true;
  for (;;) {
    const seconds = (performance.now() - awayAt) / 1_000;
    if (seconds >= forSeconds) return most;
    if (isSilent && seconds >= forSeconds / 3) {
      isSilent = false;
      await proxy.away('refused');
    }
    await delay(250);
    const metrics = await program.metrics();
    most.records = Math.max(most.records, metrics.get('buffer_records') ?? Number.NaN);
    most.bytes = Math.max(most.bytes, metrics.get('buffer_bytes') ?? Number.NaN);
    most.resident = Math.max(most.resident, residentBytes(program.pid));
    most.isUnready ||= (await fetch(`${program.url}/readyz`)).status === 503;
    progress(
      `away for ${Math.round(seconds)} s: ${most.records} records in the buffer, ${Math.round(most.resident / megabyte)} MB`,
    );
  }
}

function checkAnswers(events: EventLoad, findings: Findings): void {
  for (const [outcome, count] of events.outcomes) findings.number(`answers ${outcome}`, count);
  for (const [outcome, ms] of events.slowest) findings.number(`slowest ${outcome} (ms)`, ms);
  const promised = new Set(['202', '429', '503']);
  const others = [...events.outcomes].filter(([outcome]) => !promised.has(outcome));
  findings.exactly(
    'other answers',
    others.reduce((total, [, count]) => total + count, 0),
    0,
  );
  findings.exactly('refusals without Retry-After', events.withoutRetryAfter, 0);
}
