import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { createLogger } from '../../src/logger.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { type StoreProxy, startStoreProxy } from '../support/proxy.ts';
import { eventually } from '../support/push-records.ts';

const model = `
dimensions:
  channel_group:
    description: Group.
    rules: [{ value: Paid, when: { channel: google_ads } }]
    otherwise: Other
measures:
  half_cost: { description: Half., formula: cost / 2 }
`;

type Headers = Record<string, string>;
let folder: string;
let keys: TestKeys;
let app: TestApp;
let viewer: Headers;
let restricted: Headers;
let ingestor: Headers;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-export-'));
  await writeFile(join(folder, 'model.yaml'), model);
  keys = await makeKeys();
  viewer = await keys.create({ role: 'viewer', workspace: ['default'] });
  restricted = await keys.create({ role: 'viewer', workspace: ['default'], channel: ['google_ads'] });
  ingestor = await keys.create({ role: 'ingestor', workspace: ['default'] });
  app = await startTestApp({
    environment: {
      API_KEYS_FILE: keys.file,
      MODEL_FILE: join(folder, 'model.yaml'),
      QUERY_COST_PER_MINUTE: '1000000',
    },
  });
  // Texts so long, in any format, that no buffer on the way holds all of them.
  await app.store.command(
    sql`INSERT INTO ad_performance (workspace, date, channel, campaign_id, ad_group_id, ad_id, currency, cost, source, version, is_deleted)
      SELECT if(number % 10 = 0, 'other', 'default'), toDate('2025-08-01'), if(number % 2 = 1, 'google_ads', 'tiktok'), '', '',
        arrayStringConcat(arrayMap(part -> hex(sipHash128(number, part)), range(25))), 'USD', 2, 'test', 1, 0
      FROM numbers(20000)`,
    { changesAnswersOf: ['default', 'other'] },
  );
});
afterAll(async () => {
  await app.close();
  await keys.close();
  await rm(folder, { recursive: true, force: true });
});

const day = { from: '2025-08-01', to: '2025-08-01', format: 'ndjson' };
const addressOf = (parameters: Readonly<Record<string, string>>, target = app): string =>
  `${target.url}/export/metrics?${new URLSearchParams(parameters)}`;
const rowsOf = async (parameters: Readonly<Record<string, string>>, headers: Headers): Promise<unknown[]> => {
  const text = await (await fetch(addressOf(parameters), { headers })).text();
  return text
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
};
const byChannel = { ...day, groupBy: 'CHANNEL', measures: 'COST' };

describe('whoever asks gets what metrics gives them', () => {
  it('all rows of the workspace', async () =>
    expect(await rowsOf(byChannel, viewer)).toEqual([
      { channel: 'google_ads', cost: 20_000 },
      { channel: 'tiktok', cost: 16_000 },
    ]));

  it('the channels of the key', async () =>
    expect(await rowsOf(byChannel, restricted)).toEqual([{ channel: 'google_ads', cost: 20_000 }]));

  it('another workspace only with a key for it', async () => {
    const headers = await keys.create({ role: 'viewer', workspace: ['other'] });
    expect(await rowsOf(byChannel, headers)).toEqual([{ channel: 'tiktok', cost: 4_000 }]);
    const foreign = await fetch(addressOf(byChannel), { headers: { ...viewer, 'x-workspace': 'other' } });
    expect(foreign.status).toBe(403);
  });

  it('nothing without a key, or with a role that reads no figures', async () => {
    expect((await fetch(addressOf(byChannel))).status).toBe(401);
    expect((await fetch(addressOf(byChannel), { headers: ingestor })).status).toBe(403);
  });

  it('the team’s own dimensions and measures', async () =>
    expect(await rowsOf({ ...day, groupBy: 'CHANNEL_GROUP', measures: 'HALF_COST,COST' }, viewer)).toEqual([
      { channelGroup: 'Other', halfCost: 8_000, cost: 16_000 },
      { channelGroup: 'Paid', halfCost: 10_000, cost: 20_000 },
    ]));
});

it('what is sent counts towards the cost limit', async () => {
  const headers = await keys.create({ role: 'viewer', workspace: ['default'] });
  const statuses: number[] = [];
  for (let round = 0; round < 2; round++) {
    const response = await fetch(addressOf({ ...day, groupBy: 'AD_ID', measures: 'COST' }), { headers });
    statuses.push(response.status);
    await response.arrayBuffer();
  }
  expect(statuses).toEqual([200, 429]);
});

const everything = { ...day, groupBy: 'AD_ID', measures: 'COST' };
/** A key whose costs no other test has spent. */
const newViewer = (): Promise<Headers> => keys.create({ role: 'viewer', workspace: ['default'] });

/** Asks for a file, and takes nothing of it yet. */
const begin = (
  headers: Headers,
  parameters: Readonly<Record<string, string>> = everything,
  target = app,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(addressOf(parameters, target), { headers });
    request.on('error', reject).on('response', resolve).end();
  });

