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
}, 120_000);

it('`npm start` passes SIGTERM on: what npm started ends with it', async () => {
  const program = run({ HOME: dataFolder() }, ['npm', 'start']);
  const { url = '' } = await program.logged('utmql is ready');
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  expect(program.output()).toContain('"msg":"stopped"');
  await expect(fetch(url)).rejects.toThrow();
}, 120_000);
