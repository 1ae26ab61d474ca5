import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

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

const bound = `
const { boundHeapGrowth } = await import(${JSON.stringify(new URL('../dist/heap-growth.js', import.meta.url).href)});
boundHeapGrowth();
`;

async function mostHeap(script: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  return (JSON.parse(stdout) as { most: number }).most;
}

it('the heap of `utmql start` grows less beyond what is alive than V8 lets it by itself', async () => {
  const unbounded = await mostHeap(churn);
  const bounded = await mostHeap(bound + churn);
  expect(bounded / unbounded).toBeLessThan(0.8);
}, 60_000);
