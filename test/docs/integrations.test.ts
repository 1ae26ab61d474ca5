import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { buildSchema, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { readText } from '../support/deploy.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

const page = readText('docs/integrations.md');
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, block = '']) => block,
  );

/** GraphQL of the page: of its own, and within scripts. */
const queries = [
  ...blocks('graphql'),
  ...blocks('python').flatMap((block) =>
    [...block.matchAll(/"""\n(query[\s\S]*?)"""|gql\("(.*)"\)/g)].map(
      ([, long, short]) => long ?? short ?? '',
    ),
  ),
  ...blocks('js').flatMap((block) => [...block.matchAll(/'(query [^']*)'/g)].map(([, query = '']) => query)),
  ...blocks('text').flatMap((block) =>
    [...block.matchAll(/"(query [^"]*)"/g)].map(([, query = '']) => query),
  ),
];

const python = (args: readonly string[], input: string) =>
  spawnSync('python3', args, { input, encoding: 'utf8' });
const hasPython = python(['-c', 'pass'], '').status === 0;
const hasPandas = hasPython && python(['-c', 'import pandas, requests'], '').status === 0;

let keys: TestKeys;
let app: TestApp;
let key: string;
beforeAll(async () => {
  keys = await makeKeys();
  const admin = await keys.create({ role: 'admin', workspace: ['default'] });
  key = (await keys.create({ role: 'viewer', workspace: ['default'] })).authorization.slice('Bearer '.length);
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file } });
  const push = async (day: string, channel: string, cost: number) => {
    const record = { date: day, campaign_id: 'C', channel, clicks: 2, impressions: 3, cost };
    const response = await fetch(`${app.url}/ingest/ad-performance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...admin },
      body: JSON.stringify([record]),
    });
    expect(response.status).toBe(200);
  };
  await push('2025-08-01', 'google_ads', 10);
  await push('2025-08-02', 'google_ads', 5);
  await push('2025-08-02', 'meta', 4);
  await push(new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10), 'google_ads', 7);
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

describe('docs/integrations.md', () => {
  it('asks what the schema has', () => {
    const schema = buildSchema(readText('schema/schema.graphql'));
    expect(queries).toHaveLength(6);
    for (const query of queries) expect(validate(schema, parse(query))).toEqual([]);
  });

  it('the function of Google Sheets gives rows of cells, and says what is wrong', async () => {
    const [script = ''] = blocks('js');
    // Google's services, as the function uses them. `fetch` there is synchronous: the answer is asked for before.
    const answerTo = async (preset: string) => {
      const sent: { url: string; payload: string; authorization: string }[] = [];
      const run = (said: string): unknown => {
        const services = {
          PropertiesService: { getScriptProperties: () => ({ getProperty: () => key }) },
          UrlFetchApp: {
            fetch(
              url: string,
              { payload, headers }: { payload: string; headers: { Authorization: string } },
            ) {
              sent.push({ url, payload, authorization: headers.Authorization });
              return { getContentText: () => said };
            },
          },
        };
        const make = new Function(...Object.keys(services), `${script}; return UTMQL;`);
        return make(...Object.values(services))(preset);
      };
      run('{"data":{"metrics":{"nodes":[]}}}');
      const [{ payload, authorization } = { payload: '', authorization: '' }] = sent;
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: payload,
      });
      const said = await response.text();
      return () => run(said);
    };
    expect((await answerTo('LAST_30_DAYS'))()).toEqual([
      ['channel', 'cost', 'clicks', 'leads', 'revenue', 'roas'],
      ['google_ads', 7, 2, 0, 0, 0],
    ]);
    expect(await answerTo('LAST_DECADE')).toThrow(/"LAST_DECADE" does not exist in "DatePreset" enum/);
  });

  it.skipIf(!hasPython)('scripts are valid Python', () => {
    expect(blocks('python')).toHaveLength(3);
    for (const block of blocks('python')) {
      const { status, stderr } = python(
        ['-c', 'import sys; compile(sys.stdin.read(), "block", "exec")'],
        block,
      );
      expect(status, stderr).toBe(0);
    }
  });

  it.skipIf(!hasPandas)('the script with pandas adds up what is stored', async () => {
    const script = blocks('python').find((block) => block.includes('import pandas')) ?? '';
    const environment = { ...process.env, UTMQL_URL: app.url, UTMQL_KEY: key };
    const child = spawn('python3', ['-'], { env: environment });
    child.stdin.end(script);
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^warning: There are no ads rows on 2025-08-03/m);
    expect(stdout).toMatch(/^google_ads +15(\.0)? +0/m);
    expect(stdout).toMatch(/^meta +4(\.0)? +0/m);
  });
});
