import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grants } from '../../src/access/grants.ts';
import { schema } from '../../src/graphql/schema.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { sendWithoutEnd } from '../support/endless-body.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

let keys: TestKeys;
let app: TestApp;
let headers: Record<'viewer' | 'ingestor' | 'admin' | 'restricted', Record<string, string>>;

beforeAll(async () => {
  keys = await makeKeys();
  headers = {
    viewer: await keys.create({ role: 'viewer', workspace: ['default'] }),
    ingestor: await keys.create({ role: 'ingestor', workspace: ['default'] }),
    admin: await keys.create({ role: 'admin', workspace: ['default'] }),
    restricted: await keys.create({ role: 'viewer', workspace: ['default'], channel: ['google_ads'] }),
  };
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file } });
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

type Who = keyof typeof headers;
const codeOf = async (who: Who, document: string): Promise<string | undefined> =>
  (await app.query(document, {}, headers[who])).errors?.[0]?.extensions.code;

const range = 'dateRange: { preset: YESTERDAY }';
const run = '019837c2-1b6e-7000-8000-000000000000';

/** A question about every root field, and what those get who may ask it. */
const questions: Readonly<Record<string, readonly [document: string, code?: string]>> = {
  'Query.metrics': [`{ metrics(${range}) { totals { cost } } }`],
  'Query.metricCatalog': ['{ metricCatalog { measures { name } } }'],
  'Query.funnel': [`{ funnel(${range}) { value } }`],
  'Query.breakdowns': [`{ breakdowns(${range}) { totalCount } }`],
  'Query.dimensionValues': [`{ dimensionValues(${range}, dimension: CHANNEL) { totalCount } }`],
  'Query.campaigns': [`{ campaigns(${range}) { totalCount } }`],
  'Query.campaign': ['{ campaign(id: "x") { id } }'],
  'Query.channels': [`{ channels(${range}) { name } }`],
  'Query.adPerformance': [`{ adPerformance(${range}) { totalCount } }`],
  'Query.opportunities': [`{ opportunities(${range}) { totalCount } }`],
  'Query.exchangeRates': [`{ exchangeRates(${range}) { totalCount } }`],
  'Query.dataQuality': [`{ dataQuality(${range}) { daysWithoutData } }`],
  'Query.events': ['{ events { totalCount } }'],
  'Query.ingestSources': ['{ ingestSources { name } }'],
  'Query.ingestWorkspaces': ['{ ingestWorkspaces { name } }'],
  'Query.ingestRun': [`{ ingestRun(id: "${run}") { id } }`],
  'Query.ingestRuns': ['{ ingestRuns { id } }'],
  'Query.auditLog': ['{ auditLog { totalCount } }'],
  'Query.rejectedRecords': ['{ rejectedRecords { totalCount } }'],
  'Query.savedViews': ['{ savedViews { id } }'],
  'Query.shareLinks': ['{ shareLinks { id } }'],
  'Mutation.saveView': [
    'mutation { saveView(input: { name: "x", address: "elsewhere" }) { id } }',
    'BAD_USER_INPUT',
  ],
  'Mutation.deleteView': [`mutation { deleteView(id: "${run}") { id } }`, 'NOT_FOUND'],
  'Mutation.setHomeView': [`mutation { setHomeView(id: "${run}") { id } }`, 'NOT_FOUND'],
  'Mutation.shareView': [
    `mutation { shareView(input: { viewId: "${run}", questions: [] }) { url } }`,
    'BAD_USER_INPUT',
  ],
  'Mutation.revokeShareLink': [`mutation { revokeShareLink(id: "${run}") { id } }`, 'NOT_FOUND'],
  'Mutation.triggerIngest': [
    'mutation { triggerIngest(input: { sources: ["none"] }) { runs { id } } }',
    'BAD_USER_INPUT',
  ],
  'Query.alerts': ['{ alerts { name } }'],
  'Mutation.testAlert': ['mutation { testAlert(name: "none") { delivered } }', 'NOT_FOUND'],
  'Mutation.exportMetrics': [
    'mutation { exportMetrics(input: { date: "2025-08-01" }) { exportId } }',
    'BAD_USER_INPUT',
  ],
  'Mutation.cancelIngest': [`mutation { cancelIngest(id: "${run}") { id } }`, 'NOT_FOUND'],
  'Mutation.approveRun': [`mutation { approveRun(id: "${run}") { id } }`, 'NOT_FOUND'],
  'Mutation.replayRun': [`mutation { replayRun(id: "${run}") { id } }`, 'NOT_FOUND'],
  'Mutation.retryRejectedRecords': [
    `mutation { retryRejectedRecords(input: { ids: ["${run}:1"] }) { accepted } }`,
  ],
  'Mutation.dismissRejectedRecords': [
    `mutation { dismissRejectedRecords(input: { ids: ["${run}:1"] }) { dismissed } }`,
  ],
  'Mutation.applyRetention': ['mutation { applyRetention(before: "2020-01-01", dryRun: true) { dryRun } }'],
  'Mutation.settleOrphanedSource': [
    'mutation { settleOrphanedSource(input: { source: "gone", remove: true, dryRun: true }) { dryRun } }',
  ],
  'Mutation.ingestAdPerformance': [
    'mutation { ingestAdPerformance(input: { records: [] }) { accepted } }',
    '*',
  ],
  'Mutation.ingestOpportunities': [
    'mutation { ingestOpportunities(input: { records: [] }) { accepted } }',
    '*',
  ],
  'Mutation.ingestExchangeRates': [
    'mutation { ingestExchangeRates(input: { records: [] }) { accepted } }',
    '*',
  ],
  'Mutation.ingestEvents': ['mutation { ingestEvents(input: { records: [] }) { accepted } }', '*'],
};

