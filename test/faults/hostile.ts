import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ndjson, startSourceServer } from '../support/source-server.ts';
import { inTemporaryFolder } from './folders.ts';
import { type HostileSource, hostileSources } from './hostile-answers.ts';
import { peakBytes } from './processes.ts';
import { createFindings } from './report.ts';
import { defineScenario } from './scenario.ts';
import { withProgram } from './subject.ts';

const megabyte = 1_048_576;
const goodRecords = 2_000;

interface Run {
  readonly source: string;
  readonly status: string;
  readonly createdAt: string;
  readonly finishedAt: string;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Sources that answer with anything but records, beside one that is fine, in one call. */
export const hostile = defineScenario({
  name: 'hostile',
  law: 'a source that fails, hangs, lies or floods is given up after few requests and in little memory, and harms no other',
  sizes: {
    test: { megabytes: 48, withinMs: 60_000 },
    full: { megabytes: 1_024, withinMs: 300_000 },
  },
  run: (size, { clickhouse, command }) =>
    inTemporaryFolder(async (folder) => {
      const findings = createFindings();
      const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
      const record = (id: string) => ({
        date: yesterday,
        campaign_id: id,
        channel: 'x',
        clicks: 1,
        cost: 0.01,
      });
      const hostiles = hostileSources(size.megabytes, record('hostile'));
      const good = Array.from({ length: goodRecords }, (_, index) => record(`good-${index}`));
      const server = await startSourceServer({
        '/good': ndjson(good),
        ...Object.fromEntries(hostiles.map(({ name, behave }) => [`/${name}`, behave])),
      });
      const file = join(folder, 'sources.yaml');
      await writeFile(file, sourcesFile(server.url, hostiles));
      const options = {
        clickhouse,
        command,
        dataDir: join(folder, 'data'),
        // Patience with a source that throttles for ever would only make this longer.
        environment: { SOURCES_FILE: file, SOURCE_PATIENCE_MS: '500' },
      };
      try {
        await withProgram(options, async ({ program, sql }) => {
          await program.start();
          const started = performance.now();
          const { triggerIngest } = await program.graphql<{ triggerIngest: { runs: Run[] } }>(
            'mutation { triggerIngest(input: { wait: true }) { runs { source status createdAt finishedAt error { code message } } } }',
          );
          findings.atMost('all runs ended after (ms)', performance.now() - started, size.withinMs);
          const runOf = (name: string): Run | undefined =>
            triggerIngest.runs.find(({ source }) => source === name);
          const fine = runOf('good');
          findings.law('the good source succeeds', fine?.status === 'SUCCEEDED', JSON.stringify(fine));
          // Runs take turns, so it waits for sources before it, but not for all of them.
          findings.number(
            'the good source ended after (ms)',
            fine === undefined ? Number.NaN : lastedMs(fine),
          );
          for (const { name, requests } of hostiles) {
            const run = runOf(name);
            findings.law(
              `${name} fails with a reason`,
              run?.status === 'FAILED' && run.error !== null && run.error.message !== '',
              JSON.stringify(run),
            );
            const asked = server.requests.filter(({ path }) => path === `/${name}`).length;
            findings.atMost(`requests to ${name}`, asked, requests);
          }
          findings.atMost('peak memory (MB)', peakBytes(program.pid) / megabyte, 350);
          const rows = await sql.count('SELECT count() FROM ad_performance FINAL');
          findings.exactly('records stored', rows, goodRecords);
          const ready = await fetch(`${program.url}/readyz`);
          findings.law('the program is ready', ready.status === 200, String(ready.status));
        });
      } finally {
        await server.close();
      }
      return findings.report();
    }),
});

const lastedMs = ({ createdAt, finishedAt }: Run): number => Date.parse(finishedAt) - Date.parse(createdAt);

/** The good source comes last: all others have had their turn by then. */
function sourcesFile(url: string, hostiles: readonly HostileSource[]): string {
  const entry = (name: string, settings: readonly string[]): string =>
    [
      `  - name: ${name}`,
      'kind: ad_performance',
      `url: ${url}/${name}`,
      'attempts: 3',
      'timeout_ms: 1500',
      ...settings,
    ].join('\n    ');
  return [
    'sources:',
    ...hostiles.map(({ name, settings }) => entry(name, settings)),
    entry('good', []),
    '',
  ].join('\n');
}
