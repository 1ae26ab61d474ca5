import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { exitCodes } from '../../src/trigger/exit-code.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { builtProgram } from '../support/built-program.ts';
import { readText, readYaml } from '../support/deploy.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import {
  type Behaviour,
  cutAfter,
  hang,
  redirect,
  refusedUrl,
  type SourceServer,
  startSourceServer,
  status,
  text,
} from '../support/source-server.ts';

let folder: string;
let keys: TestKeys;
let partner: SourceServer;
let app: TestApp;
/** Texts of keys: of two workspaces, of one, and of a viewer. */
let both: string;
let acme: string;
let viewer: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-trigger-'));
  keys = await makeKeys();
  const make = async (role: string, ...workspace: string[]): Promise<string> =>
    (await keys.create({ role, workspace })).authorization.slice('Bearer '.length);
  both = await make('ingestor', 'default', 'acme', 'nothing-here');
  acme = await make('ingestor', 'acme');
  viewer = await make('viewer', 'default');
  partner = await startSourceServer(adsFeed([ad(1)]));
  const file = join(folder, 'sources.yaml');
  await writeFile(
    file,
    `sources:\n  - { name: partner, workspace: acme, kind: ad_performance, url: '${partner.url}/ads' }\n`,
  );
  app = await startTestApp({
    environment: {
      API_KEYS_FILE: keys.file,
      SOURCES_FILE: file,
      SOURCE_ATTEMPTS: '1',
      // Schedulers work where dashboards may send nothing but known documents.
      TRUSTED_DOCUMENTS: 'only',
    },
  });
});
afterAll(async () => {
  await app.close();
  await partner.close();
  await keys.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => app.answer({ ads: adsFeed([ad(1)]), crm: crmFeed([]) }));

const ad = (campaign: number, more: Record<string, unknown> = {}) => ({
  date: '2025-08-01',
  campaign_id: `C-${campaign}`,
  channel: 'google_ads',
  clicks: 1,
  cost: 1,
  ...more,
});

interface Ended {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

/** Runs a command with these variables and no others. */
async function run(
  [executable, ...args]: readonly [string, ...string[]],
  environment: Record<string, string>,
): Promise<Ended> {
  const child = spawn(executable, args, { env: { PATH: process.env.PATH, ...environment } });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    output += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    errors += piece;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, lines: output.split('\n').filter((line) => line !== ''), errors };
}

const trigger = (args: readonly string[] = [], environment: Record<string, string> = {}): Promise<Ended> =>
  run(builtProgram('trigger', ...args), { UTMQL_URL: app.url, UTMQL_API_KEY: both, ...environment });

const line = (source: string, state: string): unknown =>
  expect.stringMatching(
    new RegExp(`^source=${source} workspace=\\w+ status=${state} rows=\\d+ seconds=\\d+\\.\\d error=".*"$`),
  );

describe('utmql trigger', () => {
  it('runs all sources of all workspaces of the key, or those that are named', async () => {
    const all = await trigger();
    expect(all).toMatchObject({ code: 0, errors: '' });
    expect(all.lines.toSorted()).toEqual([
      line('ads', 'SUCCEEDED'),
      line('crm', 'SUCCEEDED'),
      expect.stringMatching(/^source=partner workspace=acme status=SUCCEEDED rows=1 /),
    ]);
    const own = [line('partner', 'SUCCEEDED')];
    expect(await trigger([], { UTMQL_API_KEY: `${acme}\n` })).toEqual({ code: 0, lines: own, errors: '' });
    expect((await trigger(['--workspace', 'acme'])).lines).toEqual(own);
    expect((await trigger(['--source', 'partner'])).lines).toEqual(own);
    expect((await trigger(['--url', `${app.url}/graphql`, '--no-wait', '--source', 'ads'])).lines).toEqual([
      expect.stringMatching(/^source=ads workspace=default status=(QUEUED|RUNNING|SUCCEEDED) /),
    ]);
  });

  it('passes days on: from and to as they are, or so many before today', async () => {
    await trigger(['--source', 'ads', '--from', '2025-08-01', '--to', '2025-08-03']);
    expect(app.sourceRequests.at(-1)?.query).toMatchObject({ since: '2025-08-01', until: '2025-08-03' });
    await trigger(['--source', 'ads', '--days', '2']);
    const day = (before: number): string =>
      new Date(Date.now() - before * 86_400_000).toISOString().slice(0, 10);
    expect(app.sourceRequests.at(-1)?.query).toMatchObject({ since: day(2), until: day(1) });
  });

  it('a run that has failed fails the call, and the same key recovers what did not succeed', async () => {
    app.answer({ ads: status(500) });
    const args = ['--workspace', 'default', '--idempotency-key', 'nightly'];
    const first = await trigger(args);
    expect(first.code).toBe(1);
    expect(first.lines.toSorted()).toEqual([
      expect.stringMatching(/^source=ads .* status=FAILED rows=0 .* error=".*SOURCE_UNAVAILABLE.*"$/),
      line('crm', 'SUCCEEDED'),
    ]);
    const asked = (path: string): number => app.sourceRequests.filter((one) => one.path === path).length;
    app.answer({});
    const before = asked('/crm');
    expect((await trigger(args)).code).toBe(0);
    expect(asked('/crm')).toBe(before);
  });

  it('PARTIAL, HELD and a run that does not end have codes of their own', async () => {
    const ads = ['--source', 'ads'];
    app.answer({ ads: adsFeed([ad(1), ad(2, { cost: 'much' })]) });
    expect(await trigger(ads)).toMatchObject({
      code: 3,
      lines: [expect.stringMatching(/ status=PARTIAL rows=1 .* error="1 record was rejected/)],
    });
    app.answer({ ads: cutAfter('{"external":{"ads":{"performance":[') });
    expect((await trigger(ads)).code).toBe(1);
    const rows = Array.from({ length: 40 }, (_, index) => ad(index, { date: '2025-09-01' }));
    app.answer({ ads: adsFeed(rows) });
    expect((await trigger(ads)).code).toBe(0);
    app.answer({ ads: adsFeed(rows.slice(1, 3)) });
    expect(await trigger(ads)).toMatchObject({ code: 4, lines: [line('ads', 'HELD')] });
    app.answer({ ads: slow(3_000) });
    const late = await trigger([...ads, '--timeout', '2']);
    expect(late).toMatchObject({ code: 5, lines: [expect.stringContaining('source=ads ')] });
    expect(late.errors).toContain('has not ended within 2 s');
  });

  it('what cannot be, is not allowed or does not answer has codes of its own, and starts nothing', async () => {
    const before = app.sourceRequests.length;
    const page = await startSourceServer({
      '/page/graphql': text('<html>'),
      '/moved/graphql': redirect(app.url),
      '/hangs/graphql': hang,
    });
    const cases: readonly [number, string, readonly string[], Record<string, string>?][] = [
      [2, 'did you mean ads?', ['--source', 'asd']],
      [2, 'did you mean acme?', ['--workspace', 'acmee']],
      [2, 'has sources', [], { UTMQL_API_KEY: await keyOf('nothing-here') }],
      [2, '--days is "x"', ['--days', 'x']],
      [2, '--idempotency-key is empty', ['--idempotency-key', '']],
      [2, '--from is after --to', ['--from', '2025-08-02', '--to', '2025-08-01']],
      [2, 'either --days', ['--days', '3', '--to', '2025-08-01']],
      [2, 'no address', ['--url', 'utmql:4000']],
      [2, 'There is no option --api-key', ['--api-key', both]],
      [7, 'UNAUTHENTICATED', [], { UTMQL_API_KEY: '' }],
      [7, 'UNAUTHENTICATED', [], { UTMQL_API_KEY: both.slice(0, -3) }],
      [7, 'FORBIDDEN', [], { UTMQL_API_KEY: viewer }],
      [6, 'cannot be reached', ['--timeout', '1'], { UTMQL_URL: await refusedUrl() }],
      [6, 'does not answer', ['--timeout', '1', '--url', `${page.url}/hangs`]],
      [6, 'not as utmql does', ['--url', `${page.url}/page`]],
      [6, 'leads on to', ['--url', `${page.url}/moved`]],
    ];
    const got = await Promise.all(
      cases.map(async ([code, message, args, environment]) => ({
        expected: { code, message },
        ended: await trigger(args, environment),
      })),
    );
    for (const { expected, ended } of got) {
      expect({ code: ended.code, lines: ended.lines }, ended.errors).toEqual({
        code: expected.code,
        lines: [],
      });
      expect(ended.errors).toContain(expected.message);
      expect(ended.errors).not.toContain(both);
    }
    await page.close();
    expect(app.sourceRequests.length).toBe(before);
  });

  it('a key that was used for another call is refused', async () => {
    const args = ['--source', 'ads', '--idempotency-key', 'once'];
    expect((await trigger(args)).code).toBe(0);
    expect(await trigger([...args, '--from', '2025-08-01'])).toMatchObject({
      code: 2,
      errors: expect.stringContaining('was used for another call'),
    });
  });

  it('waits while utmql is briefly away, before and while runs are at work', async () => {
    app.answer({ ads: slow(800) });
    const url = new URL(await refusedUrl());
    const ending = trigger(['--source', 'ads'], { UTMQL_URL: url.origin });
    await delay(600);
    const before = app.sourceRequests.length;
    const network = await forward(Number(url.port), new URL(app.url));
    while (app.sourceRequests.length === before) await delay(20);
    network.cut();
    const ended = await ending;
    network.server.close();
    expect(ended).toMatchObject({ code: 0, lines: [line('ads', 'SUCCEEDED')] });
    expect(ended.errors).toContain('Trying again');
    expect(app.sourceRequests.length).toBe(before + 1);
  });

  it('the CronJob calls it, and a pod that is started again recovers', async () => {
    const job = z
      .object({
        spec: z.object({
          jobTemplate: z.object({
            spec: z.object({
              template: z.object({
                spec: z.object({
                  containers: z.tuple([
                    z.object({
                      command: z.tuple([z.literal('utmql'), z.literal('trigger')], z.string()),
                      env: z.array(z.object({ name: z.string() })),
                    }),
                  ]),
                }),
              }),
            }),
          }),
        }),
      })
      .parse(readYaml('deploy/kubernetes/ingest.yaml')[0]);
    const [container] = job.spec.jobTemplate.spec.template.spec.containers;
    expect(container.env.map(({ name }) => name).sort()).toEqual(['JOB_NAME', 'UTMQL_API_KEY', 'UTMQL_URL']);
    const [, , ...args] = container.command.map((word) => word.replace('$(JOB_NAME)', 'utmql-ingest-29'));
    app.answer({ ads: status(500) });
    expect((await trigger(args)).code).toBe(1);
    app.answer({});
    expect((await trigger(args)).code).toBe(0);
  });

  it('every code is documented', () => {
    const manual = readText('docs/ingestion.md');
    for (const { code, meaning } of Object.values(exitCodes))
      expect(manual).toContain(`| ${code} | ${meaning} |`);
  });
});

const keyOf = async (workspace: string): Promise<string> =>
  (await keys.create({ role: 'ingestor', workspace: [workspace] })).authorization.slice('Bearer '.length);

/** A feed that takes its time; each piece comes within SOURCE_TIMEOUT_MS. */
const slow =
  (ms: number): Behaviour =>
  async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"external":{"ads":{"performance":[');
    for (let waited = 0; waited < ms && !response.destroyed; waited += 100) {
      response.write(' ');
      await delay(100);
    }
    response.end(`${JSON.stringify(ad(1))}]}}}`);
  };

/** Listens on a port, and passes everything on, until it is cut: then connections break for a while. */
async function forward(port: number, to: URL): Promise<{ server: Server; cut(): void }> {
  const sockets = new Set<{ destroy(): void }>();
  let isCut = false;
  const server = createServer((near) => {
    near.on('error', () => undefined);
    if (isCut) return void near.destroy();
    const far = connect(Number(to.port), to.hostname);
    far.on('error', () => undefined);
    sockets.add(near).add(far);
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    server,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
      setTimeout(() => {
        isCut = false;
      }, 500);
    },
  };
}