const rootFields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap(
  (type) =>
    Object.values(type?.getFields() ?? {}).map((field) => ({ name: `${type?.name}.${field.name}`, field })),
);

describe('roles', () => {
  it('every root field says who may ask for it', () => {
    const silent = rootFields.filter(({ field }) => !(String(field.extensions.access) in grants));
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('every query and mutation is tried below', () => {
    const names = rootFields.map(({ name }) => name).filter((name) => !name.startsWith('Subscription.'));
    expect(Object.keys(questions).sort()).toEqual(names.sort());
  });

  const read = { viewer: true, ingestor: false, admin: true, restricted: true };
  const readAll = { ...read, restricted: false };
  const follow = { viewer: true, ingestor: true, admin: true, restricted: false };
  const ingest = { viewer: false, ingestor: true, admin: true, restricted: false };
  const administer = { viewer: false, ingestor: false, admin: true, restricted: false };
  const expected: Readonly<Record<string, Readonly<Record<Who, boolean>>>> = {
    'Query.metrics': read,
    'Query.metricCatalog': read,
    'Query.funnel': read,
    'Query.breakdowns': read,
    'Query.dimensionValues': read,
    'Query.campaigns': read,
    'Query.campaign': read,
    'Query.channels': read,
    'Query.adPerformance': read,
    'Query.opportunities': read,
    'Query.exchangeRates': read,
    'Query.dataQuality': read,
    'Query.events': readAll,
    'Query.ingestSources': follow,
    'Query.ingestWorkspaces': follow,
    'Query.ingestRun': follow,
    'Query.ingestRuns': follow,
    'Query.rejectedRecords': ingest,
    'Query.savedViews': read,
    'Query.alerts': readAll,
    'Mutation.testAlert': administer,
    'Query.shareLinks': administer,
    'Query.auditLog': administer,
    'Mutation.saveView': read,
    'Mutation.deleteView': read,
    'Mutation.setHomeView': administer,
    'Mutation.shareView': administer,
    'Mutation.revokeShareLink': administer,
    'Mutation.settleOrphanedSource': administer,
    'Mutation.applyRetention': administer,
  };
  it.each(Object.entries(questions))('%s', async (name, [document, code]) => {
    for (const [who, isAllowed] of Object.entries(expected[name] ?? ingest)) {
      const got = await codeOf(who as Who, document);
      if (!isAllowed) expect([who, got]).toEqual([who, 'FORBIDDEN']);
      else if (code === '*') expect([who, got]).not.toEqual([who, 'FORBIDDEN']);
      else expect([who, got]).toEqual([who, code]);
    }
  });

  it('parts of fields: the SQL is for admins, runs and rejects are for those who see all rows', async () => {
    const statement = `{ metrics(${range}) { totals { cost } meta { sql } } }`;
    expect(await codeOf('viewer', statement)).toBe('FORBIDDEN');
    expect(await codeOf('admin', statement)).toBeUndefined();
    for (const part of ['repairs { name }', 'rejects { name }', 'skips { name }', 'sources { source }']) {
      expect(await codeOf('viewer', `{ dataQuality(${range}) { ${part} } }`)).toBeUndefined();
      expect(await codeOf('restricted', `{ dataQuality(${range}) { ${part} } }`)).toBe('FORBIDDEN');
    }
  });

  it('nothing of an operation is done when one field of it is refused, however it is hidden', async () => {
    const before = await app.query('{ ingestRuns { id } }', {}, headers.admin);
    const trigger = 'triggerIngest(input: { wait: true }) { runs { id } }';
    for (const document of [
      `mutation { ${trigger} }`,
      `mutation { a: ${trigger} }`,
      `mutation { ...F } fragment F on Mutation { ...G } fragment G on Mutation { ${trigger} }`,
      `mutation { ... on Mutation { ${trigger} } }`,
      `mutation { ${trigger.replace('{ runs', '@skip(if: false) { runs')} }`,
    ]) {
      expect(await codeOf('viewer', document)).toBe('FORBIDDEN');
    }
    expect(await codeOf('ingestor', `{ ingestRuns { id } metrics(${range}) { totals { cost } } }`)).toBe(
      'FORBIDDEN',
    );
    expect(await app.query('{ ingestRuns { id } }', {}, headers.admin)).toEqual(before);
  });

  it('subscriptions, too', async () => {
    const subscribe = (who: Who) =>
      fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream',
          ...headers[who],
        },
        body: JSON.stringify({ query: `subscription { ingestRun(id: "${run}") { id } }` }),
      }).then((response) => response.text());
    expect(await subscribe('restricted')).toContain('FORBIDDEN');
    expect(await subscribe('ingestor')).toContain('NOT_FOUND');
  });

  it.each<Who>([
    'viewer',
    'restricted',
    'ingestor',
    'admin',
  ])('introspection and suggestions are for every key: %s', async (who) => {
    for (const document of ['{ __schema { types { name } } }', '{ __type(name: "Query") { name } }'])
      expect(await codeOf(who, document)).toBeUndefined();
    const { errors } = await app.query('{ metricz { x } }', {}, headers[who]);
    expect(errors?.[0]?.message).toContain('Did you mean');
  });
});

