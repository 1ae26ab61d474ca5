import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from './program.ts';

/** Waits until the write-ahead buffer is empty; gives the milliseconds that took. */
export async function untilDrained(program: Program, withinMs: number): Promise<number> {
  const started = performance.now();
  for (;;) {
    const metrics = await program.metrics();
    const waiting = metrics.get('buffer_records');
    if (waiting === undefined) throw new Error('/metrics has no buffer_records');
    const ms = performance.now() - started;
    if (waiting === 0) return ms;
    if (ms > withinMs) throw new Error(`${waiting} records still wait in the buffer after ${withinMs} ms`);
    await delay(50);
  }
}
