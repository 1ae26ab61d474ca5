import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dataFolder, runProgram as run } from './support/child-program.ts';

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

/** Resolves as soon as the ClickHouse that the program starts has begun to log. */
async function logOfClickHouse(): Promise<void> {
  while (!existsSync(join(dataFolder(), 'clickhouse.log')))
    await new Promise((resolve) => setTimeout(resolve, 20));
}

it.each([
  'its ClickHouse is being started',
  'started the own ClickHouse server',
  'migration applied',
])('SIGTERM while it starts (%s) ends it with code 0, and the next start goes on', async (moment) => {
  const first = run({});
  if (moment === 'its ClickHouse is being started') await logOfClickHouse();
  else await first.logged(moment);
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  expect(first.errors()).toBe('');
  expect(first.output()).toContain('"msg":"stopped"');
  const second = run({});
  await second.logged('utmql is ready');
  second.child.kill('SIGTERM');
  expect(await second.ended).toBe(0);
}, 120_000);

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
  const program = run({ HOME: dataFolder() }, ['npm', 'start']);
  const { url = '' } = await program.logged('utmql is ready');
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  expect(program.output()).toContain('"msg":"stopped"');
  await expect(fetch(url)).rejects.toThrow();
}, 60_000);
