import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTrial } from '../../src/try-source/command.ts';
import { runTrySource } from '../../src/try-source/run-try-source.ts';
import { builtProgram } from '../support/built-program.ts';
import { dataFolder, runProgram } from '../support/child-program.ts';
import {
  type Behaviour,
  json,
  type SourceServer,
  startSourceServer,
  status,
  text,
} from '../support/source-server.ts';

let folder: string;
let platform: SourceServer;
let answer: Behaviour;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-trial-'));
  platform = await startSourceServer((request, response) => answer(request, response));
});
afterEach(async () => {
  await platform.close();
  await rm(folder, { recursive: true });
});

async function writeSources(sources: readonly Record<string, unknown>[]): Promise<Record<string, string>> {
  const file = join(folder, 'sources.yaml');
  await writeFile(file, JSON.stringify({ sources }));
  return {
    SOURCES_FILE: file,
    DATA_DIR: join(folder, 'data'),
    TOKEN: 'pat-na1-s3cret',
    DATA_RETENTION_DAYS: '4000',
  };
}

/** Tries a source by these arguments, at 23:30 UTC on 10 August 2025. */
async function attempt(
  environment: Record<string, string>,
  source: string,
  more: { workspace?: string; day?: string } = {},
) {
  const wanted = readTrial({ 'try-source': source, ...more });
  if (wanted === undefined) throw new Error('There is nothing to try.');
  let report = '';
  const code = await runTrySource(wanted, {
    environment,
    clock: { now: () => Date.UTC(2025, 7, 10, 23, 30) },
    signal: new AbortController().signal,
    write: (text) => {
      report += text;
    },
  });
  return { code, report };
}

const hubspot = (more: Record<string, unknown> = {}) => ({
  name: 'hubspot',
  adapter: 'hubspot_deals',
  credentials: { access_token: `\${TOKEN}` },
  base_url: platform.url,
  timezone: 'Europe/Berlin',
  ...more,
});

const deal = (id: number, properties: Record<string, unknown> = {}) => ({
  id: String(id),
  properties: {
    amount: '100',
    createdate: '2025-08-01T10:00:00Z',
    dealstage: 'closedwon',
    contact_email: 'ana@example.com',
    note: 'asked by bob@example.com with pat-na1-s3cret',
    ...properties,
  },
});

