import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { identifier, sql } from '../../src/clickhouse/sql.ts';
import { parseIsoDay } from '../../src/records/day.ts';
import type { Advice } from '../../src/rollups/advisor/advice.ts';
import { takeSample } from '../../src/rollups/advisor/sample.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { builtProgram } from '../support/built-program.ts';
import { dataFolder, runProgram } from '../support/child-program.ts';
import { createMigratedDatabase, openMigratedStore, openStore } from '../support/database.ts';

const database = `advisor_${randomBytes(6).toString('hex')}`;
const quiet = { changesAnswersOf: [] } as const;

beforeAll(() => createMigratedDatabase(database));
afterAll(async () => {
  const store = await openStore();
  await store.command(sql`DROP DATABASE ${identifier(database)}`, quiet);
  await store.drop();
});

const start = (environment: Record<string, string> = {}): Promise<TestApp> =>
  startTestApp({
    environment: {
      CLICKHOUSE_DATABASE: database,
      ROLLUPS: 'on',
      ROLLUPS_MIN_ROWS: '0',
      RESPONSE_CACHE_TTL_MS: '0',
      ...environment,
    },
  });

/** `npm run rollups:advise`, on the server of the tests. */
async function advisor(args: readonly string[], environment: Record<string, string> = {}) {
  const { url, username, password } = inject('clickhouse');
  const program = runProgram(
    {
      CLICKHOUSE_URL: url,
      CLICKHOUSE_USER: username,
      CLICKHOUSE_PASSWORD: password,
      CLICKHOUSE_DATABASE: database,
      ...environment,
    },
    builtProgram('rollups:advise', ...args),
  );
  const code = await program.ended;
  return { code, output: program.output(), errors: program.errors() };
}

