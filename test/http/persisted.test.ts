import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { compileManifest, readManifest, sha256 } from '../../src/http/persisted-manifest.ts';
import { adsFeed, startTestApp, type TestApp } from '../support/app.ts';

const folder = new URL('../../schema/persisted/', import.meta.url);
const manifestText = readFileSync(new URL('manifest.json', folder), 'utf8');
const manifest = readManifest(manifestText, 'manifest.json');
const channels = sha256(manifest.get('ChannelPerformance') ?? '');
const range = { between: { from: '2025-08-01', to: '2025-08-02' } };

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  app.answer({
    ads: adsFeed([
      { date: '2025-08-01', campaign_id: 'C-1', channel: 'google_ads', clicks: 4, cost: 2, impressions: 9 },
    ]),
  });
  await app.pull();
});
afterAll(() => app.close());

const get = async (
  target: TestApp,
  params: Record<string, unknown>,
  headers: Record<string, string> = {},
) => {
  const search = new URLSearchParams(
    Object.entries(params).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  const response = await fetch(`${target.url}/graphql?${search}`, { headers });
  return { status: response.status, body: (await response.json()) as unknown };
};
const post = async (target: TestApp, body: unknown) => {
  const response = await fetch(`${target.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as unknown };
};
const code = (expected: string) => ({
  errors: [expect.objectContaining({ extensions: { code: expected } })],
});
const answered = { data: { metrics: expect.objectContaining({ totalCount: 1 }) } };

describe('the manifest', () => {
  it('is what the documents in schema/persisted compile to; if not, run npm run codegen', () => {
    const all = readdirSync(folder, { encoding: 'utf8', recursive: true });
    const files = all.filter((name) => name.endsWith('.graphql'));
    const texts = Object.fromEntries(
      files.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]),
    );
    expect(JSON.parse(manifestText)).toEqual(compileManifest(texts, schema));
  });

  it('has the SHA-256 of each document as its id', () => {
    const { operations } = JSON.parse(manifestText) as { operations: { id: string; body: string }[] };
    expect(operations.length).toBeGreaterThanOrEqual(6);
    for (const { id, body } of operations) expect(id).toBe(sha256(body));
  });

  it.each([
    ['query Q { nope }', /a.graphql: .*nope/],
    ['{ a }', /give the operation a name/],
    ['query Q { a } fragment Q on Query { a }', /Q exists twice/],
    ['query Q { ...F }', /Unknown fragment "F"/],
  ])('%s is refused', (text, message) => {
    const tiny = buildSchema('type Query { a: Int }');
    expect(() => compileManifest({ 'a.graphql': text }, tiny)).toThrow(message);
  });
});

describe('a document is asked for', () => {
  it.each([
    ['its hash', { documentId: channels }],
    ['its hash with the algorithm', { documentId: `sha256:${channels}` }],
    ['its name', { documentId: 'ChannelPerformance' }],
    ['Apollo’s extension', { extensions: { persistedQuery: { version: 1, sha256Hash: channels } } }],
  ])('by %s, with GET and POST', async (_, by) => {
    expect(await get(app, { ...by, variables: { range } })).toEqual({ status: 200, body: answered });
    expect(await post(app, { ...by, variables: { range } })).toEqual({ status: 200, body: answered });
  });

  it('every document of the manifest answers', async () => {
    const known = {
      range,
      id: '019837c2-1b6e-7000-8000-000000000000',
      viewId: '019837c2-1b6e-7000-8000-000000000000',
      compared: { preset: 'LAST_WEEK' },
      granularity: 'DAY',
      weekStart: 'MONDAY',
      rank: [{ measure: 'COST' }],
      utm: ['UTM_SOURCE'],
      dimension: 'CHANNEL',
      crmDate: 'CREATED',
      groupBy: ['CHANNEL'],
      breakdowns: [],
      orderBy: [],
      first: 10,
      subtotals: [['CHANNEL']],
      hasSubtotals: true,
      seriesBy: ['DATE'],
      seriesFirst: 10,
      breakdown1: 'country',
      hasBreakdown1: false,
      breakdown2: '',
      hasBreakdown2: false,
      cost: true,
    };
    for (const [id, document] of manifest) {
      if (!document.startsWith('query')) continue;
      const variables = Object.fromEntries(
        Object.entries(known).filter(([name]) => document.includes(`$${name}:`)),
      );
      expect((await post(app, { documentId: id, variables })).body).not.toHaveProperty('errors');
    }
  });

  it('an unknown id, a wrong variable and a parameter that is no JSON are told apart', async () => {
    expect(await get(app, { documentId: 'Nope' })).toEqual({
      status: 400,
      body: code('PERSISTED_QUERY_NOT_FOUND'),
    });
    expect((await get(app, { documentId: channels, variables: { range: {} } })).body).toMatchObject(
      code('BAD_USER_INPUT'),
    );
    expect(await get(app, { documentId: channels, variables: '{' })).toEqual({
      status: 400,
      body: {
        errors: [
          { message: 'The parameter variables is not valid JSON.', extensions: { code: 'BAD_USER_INPUT' } },
        ],
      },
    });
  });

  it('GET runs no mutation, persisted or not', async () => {
    const before = app.sourceRequests.length;
    for (const params of [
      { documentId: 'TriggerIngest' },
      { query: 'mutation { triggerIngest { runs { id } } }' },
    ]) {
      expect(await get(app, params)).toMatchObject({
        status: 405,
        body: { errors: [{ message: /mutation/ }] },
      });
    }
    expect(app.sourceRequests.length).toBe(before);
    expect((await post(app, { documentId: 'TriggerIngest' })).body).not.toHaveProperty('errors');
  });
});

describe('automatic persisted queries', () => {
  const query = '{ metrics(dateRange: { preset: YESTERDAY }) { totals { clicks } } }';
  const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(query) } };

  it('are registered by hash, as Apollo Client does it', async () => {
    const unknown = {
      errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
    };
    expect(await get(app, { extensions })).toEqual({ status: 200, body: unknown });
    expect((await post(app, { query, extensions })).body).toHaveProperty('data');
    expect((await get(app, { extensions })).body).toHaveProperty('data');
  });

  it('a hash of another document is refused, and registers nothing', async () => {
    const sha256Hash = sha256('another');
    const wrong = { persistedQuery: { version: 1, sha256Hash } };
    expect(await post(app, { query, extensions: wrong })).toEqual({
      status: 400,
      body: {
        errors: [
          {
            message: expect.stringContaining('provided sha does not match query'),
            extensions: { code: 'BAD_USER_INPUT' },
          },
        ],
      },
    });
    expect((await get(app, { extensions: wrong })).body).toMatchObject(code('PERSISTED_QUERY_NOT_FOUND'));
  });

  it('can be turned off: clients then send documents whole', async () => {
    const off = await startTestApp({ environment: { AUTOMATIC_PERSISTED_QUERIES: 'false' } });
    try {
      expect(await get(off, { extensions })).toEqual({
        status: 200,
        body: {
          errors: [
            { message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } },
          ],
        },
      });
      expect((await post(off, { query, extensions })).body).toHaveProperty('data');
    } finally {
      await off.close();
    }
  });
});

describe('TRUSTED_DOCUMENTS=only', () => {
  const own = 'query Own { metricCatalog { measures { name } } }';
  const directory = mkdtempSync(join(tmpdir(), 'utmql-manifest-'));
  const file = join(directory, 'manifest.json');
  writeFileSync(file, JSON.stringify({ [sha256(own)]: own }));
  let trusted: TestApp;
  beforeAll(async () => {
    trusted = await startTestApp({ environment: { TRUSTED_DOCUMENTS: 'only', PERSISTED_MANIFEST: file } });
  });
  afterAll(async () => {
    await trusted.close();
    rmSync(directory, { recursive: true });
  });

  it.each([
    ['a document', { query: '{ __typename }' }],
    ['introspection', { query: '{ __schema { types { name } } }' }],
    [
      'a registration',
      {
        query: '{ __typename }',
        extensions: { persistedQuery: { version: 1, sha256Hash: sha256('{ __typename }') } },
      },
    ],
    ['an unknown id', { documentId: 'Nope' }],
    ['an unknown id beside a document', { documentId: 'Nope', query: '{ __typename }' }],
    ['nothing', {}],
  ])('%s is refused, with GET and POST', async (_, params) => {
    const refused = { status: 400, body: code('PERSISTED_QUERY_ONLY') };
    expect(await post(trusted, params)).toEqual(refused);
    expect(await get(trusted, params)).toEqual(refused);
  });

  it('a document beside a trusted id is ignored', async () => {
    const { body } = await post(trusted, {
      documentId: 'ChannelPerformance',
      query: '{ __typename }',
      variables: { range },
    });
    expect(body).toHaveProperty('data.metrics');
  });

  it('the built-in documents and the operator’s own are answered', async () => {
    expect(
      (await get(trusted, { documentId: 'ChannelPerformance', variables: { range } })).body,
    ).toHaveProperty('data');
    expect((await get(trusted, { documentId: sha256(own) })).body).toHaveProperty('data.metricCatalog');
  });

  it('GraphiQL’s page loads', async () => {
    const response = await fetch(`${trusted.url}/graphql`, { headers: { accept: 'text/html' } });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('<html')]);
  });
});

it('a manifest that is none stops the start with a sentence', async () => {
  await expect(startTestApp({ environment: { PERSISTED_MANIFEST: '/nowhere.json' } })).rejects.toThrow(
    '/nowhere.json cannot be read',
  );
  expect(() => readManifest('[1]', 'own.json')).toThrow('own.json is no manifest');
});
