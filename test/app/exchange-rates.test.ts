import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  type Behaviour,
  json,
  type SourceServer,
  startSourceServer,
  text,
} from '../support/source-server.ts';

const fixture = (name: string): Promise<string> =>
  readFile(new URL(`../sources/fixtures/${name}`, import.meta.url), 'utf8');

let folder: string;
let platform: SourceServer;
let routes: Record<string, Behaviour> = {};
let app: TestApp;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-rates-'));
  platform = await startSourceServer((request, response) =>
    (routes[request.url?.split('?')[0] ?? ''] ?? json([]))(request, response),
  );
  const file = join(folder, 'sources.yaml');
  const source = (name: string, more: string) => `{ name: ${name}, url: "${platform.url}/${name}", ${more} }`;
  await writeFile(
    file,
    `sources:
      - ${source('ecb', 'adapter: ecb')}
      - ${source('bank', 'kind: exchange_rate, records: rates, defaults: { base: USD }')}
      - ${source('treasury', 'kind: exchange_rate, adapter: csv, duplicates: last, decimal: ","')}
      - ${source('updates', 'kind: exchange_rate, mode: upsert, records: rates')}
      - ${source('elsewhere', 'adapter: ecb, workspace: elsewhere')}
`,
  );
  app = await startTestApp({ environment: { SOURCES_FILE: file, RAW_RETENTION_DAYS: '20000' } });
});
beforeEach(() => app.empty());
afterAll(async () => {
  await app.close();
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

const run = async (source: string, input = ''): Promise<Record<string, unknown>> => {
  const [ended] = await app.pull(`sources: ["${source}"] ${input}`);
  return ended ?? {};
};
const pull = (source: string, behaviour: Behaviour, input = ofAllDays): Promise<Record<string, unknown>> => {
  routes = { [`/${source}`]: behaviour };
  return run(source, input);
};
/** Whatever has been pulled before. */
const ofAllDays = ', since: "1999-01-01"';
/** `2025-08-01 EUR/USD 1.1404 ecb`, the latest day first. */
const stored = async (workspace = 'default', args = ''): Promise<string[]> => {
  const { data, errors } = await app.query(
    `{ exchangeRates(dateRange: { between: { from: "2000-01-01", to: "2026-12-31" } }${args}) { nodes { date base quote rate source } totalCount } }`,
    {},
    { 'x-workspace': workspace },
  );
  expect(errors).toBeUndefined();
  const list = (
    data as unknown as {
      exchangeRates: {
        nodes: { date: string; base: string; quote: string; rate: number; source: string }[];
        totalCount: number;
      };
    }
  ).exchangeRates;
  expect(list.totalCount).toBe(list.nodes.length);
  return list.nodes.map((row) => `${row.date} ${row.base}/${row.quote} ${row.rate} ${row.source}`);
};
const rate = (quote: string, value: unknown, more: Record<string, unknown> = {}) => ({
  date: '2025-08-01',
  base: 'EUR',
  quote,
  rate: value,
  ...more,
});
const ofDay = [
  '2025-08-01 EUR/BGN 1.9558 ecb',
  '2025-08-01 EUR/ISK 140.8 ecb',
  '2025-08-01 EUR/JPY 171.17 ecb',
  '2025-08-01 EUR/USD 1.1404 ecb',
];

describe('rates of the European Central Bank', () => {
  it('are stored, and replays change nothing', async () => {
    const csv = await fixture('eurofxref-hist.csv');
    const first = await pull('ecb', text(csv, { 'content-type': 'text/csv' }));
    expect(first).toMatchObject({
      status: 'SUCCEEDED',
      recordsRead: 20,
      recordsWritten: 17,
      recordsSkipped: 3,
      recordsRejected: 0,
      skippedByReason: [{ name: 'left_out', count: 3 }],
    });
    const all = await stored();
    expect(all).toHaveLength(17);
    expect(all.slice(0, 4)).toEqual(ofDay);
    expect(all.at(-1)).toBe('2022-03-01 EUR/USD 1.1162 ecb');
    const { data } = await app.query(
      `mutation { replayRun(id: "${String(first.id)}", wait: true) { status recordsWritten recordsChanged } }`,
    );
    expect(data).toEqual({ replayRun: { status: 'SUCCEEDED', recordsWritten: 17, recordsChanged: 0 } });
    expect(await stored()).toEqual(all);
  });

  it('come as XML, too; a file of one day leaves the other days, whatever was asked for', async () => {
    await pull('ecb', text(await fixture('eurofxref-hist.xml')));
    const all = await stored();
    expect(all).toHaveLength(10);
    const daily = (await fixture('eurofxref-daily.xml')).replace('1.1404', '1.15').replace(/.*BGN.*\n/, '');
    const again = await pull('ecb', text(daily), ', since: "2025-07-01", until: "2025-08-03"');
    expect(again).toMatchObject({ status: 'SUCCEEDED', recordsWritten: 3 });
    // A restated rate takes the place of the earlier one; one that the day has no more is gone.
    expect(await stored()).toEqual([ofDay[1], ofDay[2], '2025-08-01 EUR/USD 1.15 ecb', ...all.slice(4)]);
  });

  it('are taken of the days that were asked for', async () => {
    const csv = text(await fixture('eurofxref-hist.csv'));
    expect(await pull('ecb', csv, ', since: "2025-07-31", until: "2025-07-31"')).toMatchObject({
      status: 'SUCCEEDED',
      recordsWritten: 4,
      skippedByReason: expect.arrayContaining([{ name: 'outside_range', count: 13 }]),
    });
    expect(await stored()).toHaveLength(4);
    // A source that is asked for nothing in particular may give what it has.
    expect(await run('ecb')).toMatchObject({ recordsWritten: 17, recordsSkipped: 3 });
  });

  it('stay as they are where a run fails', async () => {
    await pull('ecb', text(await fixture('eurofxref-hist.xml')));
    const all = await stored();
    const xml = await fixture('eurofxref-hist.xml');
    const html = '<!DOCTYPE html><html><body>Maintenance</body></html>';
    const failing: [Behaviour, RegExp][] = [
      [text(xml.replaceAll('1.1404', '9.9').slice(0, 700)), /ended before the end of its root element/],
      [text(html, { 'content-type': 'text/html' }), /is HTML, not XML/],
      [
        text(xml.replaceAll('rate=', 'value=').replace(/<Cube time=.1999.*?<.Cube>/, '')),
        /None of the 10 records could be read/,
      ],
      [text('Day,USD\n2025-08-01,9.9\n'), /has no exchange rates/],
      [
        text('Date,USD,\n2025-08-01,1.2,\n2025-08-01,1.3,\n'),
        /1\.2\d* and 1\.3\d* for EUR\/USD on 2025-08-01/,
      ],
    ];
    for (const [behaviour, message] of failing) {
      const ended = await pull('ecb', behaviour);
      expect(ended).toMatchObject({ status: 'FAILED', error: { code: 'SOURCE_MALFORMED' } });
      expect((ended.error as { message: string }).message).toMatch(message);
      expect(await stored()).toEqual(all);
    }
  });

  it('that would mostly go are held until somebody says so', async () => {
    await pull('ecb', text(await fixture('eurofxref-hist.csv')), ', since: "2025-07-30"');
    const usd = text('Date,USD,\n2025-08-01,1.1404,\n2025-07-31,1.1446,\n2025-07-30,1.1527,\n');
    const held = await pull('ecb', usd, ', since: "2025-07-30"');
    expect(held).toMatchObject({ status: 'HELD' });
    expect((held.error as { message: string }).message).toContain('12 stored rows would become 3.');
    expect(await stored()).toHaveLength(12);
    const { data } = await app.query(
      `{ ingestRun(id: "${String(held.id)}") { changes { date added changed removed } } }`,
    );
    expect(data).toMatchObject({
      ingestRun: {
        changes: ['2025-07-30', '2025-07-31', '2025-08-01'].map((date) => ({
          date,
          added: 0,
          changed: 0,
          removed: 3,
        })),
      },
    });
    await app.query(`mutation { approveRun(id: "${String(held.id)}", wait: true) { status } }`);
    expect(await stored()).toHaveLength(3);
  });

  it('are told without being stored by a dry run', async () => {
    const { data } = await app.query(
      'mutation { triggerIngest(input: { sources: ["ecb"], wait: true, dryRun: true }) { runs { status changes { date added } } } }',
    );
    expect(data).toMatchObject({ triggerIngest: { runs: [{ status: 'SUCCEEDED' }] } });
    expect(await stored()).toEqual([]);
  });

  it('are each workspace’s own', async () => {
    await pull('ecb', text(await fixture('eurofxref-daily.csv')));
    routes = { '/elsewhere': text(await fixture('eurofxref-daily.xml')) };
    await app.query(
      'mutation { triggerIngest(input: { sources: ["elsewhere"], wait: true }) { runs { status } } }',
      {},
      { 'x-workspace': 'elsewhere' },
    );
    expect(await stored()).toEqual(ofDay);
    expect(await stored('elsewhere')).toEqual(ofDay.map((line) => line.replace('ecb', 'elsewhere')));
    expect(await stored('third')).toEqual([]);
  });
});

describe('rates of other feeds', () => {
  it('are JSON by the names of the contract, with a base of the source', async () => {
    const feed = [
      rate('JPY', '147.89', { base: undefined }),
      rate('JPY', '147.89', { base: undefined }),
      rate('GBP', 0, { base: undefined }),
      rate('CHF', 'N/A', { base: '' }),
      rate('usd', 1, { base: 'usd' }),
      rate('SEK', 9.65, { base: undefined, date: '1999-12-31' }),
    ];
    expect(await pull('bank', json({ rates: feed }))).toMatchObject({
      status: 'PARTIAL',
      recordsWritten: 2,
      skippedByReason: [{ name: 'duplicate', count: 1 }],
      rejectedByReason: expect.arrayContaining([
        { name: 'invalid_rate', count: 1 },
        { name: 'missing_field', count: 1 },
        { name: 'date_out_of_range', count: 1 },
      ]),
    });
    expect(await stored()).toEqual(['2025-08-01 USD/JPY 147.89 bank', '2025-08-01 USD/USD 1 bank']);
  });

  it('are CSV in their own notation, of which the last counts where the source says so', async () => {
    const csv = 'date;base;quote;rate\n2025-08-01;EUR;HUF;398,17\n2025-08-01;EUR;HUF;1.398,5\n';
    expect(await pull('treasury', text(csv))).toMatchObject({
      status: 'SUCCEEDED',
      recordsWritten: 1,
      skippedByReason: [{ name: 'conflicting_duplicate', count: 1 }],
    });
    expect(await stored()).toEqual(['2025-08-01 EUR/HUF 1398.5 treasury']);
  });

  it('keep what could only be read in part, and newer states', async () => {
    await pull('bank', json({ rates: [rate('USD', 1.1), rate('JPY', 170), rate('GBP', 0.86)] }));
    await pull('bank', json({ rates: [rate('USD', 1.2), rate('JPY', 'many'), rate('GBP', 0.86)] }));
    expect(await stored()).toEqual([
      '2025-08-01 EUR/GBP 0.86 bank',
      '2025-08-01 EUR/JPY 170 bank',
      '2025-08-01 EUR/USD 1.2 bank',
    ]);
    const newer = { updated_at: '2025-08-04T10:00:00Z' };
    const older = { updated_at: '2025-08-03T10:00:00Z' };
    await pull('updates', json({ rates: [rate('DKK', 7.46, newer)] }));
    await pull('updates', json({ rates: [rate('DKK', 7.4, older)] }));
    expect(await stored('default', ', quote: "dkk", base: "EUR"')).toEqual([
      '2025-08-01 EUR/DKK 7.46 updates',
    ]);
  });

  it('with keys of another source are told', async () => {
    await pull('ecb', text(await fixture('eurofxref-daily.csv')));
    const { id } = await pull('bank', json({ rates: [rate('USD', 1.14)] }));
    const { data } = await app.query(`{ ingestRun(id: "${String(id)}") { warnings } }`);
    expect(data).toMatchObject({
      ingestRun: { warnings: [expect.stringMatching(/key of a record of ecb on a day.*\(`where`\)\.$/)] },
    });
    expect(await stored('default', ', quote: "USD"')).toEqual(['2025-08-01 EUR/USD 1.14 bank']);
  });
});

describe('pushed rates', () => {
  const push = async (
    body: string | Buffer,
    type: string,
    { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
  ) => {
    const response = await fetch(`${app.url}/ingest/exchange-rates${query}`, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body: new Uint8Array(Buffer.from(body)),
    });
    return { status: response.status, answer: (await response.json()) as Record<string, never> };
  };
  const ndjson = (records: readonly unknown[]): string =>
    records.map((record) => JSON.stringify(record)).join('\n');

  it('come as JSON, NDJSON, CSV, in an envelope and compressed; a later one takes the place of an earlier', async () => {
    const pushes: [string | Buffer, string, Record<string, string>?][] = [
      [JSON.stringify([rate('AUD', 1.77)]), 'application/json'],
      [ndjson([rate('BRL', '6.3'), rate('CAD', 1.58)]), 'application/x-ndjson'],
      [
        JSON.stringify({ external: { finance: { exchange_rates: [rate('CHF', 0.93)] } } }),
        'application/json',
      ],
      ['date,base,quote,rate\n2025-08-01,EUR,CNY,8.2\n', 'text/csv'],
      [gzipSync(ndjson([rate('AUD', 1.78)])), 'application/x-ndjson', { 'content-encoding': 'gzip' }],
    ];
    for (const [body, type, headers] of pushes) {
      expect(await push(body, type, headers && { headers })).toMatchObject({
        status: 200,
        answer: { rejected: 0, stored: true },
      });
    }
    expect(await stored()).toEqual([
      '2025-08-01 EUR/AUD 1.78 push',
      '2025-08-01 EUR/BRL 6.3 push',
      '2025-08-01 EUR/CAD 1.58 push',
      '2025-08-01 EUR/CHF 0.93 push',
      '2025-08-01 EUR/CNY 8.2 push',
    ]);
  });

  it('that cannot be stored are told with sentences, kept, and can be tried again or dismissed', async () => {
    const bad = [rate('USD', -1), rate('US', 1.1), rate('JPY', '1.051'), { ...rate('GBP', 1), date: 'soon' }];
    const { status, answer } = await push(ndjson([rate('SEK', 11.2), ...bad]), 'application/x-ndjson');
    expect([status, answer.accepted, answer.rejected]).toEqual([200, 1, 4]);
    expect((answer.rejects as unknown as readonly { detail: string }[]).map(({ detail }) => detail)).toEqual([
      'rate is -1; a rate is above 0, and has at most 18 decimals.',
      'quote is "US"; expected a code such as USD.',
      expect.stringContaining('one number with a decimal point and another with a decimal comma'),
      expect.stringContaining('date is "soon"'),
    ]);
    const kept = async () => {
      const { data } = await app.query(
        '{ rejectedRecords(where: { kind: EXCHANGE_RATE }, first: 10) { nodes { id kind field } } }',
      );
      return (data as unknown as { rejectedRecords: { nodes: { id: string; field: string }[] } })
        .rejectedRecords.nodes;
    };
    const negative = (await kept()).find(({ field }) => field === 'rate');
    const unknown = (await kept()).find(({ field }) => field === 'quote');
    expect(negative).toBeDefined();
    const retried = await app.query(
      `mutation { retryRejectedRecords(input: { ids: ["${unknown?.id}"], patch: { quote: "USD" } }) { accepted } }`,
    );
    expect(retried.data).toEqual({ retryRejectedRecords: { accepted: 1 } });
    expect(await stored()).toEqual(['2025-08-01 EUR/SEK 11.2 push', '2025-08-01 EUR/USD 1.1 push']);
    const dismissed = await app.query(
      `mutation { dismissRejectedRecords(input: { ids: ["${negative?.id}"] }) { dismissed } }`,
    );
    expect(dismissed.data).toEqual({ dismissRejectedRecords: { dismissed: 1 } });
  });

  it('that are many are streamed, and of one key the last counts, or none', async () => {
    const many = Array.from({ length: 3_000 }, (_, index) =>
      rate('ZAR', Number((20 + index / 1_000).toFixed(3)), {
        date: `20${10 + (index % 15)}-03-${String(1 + (index % 28)).padStart(2, '0')}`,
      }),
    );
    const distinct = new Set(many.map(({ date }) => date)).size;
    const streamed = await push(ndjson(many), 'application/x-ndjson');
    expect(streamed).toMatchObject({ status: 200, answer: { accepted: 3_000, stored: true } });
    const rates = await stored('default', ', first: 1000');
    expect(rates).toHaveLength(distinct);
    const last = new Map(many.map(({ date, rate: value }) => [date, value]));
    for (const line of rates) {
      const [date = '', , value] = line.split(' ');
      expect(Number(value)).toBe(last.get(date));
    }
    const refused = await push(ndjson(many), 'application/x-ndjson', { query: '?duplicates=fail' });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.answer)).toContain(
      'exchange rates with the day, base and quote of another',
    );
    const small = await push(ndjson([rate('USD', 1), rate('USD', 2)]), 'application/x-ndjson', {
      query: '?duplicates=fail',
    });
    expect([small.status, JSON.stringify(small.answer)]).toEqual([
      400,
      expect.stringContaining(
        '1 exchange rate with the day, base and quote of another and a different rate, such as 1 and 2 for EUR/USD on 2025-08-01',
      ),
    ]);
    expect((await push('', 'text/csv', { query: '?duplicates=sum' })).status).toBe(400);
    expect((await push('', 'text/csv', { query: '?currency=EUR' })).status).toBe(400);
    expect(await stored('default', ', first: 1000')).toEqual(rates);
  });

  it('are the same by an idempotency key, and by the mutation', async () => {
    const headers = { 'idempotency-key': 'fixing-2025-08-01' };
    const body = ndjson([rate('USD', 1.1404)]);
    const first = await push(body, 'application/x-ndjson', { headers });
    await push(ndjson([rate('USD', 1.2)]), 'application/x-ndjson');
    expect((await push(body, 'application/x-ndjson', { headers })).answer).toEqual(first.answer);
    expect(await stored()).toEqual(['2025-08-01 EUR/USD 1.2 push']);
    const { data } = await app.query(
      `mutation { ingestExchangeRates(input: { decimal: ",", records: [
        { date: "2025-08-02", base: "eur", quote: "usd", rate: "1,1404" }, { date: "2025-08-02", base: "EUR", quote: "GBP", rate: 0.8 },
        { date: "2025-08-02", base: "EUR", quote: "EUR", rate: 2 } ] }) { accepted rejected stored rejects { field reason } } }`,
    );
    expect(data).toEqual({
      ingestExchangeRates: {
        accepted: 2,
        rejected: 1,
        stored: true,
        rejects: [{ field: 'rate', reason: 'invalid_rate' }],
      },
    });
    expect((await stored())[1]).toBe('2025-08-02 EUR/USD 1.1404 push');
  });

  it('empty what is cached of the workspace, without attribution', async () => {
    expect(await stored()).toEqual([]);
    await push(ndjson([rate('USD', 1.1)]), 'application/x-ndjson');
    expect(await stored()).toHaveLength(1);
    const { data } = await app.query(
      '{ dataQuality(dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }) { orphanedSources { source } } ingestSources { name kind mode } }',
    );
    expect(data).toMatchObject({
      dataQuality: { orphanedSources: [] },
      ingestSources: expect.arrayContaining([{ name: 'ecb', kind: 'EXCHANGE_RATE', mode: 'REPLACE' }]),
    });
  });
});

