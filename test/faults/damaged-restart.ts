import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startStoreProxy } from '../support/proxy.ts';
import { untilDrained } from './drained.ts';
import { eventId, startEventLoad } from './event-load.ts';
import { inTemporaryFolder } from './folders.ts';
import { createRandom } from './random.ts';
import type { Findings } from './report.ts';
import type { Surroundings } from './scenario.ts';
import { withProgram } from './subject.ts';

const events = { perSecond: 300, forMs: 1_500 };

/**
 * The whole program, killed while events wait in its buffer; then one bit of the last segment is flipped, in the middle of a
 * record. It starts, stores all others and counts the one.
 */
export async function restartDamaged(
  rounds: number,
  { clickhouse, command, progress }: Surroundings,
  findings: Findings,
): Promise<void> {
  const totals = { waiting: 0, lost: 0, counted: 0 };
  const seed = Date.now() % 1_000_000;
  const random = createRandom(seed);
  for (let round = 1; round <= rounds; round++) {
    await inTemporaryFolder(async (dataDir) => {
      const proxy = await startStoreProxy(clickhouse.url);
      const storeUrl = proxy.url;
      try {
        await withProgram({ clickhouse, command, dataDir, storeUrl }, async ({ program, sql, ended }) => {
          await program.start();
          await proxy.away('refused');
          const load = startEventLoad({
            program,
            perSecond: events.perSecond,
            resend: false,
            answerWithinMs: 10_000,
            ended,
          });
          await delay(events.forMs);
          await load.stop();
          await program.killHard();
          await flipOneBit(join(dataDir, 'buffer'), random);
          await proxy.back();
          await program.readyAgain(60_000);
          await untilDrained(program, 60_000);
          totals.counted += (await program.metrics()).get('buffer_corrupt_records') ?? 0;
          const stored = new Set((await sql.rows('SELECT event_id FROM events FINAL')).map(([id]) => id));
          for (let event = 0; event < load.made; event++) {
            if (!load.isAcknowledged(event)) continue;
            totals.waiting += 1;
            if (!stored.has(eventId(event))) totals.lost += 1;
          }
        });
      } finally {
        await proxy.close();
      }
    });
    progress(`${round} of ${rounds} restarts over a damaged buffer`);
  }
  findings.number('seed', seed);
  findings.number('restarts over a damaged buffer', rounds);
  findings.number('records that waited in it', totals.waiting);
  findings.exactly('records lost with the flipped bits', totals.lost, rounds);
  findings.exactly('records counted as corrupt', totals.counted, rounds);
}

/** In the letters of an event that waits in the last segment. */
async function flipOneBit(folder: string, random: () => number): Promise<void> {
  const name =
    (await readdir(folder))
      .filter((file) => file.endsWith('.wal'))
      .sort()
      .at(-1) ?? '';
  const path = join(folder, name);
  const bytes = await readFile(path);
  // Behind the middle, since events from before the outage may have been stored already.
  const middle = Math.floor(bytes.length * (0.5 + random() * 0.4));
  const at = bytes.indexOf('event ', middle);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  await writeFile(path, bytes);
}
