import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dataFolder, runProgram } from '../support/child-program.ts';
import { readText } from '../support/deploy.ts';
import type { SourceServer } from '../support/source-server.ts';
import { ask, question, settings, startFeeds } from './feeds.ts';

const folder = new URL('./fixtures/', import.meta.url);
const recorded = z.strictObject({
  commit: z.string(),
  waitingEvents: z.number(),
  figures: z.object({ metrics: z.looseObject({ totals: z.looseObject({ cost: z.number() }) }) }),
});
const versions = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace(/\.json$/, ''));

let feeds: SourceServer;
beforeAll(async () => {
  feeds = await startFeeds();
});
afterAll(() => feeds.close());

/** Starts this version on the present test's folder. */
async function start() {
  // From the first row on, so that rollups answer, too, once they are built.
  const program = runProgram({ ...settings(feeds), ROLLUPS_MIN_ROWS: '0' });
  const { url = '' } = await program.logged('utmql is ready');
  const migrations = program.entries().filter(({ msg }) => msg === 'migration applied').length;
  return {
    migrations,
    ask: <Data>(query: string) => ask<Data>(url, query),
    async stop() {
      program.child.kill('SIGTERM');
      expect(await program.ended).toBe(0);
    },
  };
}

interface Runs {
  readonly triggerIngest: { readonly runs: readonly Record<string, unknown>[] };
}

describe.each(versions)('the data of %s', (name) => {
  const { commit, waitingEvents, figures } = recorded.parse(
    JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')),
  );

  // Cost is in two currencies. Those versions added it up, which is a figure of nothing.
  const { metrics } = figures;
  const expected = { metrics: { ...metrics, totals: { ...metrics.totals, cost: null } } };

  it(
    'gives the figures that it gave, and the same after another start and after the same feeds',
    { timeout: 120_000 },
    async () => {
      await promisify(execFile)('tar', [
        '-xzf',
        fileURLToPath(new URL(`${name}.tar.gz`, folder)),
        '-C',
        dataFolder(),
      ]);
      const first = await start();
      expect(first.migrations).toBeGreaterThan(0);
      expect(await first.ask(question)).toEqual(expected);
      // What it had accepted and not stored: it is written after the start.
      await expect
        .poll(() => first.ask('query { events(first: 10) { nodes { eventId } } }'))
        .toEqual({
          events: {
            nodes: Array.from({ length: waitingEvents }, (_, index) => ({
              eventId: `E-${waitingEvents - index}`,
            })),
          },
        });
      const { triggerIngest } = await first.ask<Runs>(
        'mutation { triggerIngest(input: { wait: true }) { runs { status recordsChanged recordsRemoved } } }',
      );
      expect(triggerIngest.runs).toEqual([
        { status: 'SUCCEEDED', recordsChanged: 0, recordsRemoved: 0 },
        { status: 'SUCCEEDED', recordsChanged: 0, recordsRemoved: 0 },
      ]);
      expect(await first.ask(question)).toEqual(expected);
      expect(
        await first.ask(
          'query { dataQuality(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }) { orphanedSources { source } sharedIds { ids } } }',
        ),
      ).toEqual({ dataQuality: { orphanedSources: [], sharedIds: [] } });
      await first.stop();

      const second = await start();
      expect(second.migrations).toBe(0);
      expect(await second.ask(question)).toEqual(expected);
      await second.stop();
    },
  );

  it('is named in docs/upgrading.md', () => {
    expect(readText('docs/upgrading.md')).toContain(`commit ${commit}`);
  });
});
