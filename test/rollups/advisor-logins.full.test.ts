import { expect, it, onTestFinished } from 'vitest';
import { startTestApp } from '../support/app.ts';
import { builtProgram } from '../support/built-program.ts';
import { dataFolder, runProgram } from '../support/child-program.ts';
import { readText } from '../support/deploy.ts';
import { startGrantedServer } from '../support/granted-server.ts';

const question = `{ metrics(dateRange: { preset: LAST_7_DAYS }, groupBy: [UTM_CONTENT]) { nodes { cost } } }`;

async function advisor(environment: Record<string, string>) {
  const program = runProgram(environment, builtProgram('rollups:advise'));
  const code = await program.ended;
  return { code, output: program.output(), errors: program.errors() };
}

it('reads the log of the program’s own server while the program is stopped', async () => {
  const environment = { DATA_DIR: dataFolder() };
  const program = runProgram(environment);
  const { url } = await program.logged('utmql is ready');
  const answer = await fetch(url ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: question }),
  });
  expect(await answer.json()).toEqual({ data: { metrics: { nodes: [] } } });
  expect(await advisor(environment)).toEqual({
    code: 1,
    output: '',
    errors: expect.stringMatching(/is using the data folder .* utmql must not be running\.\n$/),
  });
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  expect(await advisor(environment)).toMatchObject({
    code: 0,
    output: expect.stringContaining('ClickHouse answered 1 question to `metrics`'),
  });
}, 120_000);

/** Until the first flush there is no `system.query_log`. */
async function flushLogs({ url, engine }: Awaited<ReturnType<typeof startGrantedServer>>): Promise<void> {
  const token = Buffer.from(`${engine.username}:${engine.password}`).toString('base64');
  const headers = { authorization: `Basic ${token}` };
  expect((await fetch(url, { method: 'POST', headers, body: 'SYSTEM FLUSH LOGS' })).status).toBe(200);
}

const grants = /<!-- advisor grants -->\s+```xml([\s\S]*?)```/.exec(readText('docs/rollups.md'))?.[1] ?? '';
const lines = grants.match(/<query>.*<\/query>/g) ?? [];

it.each([
  { name: 'with the line of the manual, utmql’s user may read the log', more: lines },
  { name: 'without it, it is told what to grant', more: [] },
])('$name', async ({ more }) => {
  expect(lines).toHaveLength(1);
  const server = await startGrantedServer(more);
  onTestFinished(() => server.stop());
  const environment = {
    CLICKHOUSE_URL: server.url,
    CLICKHOUSE_USER: server.utmql.username,
    CLICKHOUSE_PASSWORD: server.utmql.password,
    CLICKHOUSE_DATABASE: 'utmql',
  };
  const app = await startTestApp({ environment: { ...environment, ROLLUPS: 'on' } });
  expect((await app.query(question)).errors).toBeUndefined();
  await app.stop();
  await flushLogs(server);
  const told = await advisor(environment);
  expect(told).toMatchObject(
    more.length > 0
      ? { code: 0, errors: '' }
      : { code: 1, output: '', errors: expect.stringContaining(`add ${lines[0]} to its <grants>`) },
  );
}, 120_000);
