import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/clickhouse/sql.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { readText } from '../support/deploy.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { shellCommands } from './shell-commands.ts';

const page = readText('docs/exports.md');
const blockOf = (language: string): string =>
  new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';
const calls = shellCommands(page).map(({ text }) => text);
const run = promisify(execFile);

let folder: string;
let keys: TestKeys;
let app: TestApp;
let key: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-exports-'));
  keys = await makeKeys();
  const { authorization = '' } = await keys.create({ role: 'viewer', workspace: ['default'] });
  key = authorization.replace('Bearer ', '');
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file } });
  await app.store.command(
    sql`INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, currency, cost, source, version, is_deleted)
      SELECT 'default', today() - 3, ['google_ads', 'facebook'][number % 2 + 1], toString(number), '', '', 'USD', 2.5, 'test', 1, 0 FROM numbers(20)`,
    { changesAnswersOf: ['default'] },
  );
});
afterAll(async () => {
  await app.close();
  await keys.close();
  await rm(folder, { recursive: true });
});

const expected = [
  { channel: 'facebook', cost: '25' },
  { channel: 'google_ads', cost: '25' },
];

describe('docs/exports.md', () => {
  it('shows commands', () => expect(calls.length).toBeGreaterThan(0));

  it.each(calls)('%s', async (call) => {
    const here = call.replace('http://127.0.0.1:4000', app.url);
    await run('bash', ['-c', here], { cwd: folder, env: { ...process.env, UTMQL_KEY: key } });
    const rows: unknown = parse(await readFile(join(folder, 'figures.csv')), { columns: true });
    expect(rows).toMatchObject(expected);
  });

  it('shows an Apps Script that makes a table', async () => {
    // What Google gives a script; it waits for answers, so this one is here before.
    const script = blockOf('js');
    const query = /=UTMQL\("([^"]+)"\)/.exec(page)?.[1] ?? '';
    let text = '';
    const answer = { getContentText: () => text };
    const asked: { url: string; headers: Record<string, string> }[] = [];
    const google = {
      PropertiesService: { getScriptProperties: () => ({ getProperty: () => key }) },
      UrlFetchApp: {
        fetch(url: string, { headers }: { headers: Record<string, string> }) {
          asked.push({ url, headers });
          return answer;
        },
      },
      Utilities: { parseCsv: (csv: string): string[][] => parse(csv) },
      query,
    };
    runInNewContext(`${script}; UTMQL(query)`, google);
    const { url = '', headers = {} } = asked[0] ?? {};
    text = await (await fetch(url.replace('https://utmql.example.com', app.url), { headers })).text();
    const table: unknown = runInNewContext(`${script}; UTMQL(query)`, google);
    expect(table).toEqual([
      ['channel', 'cost', 'leads'],
      ['facebook', '25', '0'],
      ['google_ads', '25', '0'],
    ]);
  });

  it('shows Python that reads a frame, where Python has what it takes', async ({ skip }) => {
    const python = 'python3';
    const packages = ['-c', 'import pandas, polars, pyarrow, requests'];
    const has = await run(python, packages).then(
      () => true,
      () => false,
    );
    skip(!has, 'pandas, polars, pyarrow or requests is missing');
    const script = `${blockOf('python').replace('http://127.0.0.1:4000', app.url)}
print(frame.cost.sum(), same['cost'].sum(), list(frame.channel), frame.date.nunique(), same.columns)`;
    const { stdout } = await run(python, ['-c', script], { env: { ...process.env, UTMQL_KEY: key } });
    expect(stdout.trim()).toBe("50.0 50.0 ['facebook', 'google_ads'] 1 ['date', 'channel', 'cost', 'leads']");
  });
});
