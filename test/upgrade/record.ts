// Records a fixture, as the README of this folder says: node --import tsx test/upgrade/record.ts CHECKOUT NAME
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask, question, settings, startFeeds } from './feeds.ts';

const [checkout = '', name = ''] = process.argv.slice(2);
const fixture = (extension: string): string =>
  fileURLToPath(new URL(`./fixtures/${name}.${extension}`, import.meta.url));
const commit = execFileSync('git', ['-C', checkout, 'rev-parse', '--short=7', 'HEAD'], {
  encoding: 'utf8',
}).trim();
const { scripts } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as {
  scripts: { start: string };
};

const dataDir = await mkdtemp(join(tmpdir(), 'utmql-record-'));
const feeds = await startFeeds();
const program = spawn('sh', ['-c', `exec ${scripts.start.replace(/^exec /, '')}`], {
  cwd: checkout,
  // Events wait in the buffer, and are there when the program is killed.
  env: {
    PATH: process.env.PATH,
    ...settings(feeds),
    PORT: '0',
    DATA_DIR: dataDir,
    DRAIN_INTERVAL_MS: '60000',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
let url: string | undefined;
let clickhouse: number | undefined;
for await (const line of createInterface({ input: program.stdout })) {
  const entry = JSON.parse(line) as { msg: string; url?: string; pid?: number };
  if (entry.msg === 'started the own ClickHouse server') clickhouse = entry.pid;
  if (entry.msg === 'utmql is ready') url = entry.url;
  if (url !== undefined) break;
}
if (url === undefined || clickhouse === undefined) throw new Error('The program did not start.');
program.stdout.resume();

const { triggerIngest } = await ask<{ triggerIngest: { runs: { status: string }[] } }>(
  url,
  'mutation { triggerIngest(input: { wait: true }) { runs { status } } }',
);
if (triggerIngest.runs.some(({ status }) => status !== 'SUCCEEDED'))
  throw new Error(JSON.stringify(triggerIngest));
const figures = await ask(url, question);

const events = [1, 2, 3].map((id) => ({
  event_id: `E-${id}`,
  service: 'shop',
  message: 'checkout',
  timestamp: `2025-08-0${id}T10:00:00Z`,
}));
const push = async (body: unknown): Promise<boolean> => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(new URL('/events', url), {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  return response.status === 202;
};
const accepted: boolean[] = [];
for (const event of events) accepted.push(await push(event));

program.kill(accepted.includes(true) ? 'SIGKILL' : 'SIGTERM');
await once(program, 'close');
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
while (isAlive(clickhouse)) await delay(100);
await feeds.close();
execFileSync('tar', [
  '-czf',
  fixture('tar.gz'),
  '--exclude=./clickhouse.log*',
  '--exclude=./utmql.pid',
  '-C',
  dataDir,
  '.',
]);
const recorded = { commit, waitingEvents: accepted.filter(Boolean).length, figures };
await writeFile(fixture('json'), `${JSON.stringify(recorded, undefined, 2)}\n`);
await rm(dataDir, { recursive: true, force: true });
