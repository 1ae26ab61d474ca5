import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dataFolder, runProgram as run } from './support/child-program.ts';

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
