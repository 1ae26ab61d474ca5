import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generate } from '@graphql-codegen/cli';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { startDemo } from '../demo/start-demo.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { buildProgram, builtProgram } from '../support/built-program.ts';
import { dataFolder, runProgram } from '../support/child-program.ts';
import { json, startSourceServer, status } from '../support/source-server.ts';

// From nothing to the first success of each who meets utmql, as the documentation leads them.

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

beforeAll(buildProgram);

/** Says how long it took: the last line that each of them waits for. */
async function journey<T>(who: string, walk: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await walk();
  process.stdout.write(`journey of ${who}: ${((performance.now() - begun) / 1_000).toFixed(1)} s\n`);
  return result;
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-journey-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const addressOf = async (program: ReturnType<typeof runProgram>): Promise<string> => {
  const { url = '' } = await program.logged('utmql is ready');
  return new URL(url).origin;
};

const graphql = async (
  url: string,
  query: string,
  headers: Record<string, string> = {},
): Promise<unknown> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return response.json();
};

it('an analyst starts the demo and sees figures on the dashboard; a BI developer asks from typed code by GET', async () => {
  const port = '0';
  const demo = startDemo({ PORT: port });
  onTestFinished(async () => {
    demo.child.kill('SIGTERM');
    await demo.exited;
  });
  const url = await journey('the analyst, until figures are on the screen', async () => {
    await demo.said('Up after');
    const [, address = ''] = /(http:\/\/127\.0\.0\.1:\d+)/.exec(demo.output()) ?? [];
    if (hasBrowser) {
      const browser = await launchBrowser();
      try {
        const page = await browser.newPage();
        await page.goto(address);
        await page.getByRole('row', { name: /google_ads/ }).waitFor();
      } finally {
        await browser.close();
      }
    }
    return address;
  });

  await journey('the BI developer, until the first typed answer', async () => {
    const folder = await emptyFolder();
    const document =
      'query Spend { metrics(dateRange: { preset: LAST_30_DAYS }, groupBy: [CHANNEL]) { nodes { channel cost leads } } }';
    await writeFile(join(folder, 'spend.graphql'), document);
    const files: readonly { filename: string; content: string }[] = await generate(
      {
        schema: `${url}/schema.graphql`,
        documents: join(folder, '*.graphql'),
        generates: {
          [`${folder}/generated/`]: { preset: 'client', presetConfig: { persistedDocuments: true } },
        },
        silent: true,
      },
      false,
    );
    const persisted = files.find(({ filename }) => filename.endsWith('persisted-documents.json'));
    const [[hash = '', text = ''] = []] = Object.entries(
      JSON.parse(persisted?.content ?? '{}') as Record<string, string>,
    );
    const extensions = {
      persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(text).digest('hex') },
    };
    const get = async (more: Record<string, string>): Promise<unknown> => {
      const parameters = new URLSearchParams({ extensions: JSON.stringify(extensions), ...more });
      return (
        await fetch(`${url}/graphql?${parameters}`, { headers: { accept: 'application/json' } })
      ).json();
    };
    expect(hash).not.toBe('');
    await get({ query: text });
    expect(await get({})).toMatchObject({
      data: {
        metrics: { nodes: expect.arrayContaining([expect.objectContaining({ channel: 'google_ads' })]) },
      },
    });
  });
}, 180_000);

it('a data engineer connects a feed, a scheduler runs it, and an operator checks, backs up and restores it', async () => {
  const folder = await emptyFolder();
  const date = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const row = {
    day: date,
    campaign: 'C-1',
    network: 'google_ads',
    clicks: 3,
    impressions: 90,
    spend: '12.34',
  };
  let isDown = false;
  const platform = await startSourceServer((request, response) =>
    (isDown ? status(500) : json({ rows: [row] }))(request, response),
  );
  onTestFinished(() => platform.close());
  const file = join(folder, 'sources.yaml');
  const environment = {
    SOURCES_FILE: file,
    SOURCE_ATTEMPTS: '1',
    CONTACT_HASH_KEY: 'a key of sixteen characters',
  };
  const command = (name: string, args: readonly string[], more: Record<string, string> = {}) =>
    run(builtProgram(name, ...args)[0], builtProgram(name, ...args).slice(1), {
      env: { PATH: process.env.PATH, DATA_DIR: dataFolder(), ...environment, ...more },
    });

  const server = await journey(
    'the data engineer, until the figure of the platform is the figure here',
    async () => {
      await writeFile(
        file,
        `sources:\n  - name: platform\n    kind: ad_performance\n    url: ${platform.url}/report\n    records: rows\n    fields: { date: day, campaign_id: campaign, channel: network, cost: spend }\n`,
      );
      const tried = await command('start', ['--try-source', 'platform', '--day', date]);
      expect(tried.stdout).toContain('12.34');
      const program = runProgram(environment);
      const url = await addressOf(program);
      const trigger = 'mutation { triggerIngest(input: { wait: true }) { runs { status } } }';
      expect(await graphql(url, trigger)).toEqual({
        data: { triggerIngest: { runs: [{ status: 'SUCCEEDED' }] } },
      });
      const asked = `{ metrics(dateRange: { between: { from: "${date}", to: "${date}" } }) { totals { cost } } }`;
      expect(await graphql(url, asked)).toEqual({ data: { metrics: { totals: { cost: 12.34 } } } });
      return { program, url, asked };
    },
  );

  await journey('the scheduler’s author, until a failed night is recovered by its retry', async () => {
    const night = ['--idempotency-key', `night-${date}`];
    const more = { UTMQL_URL: server.url };
    isDown = true;
    await expect(command('trigger', night, more)).rejects.toMatchObject({
      code: expect.any(Number),
      stdout: expect.stringContaining('status=FAILED'),
    });
    isDown = false;
    expect((await command('trigger', night, more)).stdout).toContain('status=SUCCEEDED');
  });

  await journey('the operator, until the restored data answer as before', async () => {
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('ingest_runs_held');
    server.program.child.kill('SIGTERM');
    await server.program.ended;
    await command('check', []);
    await command('backup', ['--to', 'tonight']);
    await command('restore', ['--from', 'tonight', '--replace']);
    const again = runProgram(environment);
    const url = await addressOf(again);
    expect(await graphql(url, server.asked)).toEqual({ data: { metrics: { totals: { cost: 12.34 } } } });
    again.child.kill('SIGTERM');
    await again.ended;
  });
}, 180_000);

it('a contributor clones it and runs the tests of what they change', async () => {
  const clone = join(await emptyFolder(), 'utmql');
  await journey('the contributor, until the first test has passed', async () => {
    await run('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone]);
    // In place of `npm ci`.
    await symlink(join(root, 'node_modules'), join(clone, 'node_modules'));
    await mkdir(join(clone, 'dist'));
    const guide = await readFile(join(clone, 'CONTRIBUTING.md'), 'utf8');
    expect(guide).toContain('npm test -- test/');
    const env = { ...process.env, TEST_FILES: 'usual' };
    const passed = await run('npm', ['test', '--', 'test/metrics/comparison.test.ts'], { cwd: clone, env });
    expect(passed.stdout).toMatch(/\d+ passed, 0 failed, 0 skipped/);
  });
}, 180_000);
