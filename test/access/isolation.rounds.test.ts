import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type GraphQLObjectType, getNamedType, isLeafType, isObjectType, isRequiredArgument } from 'graphql';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import { schema } from '../../src/graphql/schema.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { rounds } from '../support/rounds.ts';

const sides = ['alphazq', 'betazq'] as const;
type Side = (typeof sides)[number];
const other = (side: Side): Side => (side === 'alphazq' ? 'betazq' : 'alphazq');

let keys: TestKeys;
let folder: string;
let app: TestApp;
let headers: Record<Side, Record<string, string>>;
/** What is known by an id of each side: to be asked for by the other. */
const ids = {
  alphazq: { runs: [''], rejects: [''], views: [''] },
  betazq: { runs: [''], rejects: [''], views: [''] },
};

beforeAll(async () => {
  keys = await makeKeys();
  headers = {
    alphazq: await keys.create({ name: 'alphazq key', role: 'admin', workspace: ['alphazq'] }),
    betazq: await keys.create({ name: 'betazq key', role: 'admin', workspace: ['betazq'] }),
  };
  folder = await mkdtemp(join(tmpdir(), 'utmql-isolation-'));
  const alerts = sides.map(
    (side) =>
      `  - { name: ${side}_alert, description: of ${side}, workspace: ${side}, measure: cost, above: 1 }\n`,
  );
  await writeFile(join(folder, 'alerts.yaml'), `alerts:\n${alerts.join('')}`);
  app = await startTestApp({
    environment: {
      ALERTS_FILE: join(folder, 'alerts.yaml'),
      ALERTS_WEBHOOK_URL: 'http://127.0.0.1:9/alerts',
      ALERTS_WEBHOOK_SECRET: 'a-secret-of-thirty-bytes-or-so',
      ROLLUPS: 'on',
      ROLLUPS_MIN_ROWS: '0',
      API_KEYS_FILE: keys.file,
      INTROSPECTION_ROLES: 'none',
      EVENT_RETENTION_DAYS: '20000',
    },
  });
  for (const side of sides) await load(side);
});
afterAll(async () => {
  await app.close();
  await keys.close();
  await rm(folder, { recursive: true, force: true });
});

const currencyOf: Readonly<Record<Side, string>> = { alphazq: 'AZN', betazq: 'BZD' };

