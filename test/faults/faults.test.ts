import { expect, inject, it } from 'vitest';
import { builtProgram } from '../support/built-program.ts';
import { inOneLine } from './report.ts';
import { scenarios } from './scenarios.ts';

// Seconds of each; `npm run faults` does the same at full size.
const surroundings = {
  clickhouse: inject('clickhouse'),
  command: builtProgram(),
  progress: () => undefined,
} as const;

const cases = scenarios.map(({ name, law, run }) => [name, law, run] as const);

it.each(cases)('%s: %s', { timeout: 180_000 }, async (name, _law, run) => {
  const report = await run('test', surroundings);
  process.stdout.write(`faults, ${name}: ${inOneLine(report)}\n`);
  expect(report.violations).toEqual([]);
});
