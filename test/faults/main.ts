import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startCommand } from '../../bench/start-command.ts';
import { printTable, progress } from '../../bench/table.ts';
import { startClickHouse } from './clickhouse.ts';
import type { Report } from './report.ts';
import type { Scale } from './scenario.ts';
import { scenarios } from './scenarios.ts';

// `npm run faults`: everything that the tests of this folder do, at full size. `npm run faults -- kills outage`: some of it.
// `--long`: longer still. `--short`: as short as in the tests. `--sources`: the program from src instead of dist.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    long: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    sources: { type: 'boolean', default: false },
  },
});
const scale: Scale = values.long ? 'long' : values.short ? 'test' : 'full';
const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const command: readonly [string, ...string[]] = values.sources
  ? [process.execPath, '--import', 'tsx', fileOf('../../src/main.ts'), 'start']
  : startCommand;

const names = scenarios.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no ${unknown.join(', ')}; choose of ${names.join(', ')}.\n`);
  process.exit(2);
}
const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

/** At most one line every so often, since some scenarios tell about every round. */
function paced(name: string): (text: string) => void {
  let last = 0;
  return (text) => {
    if (performance.now() - last < 10_000) return;
    last = performance.now();
    progress(`${name}: ${text}`);
  };
}

const dataDir = await mkdtemp(join(tmpdir(), 'utmql-faults-'));
const clickhouse = await startClickHouse(dataDir);
const violations: string[] = [];
try {
  for (const { name, law, run } of chosen) {
    progress(`${name}: ${law}`);
    const started = performance.now();
    const report: Report = await run(scale, { clickhouse, command, progress: paced(name) }).catch(
      (error: unknown) => ({ numbers: {}, violations: [String(error)] }),
    );
    const seconds = Math.round((performance.now() - started) / 1_000);
    printTable(
      `${name} (${seconds} s): ${report.violations.length === 0 ? 'holds' : 'BROKEN'}`,
      ['what', 'how many'],
      Object.entries(report.numbers).map(([what, number]) => [what, number.toLocaleString('en')]),
    );
    for (const violation of report.violations.slice(0, 20)) process.stdout.write(`  broken: ${violation}\n`);
    violations.push(...report.violations);
  }
} finally {
  await clickhouse.stop();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
}
process.exitCode = violations.length === 0 ? 0 : 1;