/** The same shapes on both sides; every text names its side. */
async function load(side: Side): Promise<void> {
  const utms = { utm_campaign: `${side}_sale`, utm_source: `${side}_source`, utm_medium: `${side}_medium` };
  const push = async (path: string, records: readonly unknown[]): Promise<void> => {
    const response = await fetch(`${app.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-ndjson',
        'idempotency-key': `nightly ${path}`,
        ...headers[side],
      },
      body: records.map((record) => JSON.stringify(record)).join('\n'),
    });
    // The same idempotency key on both sides: neither replays the other's.
    expect([response.status, response.headers.get('idempotent-replayed')]).toEqual([200, null]);
  };
  await push('/ingest/ad-performance', [
    ...[1, 2, 3].map((day) => ({
      date: `2025-08-0${day}`,
      campaign_id: `${side}-C${day}`,
      channel: `${side}_ads`,
      clicks: 10 * day,
      impressions: 100 * day,
      cost: day,
      breakdowns: { device: `${side}_phone`, [`${side}_country`]: 'DE' },
      ...utms,
    })),
    { date: `${side} is no day`, campaign_id: side, channel: side, clicks: 1, impressions: 1, cost: 1 },
  ]);
  await push('/ingest/opportunities', [
    ...['lead', 'closed_won'].map((stage, index) => ({
      opportunity_id: `${side}-O${index}`,
      contact_email: `${side}@example.com`,
      stage,
      amount: 100,
      created_at: '2025-08-02T10:00:00Z',
      ...utms,
    })),
    {
      opportunity_id: `${side}-bad`,
      stage: 'lead',
      amount: `${side} much`,
      created_at: '2025-08-02T10:00:00Z',
    },
  ]);
  await push('/ingest/events', [
    { service: `${side} shop`, message: `${side} checkout`, timestamp: '2025-08-02T10:00:00Z', ...utms },
  ]);
  // A currency of its own for each side: rates have no text that could name one.
  await push('/ingest/exchange-rates', [
    { date: '2025-08-02', base: 'EUR', quote: currencyOf[side], rate: 1.5, note: side },
  ]);
  const change = async (document: string, variables: Record<string, unknown>): Promise<void> =>
    expect((await app.query(document, variables, headers[side])).errors).toBeUndefined();
  await change('mutation ($input: SaveViewInput!) { saveView(input: $input) { id } }', {
    input: { name: `${side} view`, address: `/explore?f=channel|is|${side}_ads` },
  });
  await change('mutation ($input: ShareViewInput!) { shareView(input: $input) { url } }', {
    input: {
      viewId: (await known(side)).views[0],
      questions: [
        {
          documentId: 'ChannelPerformance',
          variables: { range: { preset: 'LAST_30_DAYS' } },
        },
      ],
    },
  });
  // The row of the run that counts pushes follows within some seconds.
  await vi.waitFor(async () => expect((await known(side)).runs).toHaveLength(4), { timeout: 10_000 });
  ids[side] = await known(side);
  expect(ids[side].rejects).toHaveLength(2);
}

async function known(side: Side): Promise<{ runs: string[]; rejects: string[]; views: string[] }> {
  const { data } = await app.query(
    '{ ingestRuns { id } rejectedRecords { nodes { id } } savedViews { id } }',
    {},
    headers[side],
  );
  const { ingestRuns, rejectedRecords, savedViews } = data as unknown as {
    ingestRuns: { id: string }[];
    rejectedRecords: { nodes: { id: string }[] };
    savedViews: { id: string }[];
  };
  return {
    runs: ingestRuns.map(({ id }) => id),
    rejects: rejectedRecords.nodes.map(({ id }) => id),
    views: savedViews.map(({ id }) => id),
  };
}

const days = 'dateRange: { between: { from: "2025-08-01", to: "2025-08-31" } }';
/** For the required arguments of fields within fields. */
const innerArguments: Readonly<Record<string, string>> = {
  dateRange: days,
  by: 'by: [[CHANNEL]]',
  name: 'name: "device"',
  breakdowns: 'breakdowns: ["device"]',
};

/** Everything that a type has, some levels deep. */
function selectionOf(type: GraphQLObjectType, depth: number): string {
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const inner = getNamedType(field.type);
    const required = field.args.filter(isRequiredArgument).map(({ name }) => innerArguments[name]);
    const args = required.length === 0 ? '' : `(${required.join(', ')})`;
    if (isLeafType(inner)) return [`${field.name}${args}`];
    return isObjectType(inner) && depth > 1 ? [`${field.name}${args} ${selectionOf(inner, depth - 1)}`] : [];
  });
  return `{ ${fields.join(' ') || '__typename'} }`;
}

const dimension = fc.constantFrom(
  'CHANNEL',
  'CAMPAIGN_ID',
  'UTM_CAMPAIGN',
  'UTM_SOURCE',
  'MATCH',
  'CURRENCY',
);
const text = (side: Side) =>
  fc.constantFrom(
    '',
    'zq',
    'sale',
    '%',
    `' OR 1=1 --`,
    other(side),
    `${other(side)}_ads`,
    `${other(side)}-C1`,
  );
const quoted = (value: fc.Arbitrary<string>) => value.map((given) => JSON.stringify(given));
const where = (side: Side): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant(''),
    fc
      .tuple(
        fc.constantFrom('channel', 'campaignId', 'utmCampaign', 'utmSource'),
        fc.constantFrom('eq', 'ne', 'contains', 'startsWith'),
        quoted(text(side)),
      )
      .map(([name, operator, value]) => `where: { ${name}: { ${operator}: ${value} } }`),
    fc.constant('where: { not: { channel: { eq: "nothing" } } }'),
  );
const search = (side: Side) => quoted(text(side)).map((value) => `search: ${value}`);
const all = (...parts: (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((given) => `(${given.filter((part) => part !== '').join(', ')})`);

/** The arguments of every root query field. A field without a case fails the test. */
const cases: Readonly<Record<string, (side: Side) => fc.Arbitrary<string>>> = {
  metrics: (side) =>
    all(
      days,
      // CHANNEL stands in `subtotals`, too.
      dimension.map((name) => `groupBy: [${name === 'CHANNEL' ? name : `CHANNEL, ${name}`}]`),
      where(side),
      fc.constantFrom('', 'first: 1', 'compareTo: { previousYear: true }'),
      fc.constantFrom('', 'breakdowns: ["device"]'),
    ),
  breakdowns: (side) => all(days, where(side)),
  metricCatalog: () => fc.constant(''),
  funnel: (side) =>
    all(
      days,
      where(side),
      dimension.map((name) => `by: ${name}`),
    ),
  dimensionValues: (side) =>
    all(
      days,
      fc.oneof(
        dimension.map((name) => `dimension: ${name}`),
        fc.constant('breakdown: "device"'),
      ),
      search(side),
    ),
  campaigns: (side) => all(days, where(side), search(side), 'first: 20'),
  campaign: (side) =>
    all(fc.constantFrom(`id: "${side}-C1"`, `id: "${other(side)}-C1"`, `id: "${other(side)}-C2"`)),
  channels: (side) => all(days, where(side)),
  adPerformance: (side) => all(days, where(side), fc.constantFrom('', 'first: 1')),
  opportunities: (side) => all(days, where(side), fc.constantFrom('', 'stage: [CLOSED_WON]')),
  exchangeRates: (side) =>
    all(days, fc.constantFrom('', 'base: "EUR"', `quote: "${currencyOf[other(side)]}"`)),
  dataQuality: () => all(days),
  auditLog: (side) =>
    all(
      'first: 50',
      fc.constantFrom('', `caller: "${other(side)} key"`, `caller: "${side} key"`, 'action: "triggerIngest"'),
    ),
  events: (side) => all('first: 50', search(side), fc.constantFrom('', `service: "${other(side)} shop"`)),
  ingestSources: () => fc.constant(''),
  ingestWorkspaces: () => fc.constant(''),
  ingestRun: (side) =>
    all(fc.constantFrom(...ids[side].runs, ...ids[other(side)].runs).map((id) => `id: "${id}"`)),
  ingestRuns: (side) => all(fc.constantFrom('first: 50', `before: "${ids[other(side)].runs[0]}"`)),
  savedViews: () => fc.constant(''),
  alerts: () => fc.constant(''),
  shareLinks: (side) =>
    fc.constantFrom(
      '',
      ...[side, other(side)].flatMap((one) => ids[one].views.map((id) => `(viewId: "${id}")`)),
    ),
  rejectedRecords: (side) =>
    all(
      'first: 50',
      fc.constantFrom('', `where: { runId: "${ids[other(side)].runs[0]}" }`, 'where: { source: "push" }'),
    ),
};

interface Answer {
  readonly side: Side;
  readonly query: string;
  readonly text: string;
}

const requestPrefix = `isolation-${Date.now()}`;
let requests = 0;

async function ask(side: Side, query: string): Promise<Answer> {
  requests += 1;
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-request-id': `${requestPrefix}-${side}-${requests}`,
      ...headers[side],
    },
    body: JSON.stringify({ query }),
  });
  return { side, query, text: await response.text() };
}

