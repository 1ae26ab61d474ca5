import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import type { Day } from '../src/records/day.ts';
import { feedBlocks } from './feed.ts';
import { processorMs, startProgram } from './program.ts';
import { untilRollupsAreBuilt } from './questions.ts';
import { percentile, printTable, progress, ratio } from './table.ts';

const records = 1_000_000;
const days = 30;
const rounds = 3;
/** Merges and builds are over by then. */
const settleMs = 30_000;

/**
 * Pulls a million records with and without rollups, and counts the processor time of the program and of ClickHouse until all
 * that follows is done, too.
 */
export async function benchUpkeep(server: OwnServer, today: Day): Promise<void> {
  const blocks = [...feedBlocks(records, days, today)];
  const feed = createServer((_incoming, response) => {
    response.setHeader('content-type', 'application/x-ndjson');
    Readable.from(blocks, { objectMode: false, highWaterMark: 1 }).pipe(response);
  });
  await new Promise<void>((resolve) => feed.listen(0, '127.0.0.1', resolve));
  const { port } = feed.address() as AddressInfo;
  const engine = childOfThisProcess();

  const pull = async (database: string, rollups: 'on' | 'off'): Promise<number> => {
    const program = await startProgram(server, database, {
      ADS_API_URL: `http://127.0.0.1:${port}`,
      ROLLUPS: rollups,
      ROLLUPS_MIN_ROWS: '0',
    });
    try {
      const before = processorMs(engine) + program.processorMs();
      await program.graphql('mutation { triggerIngest(input: { wait: true }) { runs { status } } }');
      if (rollups === 'on') await untilRollupsAreBuilt(program, today);
      await delay(settleMs);
      return processorMs(engine) + program.processorMs() - before;
    } finally {
      await program.stop();
    }
  };
  const without: number[] = [];
  const withRollups: number[] = [];
  for (let round = 0; round < rounds; round++) {
    without.push(await pull(`bench_upkeep_off_${round}`, 'off'));
    withRollups.push(await pull(`bench_upkeep_on_${round}`, 'on'));
    progress(`round ${round + 1}: ${without.at(-1)} ms without rollups, ${withRollups.at(-1)} ms with them`);
  }
  feed.closeAllConnections();
  feed.close();
  const [off, on] = [percentile(without, 0.5), percentile(withRollups, 0.5)];
  const row = (title: string, spentMs: number): string[] => [
    title,
    `${((spentMs * 1_000) / records).toFixed(2)} µs`,
    ratio(spentMs / off),
  ];
  printTable(
    `Processor time per pulled record, ${records.toLocaleString('en')} records over ${days} days, merges and rollups included`,
    ['what', 'median', 'ratio'],
    [row('without rollups', off), row('with rollups', on)],
  );
}

/** The engine: call it while this process has no other child. */
function childOfThisProcess(): number {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
  return Number(children[0]);
}