describe('endpoints', () => {
  const status = async (who: Who | undefined, path: string, method = 'GET', body?: string) =>
    (
      await fetch(`${app.url}${path}`, {
        method,
        headers: { ...(who && headers[who]), 'content-type': 'application/json' },
        ...(body !== undefined && { body }),
      })
    ).status;

  it('/healthz and /readyz are for everybody, /metrics for admins, of the sources of their workspaces', async () => {
    expect(await status(undefined, '/healthz')).toBe(200);
    expect(await status(undefined, '/readyz')).toBe(200);
    expect(await status(undefined, '/metrics')).toBe(401);
    expect(await status('viewer', '/metrics')).toBe(403);
    const told = async (given: Record<string, string>): Promise<readonly boolean[]> => {
      const text = await (await fetch(`${app.url}/metrics`, { headers: given })).text();
      return ['circuit_breaker_state{name="ads"}', 'circuit_breaker_state{name="clickhouse"}'].map((series) =>
        text.includes(series),
      );
    };
    expect(await told(await keys.create({ role: 'admin', 'all-workspaces': true }))).toEqual([true, true]);
    expect(await told(headers.admin)).toEqual([true, true]);
    expect(await told(await keys.create({ role: 'admin', workspace: ['acme'] }))).toEqual([false, true]);
  });

  it('/readyz names sources to those who logged in only', async () => {
    const of = async (given?: Record<string, string>) =>
      (await fetch(`${app.url}/readyz`, given && { headers: given })).json();
    expect(await of()).toEqual({ status: 'ready', store: 'ok' });
    expect(await of({ authorization: 'Bearer nonsense' })).toEqual({ status: 'ready', store: 'ok' });
    expect(await of(headers.viewer)).toMatchObject({ sources: { ads: { circuit: 'closed' } } });
    expect(await of(headers.restricted)).toEqual({ status: 'ready', store: 'ok' });
  });

  it.each([
    '/ingest/ad-performance',
    '/ingest/opportunities',
    '/ingest/events',
    '/ingest/exchange-rates',
    '/events',
  ])('%s takes records of ingestors and admins', async (path) => {
    const record = JSON.stringify({ service: 'shop', message: 'hello' });
    expect(await status(undefined, path, 'POST', record)).toBe(401);
    expect(await status('viewer', path, 'POST', record)).toBe(403);
    expect(await status('ingestor', path, 'POST', record)).not.toBeOneOf([401, 403]);
  });

  it('refusals have the shape of their endpoint', async () => {
    const graphql = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ __typename }"}',
    });
    expect([graphql.status, graphql.headers.get('www-authenticate'), await graphql.json()]).toEqual([
      401,
      'Bearer',
      { errors: [{ message: expect.stringContaining('API key'), extensions: { code: 'UNAUTHENTICATED' } }] },
    ]);
    const push = await fetch(`${app.url}/events`, { method: 'POST', headers: headers.viewer, body: '{}' });
    expect([push.status, await push.json()]).toEqual([
      403,
      { error: { code: 'FORBIDDEN', message: '/events is not for the role viewer.' } },
    ]);
  });

  it('whoever is refused gets the answer before the body is read', async () => {
    const response = await sendWithoutEnd(
      `${app.url}/ingest/events`,
      { 'content-type': 'application/x-ndjson' },
      () => Buffer.alloc(65_536),
    );
    expect(response.status).toBe(401);
  });
});