/** Takes all of a file. */
async function receive(response: IncomingMessage): Promise<{ isWhole: boolean; bytes: Buffer }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    return { isWhole: response.complete, bytes: Buffer.concat(chunks) };
  } catch {
    return { isWhole: false, bytes: Buffer.concat(chunks) };
  }
}

it('a file that is not received keeps ClickHouse waiting, and its query ends when its caller leaves', async () => {
  const id = `leaves-${Date.now()}`;
  const isRunning = async (): Promise<boolean> => {
    const rows = await app.store.select(
      z.object({ query_id: z.string() }),
      sql`SELECT query_id FROM system.processes WHERE Settings['log_comment'] = ${bind('String', id)}`,
    );
    return rows.length > 0;
  };
  const response = await begin({ ...(await newViewer()), 'x-request-id': id });
  expect(response.statusCode).toBe(200);
  expect(await isRunning()).toBe(true);
  response.destroy();
  await eventually(async () => !(await isRunning()));
});

describe('half a file is not taken for the whole', () => {
  let proxy: StoreProxy;
  let behind: TestApp;
  beforeAll(async () => {
    proxy = await startStoreProxy(inject('clickhouse').url);
    behind = await startTestApp({
      environment: {
        API_KEYS_FILE: keys.file,
        CLICKHOUSE_URL: proxy.url,
        CLICKHOUSE_DATABASE: app.store.database,
      },
    });
  });
  afterAll(async () => {
    await behind.close();
    await proxy.close();
  });

  /** Ends of whole files: the footer of Parquet; the mark of a stream's end in Arrow. */
  const ends: Readonly<Record<string, RegExp>> = { parquet: /PAR1$/, arrow: /\xff\xff\xff\xff\0\0\0\0$/ };

  it.each([
    ['csv', 'identity'],
    ['csv', 'gzip'],
    ['csv', 'br'],
    ['ndjson', 'identity'],
    ['parquet', 'identity'],
    ['arrow', 'identity'],
  ])('%s, %s: where ClickHouse breaks off, so does the file', async (format, coding) => {
    const asked = { ...everything, format };
    const headers = { ...(await newViewer()), 'accept-encoding': coding };
    const end = ends[format] ?? /(?:)/;
    const whole = await receive(await begin(headers, asked, behind));
    expect([whole.isWhole, end.test(whole.bytes.toString('latin1'))]).toEqual([true, true]);
    proxy.cutReadsAfter(4_000_000);
    try {
      const response = await begin({ ...headers, ...(await newViewer()) }, asked, behind);
      expect(response.statusCode).toBe(200);
      const half = await receive(response);
      expect(half.isWhole).toBe(false);
      expect(half.bytes.length).toBeGreaterThan(100_000);
      expect(half.bytes.length).toBeLessThan(whole.bytes.length);
      if (format in ends) expect(half.bytes.toString('latin1')).not.toMatch(end);
    } finally {
      proxy.cutReadsAfter(undefined);
    }
    expect((await fetch(`${behind.url}/readyz`)).status).toBe(200);
  });

  it('nor by whoever asks with HTTP/1.0, to whom a closed connection is the end', async () => {
    const ask = async (): Promise<{ bytes: number; error: unknown }> => {
      const { hostname, port, pathname, search } = new URL(addressOf(everything, behind));
      const { authorization = '' } = await newViewer();
      const socket = connect(Number(port), hostname);
      let bytes = 0;
      let error: unknown;
      socket
        .on('data', (chunk) => {
          bytes += chunk.length;
        })
        .on('error', (thrown) => {
          error = thrown;
        })
        .write(
          `GET ${pathname}${search} HTTP/1.0\r\nHost: ${hostname}\r\nAuthorization: ${authorization}\r\n\r\n`,
        );
      await new Promise((resolve) => {
        socket.once('close', resolve);
      });
      return { bytes, error };
    };
    const whole = await ask();
    expect(whole.error).toBeUndefined();
    proxy.cutReadsAfter(4_000_000);
    try {
      const half = await ask();
      expect(half.error).toMatchObject({ code: 'ECONNRESET' });
      expect(half.bytes).toBeLessThan(whole.bytes);
    } finally {
      proxy.cutReadsAfter(undefined);
    }
  });

  it('where it is received for too long', async () => {
    const log: string[] = [];
    const hurried = await startTestApp({
      environment: {
        API_KEYS_FILE: keys.file,
        CLICKHOUSE_DATABASE: app.store.database,
        EXPORT_TIMEOUT_MS: '1000',
      },
      logger: createLogger({
        level: 'warn',
        destination: new Writable({
          write(chunk, _encoding, done) {
            log.push(String(chunk));
            done();
          },
        }),
      }),
    });
    try {
      const response = await begin(await newViewer(), everything, hurried);
      expect(response.statusCode).toBe(200);
      // Nothing is taken until utmql has given up.
      await eventually(async () => log.some((line) => line.includes('received than it may')));
      expect(await receive(response)).toMatchObject({ isWhole: false });
    } finally {
      await hurried.close();
    }
  });
});