describe('--try-source', () => {
  it('shows the exchange rates of a day, and what would be refused', async () => {
    const environment = await writeSources([{ name: 'ecb', adapter: 'ecb', url: platform.url }]);
    answer = text('Date,USD,JPY,RUB,\n2025-08-08,1.1648,172.3,N/A,\n2025-08-07,1.1643,171.5,N/A,\n');
    const { code, report } = await attempt(environment, 'ecb', { day: '2025-08-08' });
    expect(code).toBe(0);
    const lines = report.split('\n');
    expect(lines).toContain('  came     {"date":"2025-08-08","base":"EUR","quote":"USD","rate":"1.1648"}');
    expect(lines).toContain('  becomes  {"date":"2025-08-08","base":"EUR","quote":"USD","rate":"1.1648"}');
    expect(lines).toContain('4 read: 2 to be stored, 0 rejected, 0 left out, 2 of other days');
    answer = text('Date,USD,\n2025-08-08,1.1648,\n2025-08-08,1.2,\n');
    const refused = await attempt(environment, 'ecb', { day: '2025-08-08' });
    expect(refused.code).toBe(1);
    expect(refused.report).toContain('1.1648 and 1.2 for EUR/USD on 2025-08-08');
  });

  it('shows ten records before and after, rejects with their reasons, counts; no contact and no secret', async () => {
    const deals = [
      ...Array.from({ length: 12 }, (_, index) => deal(index + 1)),
      deal(13, { createdate: 'soon', contact_email: 'no address' }),
      deal(14, { amount: 'a lot of ana@example.com' }),
    ];
    let asked = '';
    answer = async (request, response) => {
      for await (const chunk of request) asked += String(chunk);
      await json({ total: 14, results: deals })(request, response);
    };
    const { code, report } = await attempt(await writeSources([hubspot()]), 'hubspot');
    expect(code).toBe(0);
    // The last full day in Berlin, where the 11th has begun.
    expect(asked).toContain(String(Date.UTC(2025, 7, 10)));
    const lines = report.split('\n');
    expect(lines[0]).toBe(
      'Source hubspot (hubspot_deals, opportunity) of workspace default, asked for 2025-08-10',
    );
    expect(lines.filter((line) => /^record \d+$/.test(line))).toHaveLength(10);
    expect(lines).toContain(
      `  came     {"id":"1","properties":{"amount":"100","createdate":"2025-08-01T10:00:00Z","dealstage":"closedwon","contact_email":"(contact)","note":"asked by (e-mail) with \${TOKEN}"}}`,
    );
    expect(lines.find((line) => line.startsWith('  becomes  '))).toMatch(
      /"date":"2025-08-01","opportunityId":"1","createdAt":"2025-08-01T10:00:00.000Z","stage":"closed_won","stageName":"closedwon","amount":100,"currency":"USD","contactHash":"[0-9a-f]{8}…"/,
    );
    expect(lines).toContain('record 13 is rejected: invalid_date');
    expect(lines).toContain('record 14 is rejected: invalid_number');
    expect(lines).toContain('14 read: 12 to be stored, 2 rejected, 0 left out');
    expect(lines).toContain('rejected: invalid_date 1, invalid_number 1');
    for (const hidden of ['ana@', 'bob@', 'no address', 's3cret']) expect(report).not.toContain(hidden);
    await expect(readdir(join(folder, 'data'))).rejects.toThrow('ENOENT');
  });

  const ads = (more: Record<string, unknown> = {}) => ({
    name: 'partner',
    kind: 'ad_performance',
    url: platform.url,
    workspace: 'acme',
    ...more,
  });
  const row = { date: '2025-08-09', campaign_id: 'C-1', clicks: 1, cost: 2 };

  it('asks for the day that is named, and counts what it does not take', async () => {
    answer = json([
      row,
      { ...row, date: '2025-08-08' },
      { ...row, campaign_id: 'test', quality: 7 },
      { ...row, campaign_id: 'C-2', quality: 7 },
    ]);
    const environment = await writeSources([ads({ where: { campaign_id: { not: 'test' } } })]);
    const { code, report } = await attempt(environment, 'partner', { day: '2025-08-09', workspace: 'acme' });
    expect(code).toBe(0);
    expect(platform.requests[0]?.query).toEqual({ since: '2025-08-09', until: '2025-08-09' });
    expect(report).toContain('4 read: 2 to be stored, 0 rejected, 1 left out, 1 of other days\n');
    expect(report).toContain('\nunknown fields: quality 1\n');
  });

  it('finds no fault in rows of one key that have no figures, as a run finds none', async () => {
    answer = json([row, ...[1, 2].map((hour) => ({ ...row, campaign_id: 'C-2', clicks: 0, cost: 0, hour }))]);
    const { code, report } = await attempt(await writeSources([ads()]), 'partner', { day: '2025-08-09' });
    expect(report).not.toContain('A run would change nothing');
    expect(code).toBe(0);
  });

  it.each([
    ['nothing came', json([]), /It has no records of 2025-08-09; --day tries another one\./],
    [
      'nothing could be read',
      json([{ ...row, date: 'x' }]),
      /record 1 is rejected: invalid_date[\s\S]*A run would change nothing: None of the 1 records could be read/,
    ],
    [
      'it refuses',
      status(403),
      /It could not be read to its end: Source partner answered 403 Forbidden .*; check the credentials/,
    ],
    [
      'rows are finer than their key',
      json([row, { ...row, cost: 3 }]),
      /A run would change nothing: The feed of source partner has 1 rows with the key of another row .*C-1 on 2025-08-09; they differ in cost\. Say with `duplicates`/,
    ],
    [
      'a figure is missing',
      json([{ ...row, cost: undefined }]),
      /A run would change nothing: No record has the figure cost/,
    ],
  ] as const)('ends with 1 where %s, and says so', async (_, behaviour, text) => {
    answer = behaviour;
    const { code, report } = await attempt(await writeSources([ads()]), 'partner', { day: '2025-08-09' });
    expect(report).toMatch(text);
    expect(code).toBe(1);
  });

  it('names the sources where there is none of the name, and what is wrong with its arguments', async () => {
    const environment = await writeSources([ads(), hubspot()]);
    await expect(attempt(environment, 'partnr')).rejects.toThrow(
      'There is no source "partnr". Did you mean partner? There are: partner, hubspot.',
    );
    await expect(attempt(environment, 'x', { workspace: 'acme' })).rejects.toThrow(
      'There is no source "x" in workspace acme. There are: partner.',
    );
    await expect(attempt(environment, 'partner', { workspace: 'default' })).rejects.toThrow(
      'The source partner is of workspace acme, and not of default.',
    );
    await expect(attempt({}, 'ads')).rejects.toThrow('There are none; SOURCES_FILE names a file of them');
    await expect(attempt({ ADS_API_URL: platform.url }, 'crm')).rejects.toThrow('There are: ads.');
    expect(() => readTrial({ 'try-source': '' })).toThrow('needs the name of a source');
    expect(() => readTrial({ 'try-source': 'a', day: '2025-02-30' })).toThrow(/"2025-02-30", and no day/);
    expect(() => readTrial({ day: '2025-02-03' })).toThrow('need --try-source');
    expect(readTrial({})).toBeUndefined();
  });

  it('runs as a program of its own, without ClickHouse, and leaves nothing behind', async () => {
    answer = json([row]);
    const environment = {
      ...(await writeSources([ads()])),
      DATA_DIR: dataFolder(),
      CLICKHOUSE_URL: 'http://127.0.0.1:1',
    };
    const program = runProgram(
      environment,
      builtProgram('start', '--try-source', 'partner', '--day=2025-08-09'),
    );
    expect(await program.ended).toBe(0);
    expect(program.output()).toContain('\n1 read: 1 to be stored, 0 rejected, 0 left out, 0 of other days\n');
    expect(program.errors()).toBe('');
    expect(await readdir(dataFolder())).toEqual([]);
  }, 60_000);
});