async function push(app: TestApp, path: string, records: readonly unknown[]): Promise<void> {
  const response = await fetch(`${app.url}/ingest/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records),
  });
  expect(response.status, await response.clone().text()).toBe(200);
}

interface Meta {
  readonly rowsRead: number;
  readonly source: string;
}

async function ask(app: TestApp, args: string, measures = 'cost'): Promise<Meta> {
  const { data, errors } = await app.query(
    `{ metrics(dateRange: { between: { from: "2025-06-01", to: "2025-06-30" } }, ${args}) { nodes { ${measures} } meta { rowsRead source } } }`,
  );
  expect(errors).toBeUndefined();
  return (data as unknown as { metrics: { meta: Meta } }).metrics.meta;
}

const builtRow = z.object({ days: z.number() });
const days = ['2025-06-02', '2025-06-03', '2025-06-04'];
/** Forty on each day: twenty ads, each with two contents. */
const ads = days.flatMap((date) =>
  Array.from({ length: 40 }, (_, index) => ({
    date,
    channel: 'meta',
    campaign_id: 'C-1',
    ad_id: `A-${index % 20}`,
    utm_content: index < 20 ? 'video' : 'image',
    clicks: 1,
    impressions: 10,
    cost: 1.5,
  })),
);
/** One on each day. */
const deals = days.map((date) => ({
  opportunity_id: `O-${date}`,
  created_at: `${date}T10:00:00Z`,
  stage: 'lead',
  utm_content: 'video',
}));

it('says so when nothing was asked', async () => {
  const store = await openStore();
  await store.command(sql`SYSTEM FLUSH LOGS`, quiet);
  await store.drop();
  const { code, output } = await advisor([]);
  expect(output).toMatch(/^ClickHouse's log has no question to `metrics` of the last 14 days\..*\n$/);
  expect(code).toBe(0);
});

it('takes the size of a row from the rollups that are stored, if they are not few', async () => {
  const store = await openMigratedStore();
  const bytesPerRow = async (): Promise<number> =>
    (await takeSample(store, [['campaignId']], parseIsoDay('2025-07-01') ?? 0)).bytesPerRow;
  const usual = await bytesPerRow();
  const rollups = sql`INSERT INTO rollup_sums (rollup, workspace, date, built, campaign_id)`;
  await store.command(
    sql`${rollups} SELECT 'campaign', 'default', '2025-06-01', number, 'C-1' FROM numbers(9_000)`,
    quiet,
  );
  expect(await bytesPerRow()).toBe(usual);
  await store.command(
    sql`${rollups} SELECT 'campaign', 'default', '2025-06-01', number, toString(sipHash64(number)) FROM numbers(20_000)`,
    quiet,
  );
  expect(await bytesPerRow()).not.toBe(usual);
  await store.close();
});

it('advises the set that questions lack, and no more once it is there', { timeout: 120_000 }, async () => {
  const file = join(dataFolder(), 'rollups.yaml');
  const app = await start();
  const asked: Meta[] = [];
  try {
    await push(app, 'ad-performance', ads);
    await push(app, 'opportunities', deals);
    for (const [args, measures] of [
      ['groupBy: [UTM_CONTENT]', 'cost'],
      ['groupBy: [DATE, UTM_CONTENT]', 'clicks'],
      ['where: { utmContent: { eq: "video" } }', 'cpa'],
      ['groupBy: [AD_ID]', 'cost'],
      ['groupBy: [UTM_TERM], useRollups: false', 'cost'],
    ])
      asked.push(await ask(app, args ?? '', measures));
    expect(asked.map(({ source }) => source)).toEqual(Array.from({ length: 5 }, () => 'TABLES'));
    await vi.waitFor(
      async () =>
        expect(await app.store.select(builtRow, sql`SELECT uniq(date) AS days FROM rollup_days`)).toEqual([
          { days: days.length },
        ]),
      { timeout: 60_000, interval: 500 },
    );
    // Until two looks have found that: what is asked before is read twice.
    await delay(6_000);
    asked.push(await ask(app, 'groupBy: [CHANNEL]'));
    expect(asked.at(-1)?.source).toBe('ROLLUPS');
    await app.store.command(sql`SYSTEM FLUSH LOGS`, quiet);
  } finally {
    await app.stop();
  }

  const { code, output, errors } = await advisor(['--json']);
  expect(errors).toBe('');
  expect(code).toBe(0);
  const advice = JSON.parse(output) as Advice;
  const rowsRead = asked.reduce((sum, meta) => sum + meta.rowsRead, 0);
  // Of the 40 ads rows and the CRM record of a day, a set by content has three rows, one by ad 21.
  const [plain, daily, filtered] = asked.map((meta) => meta.rowsRead);
  const saved = ((plain ?? 0) + (daily ?? 0)) * (1 - 3 / 40) + (filtered ?? 0) * (1 - 3 / 41);
  expect(advice).toMatchObject({
    questions: asked.length,
    fromRollups: 1,
    rowsRead,
    sets: [
      {
        name: 'content',
        dimensions: ['utmContent'],
        questions: 3,
        saving: expect.closeTo(saved / rowsRead, 9),
        rowsPerDay: 3,
        bytesPerDay: 75,
        shareOfRows: expect.closeTo(3 / 41, 9),
      },
    ],
    tooLarge: [{ dimensions: ['adId'], questions: 1, shareOfRows: expect.closeTo(21 / 41, 9) }],
    tooLittle: { questions: 0, combinations: 0 },
    unused: ['campaign', 'campaign_lookup', 'source_medium', 'utm', 'utm_lookup'],
  });

  const report = await advisor(['--days', '2']);
  const [, yaml = ''] = /\n(rollups:\n.*)$/s.exec(report.output) ?? [];
  await writeFile(file, yaml);
  const after = await start({ ROLLUPS_FILE: file });
  try {
    await vi.waitFor(
      async () => expect((await ask(after, 'groupBy: [UTM_CONTENT]')).source).toBe('ROLLUPS'),
      { timeout: 60_000, interval: 500 },
    );
    // That answer may have been read twice, once by what was built before.
    await ask(after, 'groupBy: [UTM_CONTENT]');
    await after.store.command(sql`SYSTEM FLUSH LOGS`, quiet);
  } finally {
    await after.stop();
  }
  const then = JSON.parse((await advisor(['--json'], { ROLLUPS_FILE: file })).output) as Advice;
  expect(then).toMatchObject({
    sets: [],
    unused: ['campaign', 'campaign_lookup', 'source_medium', 'utm', 'utm_lookup'],
  });
});

it.each([
  [['--day', '3'], 'There is no option --day; did you mean --days?'],
  [['--days', 'three'], '--days is "three", and no number from 1 to 3650.'],
  [['--days'], 'argument missing'],
  [['all'], 'Unexpected argument "all".'],
])('%j ends with code 2 and one sentence', async (args, message) => {
  const { code, output, errors } = await advisor(args);
  expect({ code, output }).toEqual({ code: 2, output: '' });
  expect(errors).toContain(message);
  expect(errors.trim().split('\n')).toHaveLength(1);
});

it('--help says how it is called', async () => {
  expect(await advisor(['--help'])).toEqual({
    code: 0,
    output: expect.stringContaining('utmql rollups:advise [--days N] [--json]'),
    errors: '',
  });
});

it.each<[string, Record<string, string>, string]>([
  ['no server', { CLICKHOUSE_URL: 'http://127.0.0.1:1' }, 'CLICKHOUSE_URL must name the running server'],
  ['another password', { CLICKHOUSE_PASSWORD: 'x' }, 'check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD'],
  ['no database', { CLICKHOUSE_DATABASE: 'nowhere' }, 'There is no database nowhere yet.'],
  ['rollups switched off', { ROLLUPS: 'off' }, 'ROLLUPS is off'],
])('with %s it ends with a sentence', async (_, environment, message) => {
  const { code, output, errors } = await advisor([], environment);
  expect({ code, output }).toEqual({ code: 1, output: '' });
  expect(errors).toContain(message);
  expect(errors.trim().split('\n')).toHaveLength(1);
});