/** Of the foreign side there is at most what the question itself named. */
function expectOwn({ side, query, text }: Answer): void {
  expect(text.includes('"errors"') && text.includes('INTERNAL'), `${query}\n${text}`).toBe(false);
  const named = [...query.matchAll(/"([^"]*)"/g)].map(([, value = '']) => value);
  const withoutNamed = (shown: string) => named.reduce((left, value) => left.split(value).join(''), shown);
  // An address of a file repeats the question.
  const rest = text.includes('"errors"')
    ? withoutNamed(text)
    : text.replaceAll(/"exportUrl":"[^"]*"/g, withoutNamed);
  for (const foreign of [other(side), currencyOf[other(side)]])
    expect(rest.includes(foreign), `${side} asked ${query}\nand got ${text}`).toBe(false);
}

const fields = Object.values(schema.getQueryType()?.getFields() ?? {});

describe('a workspace is told nothing of another', () => {
  it('every root field of the schema has a case', () => {
    expect(Object.keys(cases).sort()).toEqual(fields.map(({ name }) => name).sort());
  });

  it.each(fields.map((field) => [field.name, field] as const))(
    '%s, under fuzzed arguments, from both sides at once',
    async (name, field) => {
      const type = getNamedType(field.type);
      const selection = isObjectType(type) ? selectionOf(type, 4) : '';
      const found = { own: 0, good: 0, all: 0 };
      const pair = fc.tuple(
        cases[name]?.('alphazq') ?? fc.constant(''),
        cases[name]?.('betazq') ?? fc.constant(''),
      );
      await fc.assert(
        fc.asyncProperty(pair, async ([first, second]) => {
          // Each document is asked by both sides, at the same time and again: shared work and caches must keep them apart.
          const documents = [first, second].map((args) => `{ ${name}${args} ${selection} }`);
          const questions = documents.flatMap((query) => sides.map((side) => () => ask(side, query)));
          const answers = await Promise.all([...questions, ...questions].map((question) => question()));
          const again = await Promise.all(questions.map((question) => question()));
          for (const answer of [...answers, ...again]) {
            expectOwn(answer);
            found.all += 1;
            const isOwn = [answer.side, currencyOf[answer.side]].some((text) => answer.text.includes(text));
            if (isOwn) found.own += 1;
            if (!answer.text.includes('"errors"')) found.good += 1;
          }
        }),
        // Fewer may see nothing of their own.
        { seed: 7, numRuns: Math.max(12, rounds(80)) },
      );
      // The proof is worth something only where there was something to see.
      expect(found.good / found.all).toBeGreaterThan(0.5);
      if (!['metricCatalog', 'ingestSources', 'ingestWorkspaces', 'dataQuality'].includes(name))
        expect(found.own).toBeGreaterThan(0);
    },
    60_000,
  );

  it('a cursor of another workspace leads nowhere', async () => {
    for (const name of ['adPerformance', 'opportunities', 'campaigns'] as const) {
      const page = (after: string) =>
        `{ ${name}(${days}, first: 1${after}) { nodes { __typename } pageInfo { endCursor } } }`;
      const { text } = await ask('alphazq', page(''));
      const cursor = /"endCursor":"([^"]+)"/.exec(text)?.[1] ?? '';
      expect((await ask('alphazq', page(`, after: "${cursor}"`))).text).not.toContain('errors');
      expect((await ask('betazq', page(`, after: "${cursor}"`))).text).toContain('another query');
    }
  });

  it('a document that it registered is answered with one’s own', async () => {
    const query = `{ campaigns(${days}) { nodes { id } } }`;
    const extensions = {
      persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') },
    };
    const send = async (side: Side, body: unknown): Promise<string> =>
      (
        await fetch(`${app.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers[side] },
          body: JSON.stringify(body),
        })
      ).text();
    expect(await send('alphazq', { query, extensions })).toContain('alphazq');
    const text = await send('betazq', { extensions });
    expect(text).toContain('betazq');
    expectOwn({ side: 'betazq', query, text });
  });

  it('mutations find nothing of it, and change nothing of it', async () => {
    const rejects = async () =>
      (await ask('alphazq', '{ rejectedRecords { nodes { id reason record } } }')).text;
    const before = await rejects();
    const retried = await ask(
      'betazq',
      `mutation { retryRejectedRecords(input: { ids: ["${ids.alphazq.rejects[0]}"] }) { accepted records { id reason } } }`,
    );
    expectOwn(retried);
    expect(retried.text).not.toContain('"accepted":1');
    const dismissed = await ask(
      'betazq',
      `mutation { dismissRejectedRecords(input: { ids: ["${ids.alphazq.rejects[0]}"] }) { dismissed } }`,
    );
    expectOwn(dismissed);
    expect(dismissed.text).toContain('"dismissed":0');
    for (const field of ['cancelIngest', 'replayRun', 'deleteView', 'setHomeView']) {
      const [first] = field.endsWith('View') ? ids.alphazq.views : ids.alphazq.runs;
      const foreign = await ask('betazq', `mutation { ${field}(id: "${first}") { id } }`);
      const unknown = await ask(
        'betazq',
        `mutation { ${field}(id: "019837c2-1b6e-7000-8000-000000000000") { id } }`,
      );
      expect(foreign.text.split(first ?? '').join('X')).toBe(
        unknown.text.split('019837c2-1b6e-7000-8000-000000000000').join('X'),
      );
    }
    const trigger = await ask(
      'betazq',
      'mutation { triggerIngest(input: { sources: ["ads"] }) { runs { id } } }',
    );
    expect(trigger.text).toContain('No sources are configured');
    expect(await rejects()).toBe(before);
  });

  it('X-Workspace cannot choose it, nor tells whether it exists', async () => {
    const choose = async (workspace: string) => {
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers.alphazq, 'x-workspace': workspace },
        body: JSON.stringify({ query: '{ ingestRuns { id } }' }),
      });
      return [response.status, await response.text()];
    };
    const foreign = await choose('betazq');
    expect(foreign[0]).toBe(403);
    for (const name of ['nobodys', '*', 'default', "alphazq' OR 1=1 --", '../betazq']) {
      expect(await choose(name)).toEqual(foreign);
    }
    expect((await choose('alphazq'))[0]).toBe(200);
  });

  it('every statement that was sent bounds every table that it reads', async () => {
    await app.store.command(sql`SYSTEM FLUSH LOGS`, { changesAnswersOf: [] });
    const rows = await app.store.select(
      z.object({ id: z.string(), query: z.string() }),
      sql`SELECT DISTINCT log_comment AS id, query FROM system.query_log WHERE type = 'QueryStart' AND startsWith(log_comment, ${bind('String', requestPrefix)})`,
    );
    const tables =
      '(ad_performance|opportunities|events|exchange_rates|rejected_records|ingest_runs|audit_log|saved_views|share_links|alert_states|rollup_sums)';
    const seen = new Set<string>();
    for (const { id, query } of rows) {
      // As the server logs it, with the values in their places.
      const side = sides.find((one) => id.startsWith(`${requestPrefix}-${one}`));
      const reads = [...query.matchAll(new RegExp(`(?:FROM|JOIN|IN) ${tables}\\b`, 'g'))];
      const bounded = query.match(
        new RegExp(`FROM ${tables}(?: FINAL)?\\s+WHERE \\(*workspace = '${side}'\\)* `, 'g'),
      );
      expect(bounded?.length ?? 0, query).toBe(reads.length);
      for (const [, table = ''] of reads) seen.add(table);
    }
    // Whether rollups are built by then is a matter of seconds.
    seen.delete('rollup_sums');
    expect([...seen].sort()).toEqual([
      'ad_performance',
      'alert_states',
      'audit_log',
      'events',
      'exchange_rates',
      'ingest_runs',
      'opportunities',
      'rejected_records',
      'saved_views',
      'share_links',
    ]);
  });
});