describe('the list of exchange rates', () => {
  it('has pages, and says what is wrong with its arguments', async () => {
    await pull('ecb', text(await fixture('eurofxref-hist.csv')));
    const range = 'dateRange: { between: { from: "2025-07-01", to: "2025-08-31" } }';
    const page = async (after: string) => {
      const { data } = await app.query(
        `{ exchangeRates(${range}, base: "EUR", first: 5${after}) { edges { node { date quote } } pageInfo { endCursor hasNextPage } } }`,
      );
      return (
        data as unknown as {
          exchangeRates: {
            edges: { node: { date: string; quote: string } }[];
            pageInfo: { endCursor: string; hasNextPage: boolean };
          };
        }
      ).exchangeRates;
    };
    const first = await page('');
    const second = await page(`, after: "${first.pageInfo.endCursor}"`);
    const third = await page(`, after: "${second.pageInfo.endCursor}"`);
    const all = [first, second, third].flatMap(({ edges }) =>
      edges.map(({ node }) => `${node.date} ${node.quote}`),
    );
    expect(all).toEqual(
      ['2025-08-01', '2025-07-31', '2025-07-30'].flatMap((date) =>
        ['BGN', 'ISK', 'JPY', 'USD'].map((quote) => `${date} ${quote}`),
      ),
    );
    expect(third.pageInfo.hasNextPage).toBe(false);
    const { errors } = await app.query(`{ exchangeRates(${range}, quote: "dollars") { totalCount } }`);
    expect(errors?.[0]).toMatchObject({
      message: 'quote is "dollars"; expected a code such as USD.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });
});
