import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import type { Reporter, TestModule } from 'vitest/node';

/** The count in one plain line, last, for people and machines that read only that. */
const count: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    );
    const of = (state: string): number => states.filter((known) => known === state).length;
    process.stdout.write(`${of('passed')} passed, ${of('failed')} failed, ${of('skipped')} skipped\n`);
  },
};

/**
 * `npm test` runs all but the scenarios (`*.full.test.ts`) and the endurance tests (`*.endurance.test.ts`), and a thirtieth of
 * the random cases (`*.rounds.test.ts`). `npm run test:scenarios` runs the scenarios; `npm run test:full` runs them, the
 * endurance tests and all random cases.
 */
const filesOf: Readonly<Record<string, { include: string[]; exclude?: string[] }>> = {
  usual: { include: ['test/**/*.test.ts'], exclude: ['test/**/*.{full,endurance}.test.ts'] },
  scenarios: { include: ['test/**/*.full.test.ts'] },
  full: { include: ['test/**/*.{full,endurance,rounds}.test.ts'] },
};
const chosen = process.env.TEST_FILES ?? 'usual';
const files = filesOf[chosen];
if (files === undefined)
  throw new Error(`TEST_FILES is none of ${Object.keys(filesOf).join(', ')}: ${chosen}`);
const isFull = chosen !== 'usual';

export default defineConfig({
  // Vite would take graphql's ES modules and graphql-yoga its CommonJS ones; graphql refuses to be there twice.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    ...files,
    globalSetup: ['test/support/engine.ts'],
    // Each file works in a database of its own on one shared engine; three at a time fill two cores, as some wait. Long
    // scenarios have servers of their own.
    maxWorkers: isFull ? 2 : 3,
    // Many short files share workers, and what these have loaded: that takes a third off. A few long ones gain nothing.
    isolate: isFull,
    // For what hangs; on a machine that others use, too, everything takes several times as long.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['default', count],
  },
});
