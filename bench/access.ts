import { mkdtemp, rm } from 'node:fs/promises';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { SignJWT } from 'jose';
import { createKeysCommand } from '../src/access/manage-keys.ts';
import type { OwnServer } from '../src/clickhouse/own-server/server.ts';
import { setSecurityHeaders } from '../src/http/security-headers.ts';
import { createLimits } from '../src/limits/limits.ts';
import { formatDay } from '../src/records/day.ts';
import { systemClock } from '../src/time.ts';
import { cachedUrl } from './dashboard.ts';
import { type Program, startProgram } from './program.ts';
import { percentile, printTable, progress, ratio } from './table.ts';

const rounds = 4;
const seconds = 2;
const connections = 16;
const secret = 'a secret of the bench, 32 bytes long or more';
const plenty = 1_000_000_000;

interface Caller {
  readonly name: string;
  readonly program: Program;
  readonly headers: Record<string, string>;
}

type Options = Pick<autocannon.Options, 'url' | 'method' | 'body'> & { readonly type?: string };

/** What authentication and limits add to a request: the same requests to an open server and to one where callers log in, in turns. */
export async function benchAccess(server: OwnServer, today: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'utmql-bench-keys-'));
  const file = join(folder, 'keys.json');
  const [key = ''] = (
    await createKeysCommand({ file, usesFile: join(folder, 'uses.json'), clock: systemClock })(
      { verb: 'create' },
      {
        name: 'bench',
        role: 'admin',
        'all-workspaces': true,
      },
    )
  ).split('\n');
  const token = await new SignJWT({ role: 'admin', workspaces: '*' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('bench')
    .setIssuer('bench')
    .setAudience('utmql')
    .setExpirationTime('1h')
    .sign(Buffer.from(secret));
  const roomy = { BUFFER_MAX_SIZE: '10000000' };
  const open = await startProgram(server, 'bench_open', roomy);
  const closed = await startProgram(server, 'bench_closed', {
    ...roomy,
    API_KEYS_FILE: file,
    JWT_SECRET: secret,
    JWT_ISSUER: 'bench',
    JWT_AUDIENCE: 'utmql',
    RATE_LIMIT_PER_MINUTE: String(plenty),
    PUSH_RATE_LIMIT_PER_MINUTE: String(plenty),
  });
  try {
    const callers: readonly Caller[] = [
      { name: 'nobody logs in', program: open, headers: {} },
      { name: 'API key', program: closed, headers: { 'x-api-key': key } },
      { name: 'token (HS256)', program: closed, headers: { authorization: `Bearer ${token}` } },
    ];
    const range = { from: formatDay(today - 30), to: formatDay(today - 1) };
    await compare('Cached persisted GET', callers, ({ url }) => ({ url: cachedUrl(url, range) }));
    await compare('Single events (POST /events)', callers, ({ origin }) => ({
      url: `${origin}/events`,
      method: 'POST',
      type: 'application/json',
      body: JSON.stringify({ service: 'shop', message: 'checkout completed', metadata: { basket: 3 } }),
    }));
    await benchLimits();
  } finally {
    await closed.stop();
    await open.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(
  title: string,
  callers: readonly Caller[],
  requestTo: (program: Program) => Options,
): Promise<void> {
  progress(`${title}: ${rounds} rounds of ${seconds} s for each kind of caller, ${connections} connections`);
  const times = new Map<string, number[]>(callers.map(({ name }) => [name, []]));
  const processor = new Map<string, number[]>(callers.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const { name, program, headers } of callers) {
      const { type, ...request } = requestTo(program);
      const before = program.processorMs();
      const result = await autocannon({
        ...request,
        connections,
        duration: round < 0 ? 1 : seconds,
        headers: { ...headers, ...(type !== undefined && { 'content-type': type }) },
      });
      if (result.non2xx + result.errors > 0)
        throw new Error(`${name}: ${result.non2xx + result.errors} refused`);
      if (round < 0) continue;
      times.get(name)?.push((result.duration * 1_000) / result['2xx']);
      processor.get(name)?.push((program.processorMs() - before) / result['2xx']);
    }
  }
  const beside = (samples: ReadonlyMap<string, number[]>, { name }: Caller): string[] => {
    const median = (caller = ''): number => percentile(samples.get(caller) ?? [], 0.5);
    const [time, base] = [median(name), median(callers[0]?.name)];
    return [time.toFixed(3), (time - base).toFixed(3), ratio(time / base)];
  };
  printTable(
    title,
    ['caller', 'ms a request', 'more than open', 'ratio', 'processor ms', 'more than open', 'ratio'],
    callers.map((caller) => [caller.name, ...beside(times, caller), ...beside(processor, caller)]),
  );
}

/** The open server has limits, too: what they cost alone. */
async function benchLimits(): Promise<void> {
  const settings = {
    requestsPerMinute: plenty,
    pushesPerMinute: plenty,
    costPerMinute: plenty,
    concurrency: 20,
  };
  const limits = createLimits(settings, () => undefined);
  const request = new IncomingMessage(new Socket());
  const requests = 50_000;
  const time = async (work: (response: ServerResponse) => Promise<void> | void): Promise<number> => {
    const started = performance.now();
    for (let index = 0; index < requests; index++) await work(new ServerResponse(request));
    return (performance.now() - started) / requests;
  };
  const bare = await time(() => undefined);
  const headers = await time((response) => setSecurityHeaders(request, response));
  const push = await time((response) => limits.countRequest('pushes', 'bench', response));
  const query = await time(async (response) => {
    await limits.countRequest('requests', 'bench', response);
    await limits.checkCost('bench', response);
    const end = await limits.takeTurn('bench', 'operation');
    await limits.spend('bench', 100);
    end();
  });
  printTable(
    'Limits and headers alone',
    ['what', 'ms'],
    [
      ['security headers', (headers - bare).toFixed(4)],
      ['limits of a push', (push - bare).toFixed(4)],
      ['limits of a query that is run', (query - bare).toFixed(4)],
    ],
  );
}
