import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { nodeFlags } from '../bench/start-command.ts';

/** Keeps 40 MB, and lets go of a gigabyte that has lived long enough to come into the old generation. */
const churn = `
const { getHeapStatistics } = await import('node:v8');
const kept = Array.from({ length: 400_000 }, (_, index) => ({ index, text: [index, index] }));
let most = 0;
let ring = [];
for (let index = 0; index < 10_000_000; index++) {
  ring.push({ index, text: [index, index] });
  if (ring.length === 200_000) ring = [];
  if (index % 50_000 === 0) most = Math.max(most, getHeapStatistics().used_heap_size);
}
process.stdout.write(JSON.stringify({ most, kept: kept.length }));
`;

async function mostHeap(flags: readonly string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...flags,
    '--input-type=module',
    '--eval',
    churn,
  ]);
  return (JSON.parse(stdout) as { most: number }).most;
}

it('the heap of `npm start` grows less beyond what is alive than V8 lets it by itself', async () => {
  const unbounded = await mostHeap([]);
  const bounded = await mostHeap(nodeFlags);
  expect(bounded / unbounded).toBeLessThan(0.8);
}, 60_000);
