import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { sql } from '../../src/clickhouse/sql.ts';
import type { Store, StreamFormat } from '../../src/clickhouse/store.ts';
import { openStore, testLimits } from '../support/database.ts';

const formats = ['CSVWithNames', 'JSONEachRow', 'Parquet', 'ArrowStream'] as const;
const longestMs = 60_000;

/** Receives all of an answer. Tells what it has got before it rejects. */
async function receive(store: Store, statement: Parameters<Store['stream']>[0], format: StreamFormat) {
  const chunks: Buffer[] = [];
  const settings = { output_format_parquet_row_group_size: '10000' } as const;
  const error = await store
    .stream(statement, { format, longestMs, settings }, async (bytes) => {
      for await (const chunk of bytes) chunks.push(chunk);
    })
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  return { bytes: Buffer.concat(chunks), error };
}

describe('an answer that ClickHouse cannot end', () => {
  let store: Awaited<ReturnType<typeof openStore>>;
  beforeAll(async () => {
    store = await openStore();
  });
  afterAll(() => store.drop());

  // Texts that no compression makes shorter: megabytes are sent by the time it fails.
  const failing = sql`SELECT number, hex(sipHash128(number)) AS text, throwIf(number = 900000) AS t FROM numbers(1000000)`;

  it.each(formats)('fails in the middle as %s', async (format) => {
    const { bytes, error } = await receive(store, failing, format);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(bytes.length).toBeGreaterThan(1_000_000);
    // What ClickHouse says, which quotes SQL, is for the log.
    expect(bytes.includes('DB::Exception')).toBe(false);
    expect(bytes.subarray(-4).toString('latin1')).not.toBe('PAR1');
  });

  it.each(formats)('fails before the first byte as %s', async (format) => {
    const { bytes, error } = await receive(
      store,
      sql`SELECT throwIf(number = 9) AS t FROM numbers(10)`,
      format,
    );
    expect(error).toMatchObject({ code: 'INTERNAL', cause: { type: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO' } });
    expect(bytes).toHaveLength(0);
  });

  it.each(formats)('is told from one that it ends: %s', async (format) => {
    const { bytes, error } = await receive(store, sql`SELECT number FROM numbers(100000)`, format);
    expect(error).toBeUndefined();
    expect(bytes.length).toBeGreaterThan(1_000);
  });
});

describe('versions that write why at the end', () => {
  const message =
    'Code: 395. DB::Exception: Value passed to throwIf is non-zero. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) (version 25.8.1.1 (official build))';
  it.each([
    ['as a sentence', `1\n2\n${message}\n`],
    ['as a sentence behind many rows', `${'1,2\n'.repeat(10_000)}${message}\n`],
    [
      'in a frame',
      `1\n2\n\r\n__exception__\r\nabcdefghijklmnop\r\n${message}\n${message.length} abcdefghijklmnop\r\n__exception__\r\n`,
    ],
  ])('%s: the answer fails', async (_, body) => {
    await asIf(body, async (store) => {
      const { error } = await receive(store, sql`SELECT 1`, 'CSVWithNames');
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
  });

  it('a row that holds such a sentence is a row', async () => {
    await asIf(`"campaign"\n"${message}"\n`, async (store) => {
      expect(await receive(store, sql`SELECT 1`, 'CSVWithNames')).toMatchObject({ error: undefined });
    });
    await asIf(`{"campaign":"${message}"}\n`, async (store) => {
      expect(await receive(store, sql`SELECT 1`, 'JSONEachRow')).toMatchObject({ error: undefined });
    });
  });

  /** A server that answers with this body, and ends it well. */
  async function asIf(body: string, work: (store: Store) => Promise<void>): Promise<void> {
    const server = createServer((request, response) => {
      request.resume();
      const id = new URL(request.url ?? '', 'http://clickhouse').searchParams.get('query_id') ?? '';
      response.writeHead(200, { 'x-clickhouse-query-id': id }).end(body);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const store = createStore({
      url: `http://127.0.0.1:${port}`,
      username: 'x',
      password: '',
      database: 'x',
      maxConcurrency: 2,
      limits: testLimits,
    });
    try {
      await work(store);
    } finally {
      await store.close();
      server.closeAllConnections();
      server.close();
    }
  }
});
