import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generate } from '@graphql-codegen/cli';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { startClientApp } from './channel-question.ts';

// Each file of docs/clients.md, as it stands there but for the address: generated, compiled and run in the page's order.

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(join(root, 'docs/clients.md'), 'utf8');
const files = [...page.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => ({
  name,
  text,
}));

let folder: string;
let keys: TestKeys;
let app: TestApp;
let schema: Server;
const at = (name: string): string => join(folder, name);
const write = async (name: string, text: string): Promise<void> => {
  await mkdir(dirname(at(name)), { recursive: true });
  await writeFile(at(name), text);
};
const manifest = async (name: string): Promise<Record<string, string>> =>
  JSON.parse(await readFile(at(name), 'utf8'));

/** What the program listens to from now on, in place of what the page says. */
const writePage = (url: string): Promise<unknown> =>
  Promise.all(files.map(({ name, text }) => write(name, text.replaceAll('http://127.0.0.1:4000', url))));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-clients-'));
  await symlink(join(root, 'node_modules'), at('node_modules'));
  const sdl = await readFile(join(root, 'schema/schema.graphql'));
  schema = createServer((_request, response) => void response.end(sdl));
  await new Promise<void>((resolve) => schema.listen(0, '127.0.0.1', resolve));
  await writePage(`http://127.0.0.1:${(schema.address() as AddressInfo).port}`);
  await write('schema.graphql', sdl.toString());
  await write('persisted.json', '{}');
  const compiler = fileURLToPath(import.meta.resolve('relay-compiler/cli.js'));
  await promisify(execFile)(process.execPath, [compiler, '--noWatchman', 'relay.config.json'], {
    cwd: folder,
  });
  const { default: config } = (await import(at('codegen.ts'))) as { default: object };
  await generate({ ...config, cwd: folder, silent: true } as Parameters<typeof generate>[0], true);
  const documents = {
    ...(await manifest('persisted.json')),
    ...(await manifest('src/generated/persisted-documents.json')),
  };
  await write('manifest.json', JSON.stringify(documents));
  keys = await makeKeys();
  const admin = await keys.create({ role: 'admin', workspace: ['default'] });
  vi.stubEnv('UTMQL_KEY', admin.authorization.slice('Bearer '.length));
  app = await startClientApp(
    { PERSISTED_MANIFEST: at('manifest.json'), API_KEYS_FILE: keys.file },
    // The records are of the last thirty days.
    { headers: admin, clock: { now: () => Date.UTC(2025, 7, 31, 12) } },
  );
  await writePage(app.url);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  schema?.close();
  await app?.close();
  await keys?.close();
  await rm(folder, { recursive: true, force: true });
});

it('the page has a file for each client', () => {
  const names = files.map(({ name }) => name.replace('src/', ''));
  expect(names).toEqual(
    expect.arrayContaining(['apollo.ts', 'urql.ts', 'graphql-request.ts', 'tanstack.ts', 'relay.ts']),
  );
  expect(names).toEqual([...new Set(names)]);
});

it('all files compile, and what the server would refuse does not', () => {
  const program = ts.createProgram(
    files.map(({ name }) => at(name)).filter((name) => name.endsWith('.ts')),
    {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    },
  );
  const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    return `${file?.fileName.replace(folder, '')}: ${text}`;
  });
  expect(problems).toEqual([]);
});

/** What a file of the page prints, and the requests that it makes. */
async function run(name: string) {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...parts) => void lines.push(parts.join(' ')));
  const send = vi.spyOn(globalThis, 'fetch');
  try {
    await import(at(name));
    const requests = send.mock.calls.map(([input, init]) => {
      const { searchParams } = new URL(String(input));
      return `${init?.method ?? 'GET'} ${searchParams.has('query') ? 'by text' : 'by id'}`;
    });
    return { lines, requests };
  } finally {
    log.mockRestore();
    send.mockRestore();
  }
}

const channels = ['google_ads 75 4', 'meta 40 0'];
const campaigns = 'campaigns C-google_ads C-meta';

it.each([
  ['src/apollo.ts', [...channels, campaigns], 3],
  ['src/urql.ts', channels, 1],
  ['src/graphql-request.ts', channels, 1],
  ['src/tanstack.ts', [...channels, campaigns], 3],
  ['src/relay.ts', channels, 1],
])('%s asks by id over GET', async (name, printed, count) => {
  const { lines, requests } = await run(name);
  expect(lines).toEqual(printed);
  expect(requests).toEqual(Array(count).fill('GET by id'));
});

it('a campaign of one range does not show what it was in another (Apollo, Relay)', async () => {
  const first = { between: { from: '2025-08-01', to: '2025-08-31' } };
  const other = { between: { from: '2025-09-01', to: '2025-09-01' } };
  const { client } = await import(at('src/apollo.ts'));
  const { CampaignsDocument } = await import(at('src/generated/graphql.ts'));
  const ask = (range: object, fetchPolicy: string) =>
    client.query({ query: CampaignsDocument, variables: { range }, fetchPolicy });
  const names = (answer: { data: { campaigns: { edges: { node: { id: string } }[] } } }) =>
    answer.data.campaigns.edges.map(({ node }) => node.id);
  expect(names(await ask(first, 'network-only'))).toEqual(['C-google_ads', 'C-meta']);
  expect(names(await ask(other, 'network-only'))).toEqual(['C-google_ads']);
  expect(names(await ask(first, 'cache-only'))).toEqual(['C-google_ads', 'C-meta']);
  expect(Object.keys(client.cache.extract())).toEqual(['ROOT_QUERY']);

  const { environment } = await import(at('src/relay.ts'));
  const { fetchQuery } = await import('relay-runtime');
  const { default: campaignPage } = await import(at('src/__generated__/CampaignTablePageQuery.graphql.ts'));
  const relayPage = await fetchQuery(environment, campaignPage, { range: first }).toPromise();
  expect(relayPage).toBeDefined();
  const ids: readonly string[] = environment.getStore().getSource().getRecordIDs();
  expect(ids.some((id) => id.includes('edges:0:node'))).toBe(true);
  expect(ids).not.toContain('C-google_ads');
});

it('errors tell whether to ask again, and when', async () => {
  const { ask } = await import(at('src/ask.ts'));
  const { errorsOf, mayHelp, waitMs } = await import(at('src/errors.ts'));
  const { ChannelsDocument } = await import(at('src/generated/graphql.ts'));
  const wrong = await ask(ChannelsDocument, {
    range: { between: { from: '2025-09-01', to: '2025-08-01' } },
  }).catch((error: unknown) => error);
  expect(errorsOf(wrong)).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(mayHelp(wrong)).toBe(false);
  const busy = {
    errors: [{ message: '', extensions: { code: 'OVERLOADED', retryable: true, retryAfterSeconds: 7 } }],
  };
  expect([mayHelp(busy), waitMs(busy)]).toEqual([true, 7_000]);
  expect(mayHelp(new TypeError('fetch failed'))).toBe(true);
});

it('a run is followed to its end', async () => {
  const started = await app.query('mutation { triggerIngest(input: { sources: ["ads"] }) { runs { id } } }');
  const id = /"id":"([^"]+)"/.exec(JSON.stringify(started))?.[1] ?? '';
  const { followRun } = await import(at('src/follow-run.ts'));
  const seen: string[] = [];
  for await (const { status } of followRun(id)) seen.push(status);
  expect(seen.at(-1)).toBe('SUCCEEDED');
});
