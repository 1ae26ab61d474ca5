import { Readable } from 'node:stream';
import autocannon from 'autocannon';
import { request } from 'undici';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import { type Program, startProgram } from './program.ts';
import { megabytes, ms, printTable, progress } from './table.ts';

/** Pushes the blocks as one body, and waits until they are stored. */
export async function timePush(
  server: OwnServer,
  database: string,
  blocks: readonly Buffer[],
  records: number,
): Promise<{ seconds: number; peak: number }> {
  const program = await startProgram(server, database);
  try {
    const started = performance.now();
    const response = await request(`${program.origin}/ingest/ad-performance`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: Readable.from(blocks, { objectMode: false, highWaterMark: 1 }),
      headersTimeout: 0,
    });
    const answer = (await response.body.json()) as { accepted?: number };
    const seconds = (performance.now() - started) / 1_000;
    if (response.statusCode !== 200 || answer.accepted !== records) throw new Error(JSON.stringify(answer));
    return { seconds, peak: program.peakMemory() };
  } finally {
    await program.stop();
  }
}

const connections = 64;
const seconds = 15;

/** Single events at full speed, each answered once it is on disk; then as many as were asked for must be stored. */
export async function benchEvents(server: OwnServer): Promise<void> {
  const program = await startProgram(server, 'bench_events', {
    BUFFER_MAX_SIZE: '10000000',
  });
  try {
    progress(`single events from ${connections} connections for ${seconds} s`);
    await fire(program, 3);
    const result = await fire(program, seconds);
    const accepted = result['2xx'];
    await drained(program);
    printTable(
      'Single events (POST /events), each on disk before its answer',
      ['connections', 'events/s', 'p50', 'p99', 'not 2xx', 'peak memory of the program'],
      [
        [
          String(connections),
          Math.round(accepted / result.duration).toLocaleString('en'),
          ms(result.latency.p50),
          ms(result.latency.p99),
          String(result.non2xx + result.errors),
          megabytes(program.peakMemory()),
        ],
      ],
    );
  } finally {
    await program.stop();
  }
}

const fire = (program: Program, duration: number): Promise<autocannon.Result> =>
  autocannon({
    url: `${program.origin}/events`,
    connections,
    duration,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      service: 'shop',
      message: 'checkout completed',
      metadata: { basket: 3, total: 59.9, currency: 'EUR', path: '/checkout/thanks' },
      utm_campaign: 'back_to_school',
      utm_source: 'google',
      utm_medium: 'cpc',
    }),
  });

async function drained(program: Program): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${program.origin}/metrics`)).text();
    if (/^buffer_records 0$/m.test(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
