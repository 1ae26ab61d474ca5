import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'utmql-main-'));
});
const children = new Set<ChildProcess>();
afterEach(async () => {
  // A test that failed half-way leaves nothing behind.
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
});

/** The program with its log lines; from the sources unless another command is given. */
function run(
  environment: Record<string, string>,
  [command, ...args]: readonly [string, ...string[]] = [process.execPath, '--import', 'tsx', main],
) {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, ...environment },
  });
  children.add(child);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  void ended.then(() => children.delete(child));
  const entries = () =>
    output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { msg: string; url?: string });
  const logged = async (message: string) => {
    for (;;) {
      const entry = entries().find(({ msg }) => msg === message);
      if (entry) return entry;
      if (child.exitCode !== null) throw new Error(`ended before ${JSON.stringify(message)}: ${errors}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, ended, logged, errors: () => errors, output: () => output };
}

it('wrong configuration ends with code 1 and one screen that names every variable', async () => {
  const program = run({ PORT: 'x', QUERY_TIMEOUT_MS: '1' });
  expect(await program.ended).toBe(1);
  expect(program.errors()).toBe(
    'The configuration is wrong:\n  - PORT ("x") is not a whole number\n  - QUERY_TIMEOUT_MS ("1") is not between 100 and 600000\n',
  );
});

it('starts its own ClickHouse, keeps its data, and ends cleanly on SIGTERM with code 0', async () => {
  const source = { ADS_API_URL: 'http://127.0.0.1:9/ads' };
  const trigger = async (url: string, query: string) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return (await response.json()) as { data: Record<string, unknown> };
  };
  const first = run({ ...source, SOURCE_ATTEMPTS: '1' });
  const { url = '' } = await first.logged('utmql is ready');
  await trigger(url, 'mutation { triggerIngest(input: { wait: true }) { runs { status } } }');
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  expect(first.output()).toContain('"msg":"stopped"');

  const second = run(source);
  const again = await second.logged('utmql is ready');
  expect((await trigger(again.url ?? '', '{ ingestRuns { status } }')).data).toEqual({
    ingestRuns: [{ status: 'FAILED' }],
  });
  second.child.kill('SIGTERM');
  expect(await second.ended).toBe(0);
}, 60_000);

it('a taken port is one clear sentence', async () => {
  const first = run({ LOG_LEVEL: 'info' });
  const { url = '' } = await first.logged('utmql is ready');
  const other = await mkdtemp(join(tmpdir(), 'utmql-main-'));
  try {
    const second = run({ PORT: new URL(url).port, DATA_DIR: other });
    expect(await second.ended).toBe(1);
    expect(second.errors()).toMatch(/^Port \d+ on 127\.0\.0\.1 is taken\. .*PORT/);
  } finally {
    first.child.kill('SIGTERM');
    await first.ended;
    await rm(other, { recursive: true, force: true, maxRetries: 3 });
  }
}, 60_000);

it('`npm start` passes SIGTERM on: what npm started ends with it', async () => {
  const program = run({ HOME: dataDir }, ['npm', 'start']);
  const { url = '' } = await program.logged('utmql is ready');
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  expect(program.output()).toContain('"msg":"stopped"');
  await expect(fetch(url)).rejects.toThrow();
}, 60_000);
