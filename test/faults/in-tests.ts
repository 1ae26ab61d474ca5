import { expect, inject, it } from 'vitest';
import { builtProgram } from '../support/built-program.ts';
import { inOneLine } from './report.ts';
import type { Scenario } from './scenario.ts';

/** A test for each scenario; `npm run faults` does the same at full size. */
export function testScenarios(scenarios: readonly Scenario[]): void {
  const cases = scenarios.map(({ name, law, run }) => [name, law, run] as const);
  it.each(cases)('%s: %s', { timeout: 180_000 }, async (name, _law, run) => {
    const report = await run('test', {
      clickhouse: inject('clickhouse'),
      command: builtProgram(),
      progress: () => undefined,
    });
    process.stdout.write(`faults, ${name}: ${inOneLine(report)}\n`);
    expect(report.violations).toEqual([]);
  });
}
