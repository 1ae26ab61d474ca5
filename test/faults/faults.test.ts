import { fileURLToPath } from 'node:url';
import { expect, inject, it } from 'vitest';
import { inOneLine } from './report.ts';
import { scenarios } from './scenarios.ts';

// Seconds of each; `npm run faults` does the same at full size.
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const surroundings = {
  clickhouse: inject('clickhouse'),
  command: [process.execPath, '--import', 'tsx', main],
  progress: () => undefined,
} as const;

it.each(scenarios)('$name: $law', { timeout: 180_000 }, async ({ name, run }) => {
  const report = await run('test', surroundings);
  process.stdout.write(`faults, ${name}: ${inOneLine(report)}\n`);
  expect(report.violations).toEqual([]);
});
