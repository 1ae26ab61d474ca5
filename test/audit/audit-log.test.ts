import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { createAuditLog } from '../../src/audit/audit-log.ts';
import type { AuditEntry } from '../../src/audit/entry.ts';
import { createStore } from '../../src/clickhouse/create-store.ts';
import { bind, sql } from '../../src/clickhouse/sql.ts';
import type { Store } from '../../src/clickhouse/store.ts';
import { systemClock } from '../../src/time.ts';
import { adsFeed, crmFeed, startTestApp, type TestApp } from '../support/app.ts';
import { openMigratedStore, silent, testLimits } from '../support/database.ts';
import { idOf, makeKeys, type TestKeys } from '../support/keys.ts';
import { startStoreProxy } from '../support/proxy.ts';
import { eventually } from '../support/push-records.ts';

const entry = z.object({
  workspace: z.string(),
  kind: z.string(),
  action: z.string(),
  outcome: z.string(),
  caller_id: z.string(),
  role: z.string(),
  request_id: z.string(),
  attempts: z.number(),
  details: z.string().transform((text): unknown => JSON.parse(text)),
});
type Entry = z.infer<typeof entry>;

const allOf = (store: Store): Promise<Entry[]> =>
  store.select(
    entry,
    sql`SELECT workspace, kind, action, outcome, caller_id, role, request_id, attempts, details FROM audit_log FINAL ORDER BY at, audit_id`,
  );
const ofRequest = async (store: Store, requestId: string): Promise<Entry[]> =>
  (await allOf(store)).filter((row) => row.request_id === requestId);

const mail = 'ana.planted@example.com';
const run = '019837c2-1b6e-7000-8000-000000000000';
const planted = 'planted-content-7319';

let keys: TestKeys;
let app: TestApp;
let admin: { authorization: string };
let viewer: { authorization: string };
let everywhere: { authorization: string };

beforeAll(async () => {
  keys = await makeKeys();
  admin = await keys.create({ role: 'admin', workspace: ['default'], name: mail });
  viewer = await keys.create({ role: 'viewer', workspace: ['default'] });
  everywhere = await keys.create({ role: 'admin', 'all-workspaces': true });
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file }, headers: admin });
  app.answer({
    ads: adsFeed([]),
    crm: crmFeed([{ opportunity_id: 'O-1', contact_email: mail, stage: planted, amount: 'none' }]),
  });
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

let calls = 0;
async function call(document: string, headers: Record<string, string> = {}): Promise<string> {
  const requestId = `audit-${++calls}`;
  await app.query(document, {}, { ...headers, 'x-request-id': requestId });
  return requestId;
}

describe('every mutation leaves one entry', () => {
  it.each([
    [
      'triggerIngest',
      'mutation { triggerIngest(input: { sources: ["ads"], mode: REPLACE, wait: true, dryRun: true }) { runs { id } } }',
      'ok',
      { sources: ['ads'], mode: 'replace', wait: true, dryRun: true, ids: [expect.any(String)] },
    ],
    [
      'triggerIngest',
      `mutation { triggerIngest(input: { sources: ["${planted}"] }) { runs { id } } }`,
      'BAD_USER_INPUT',
      { sources: [], dryRun: false, wait: false },
    ],
    ['cancelIngest', `mutation { cancelIngest(id: "${run}") { id } }`, 'NOT_FOUND', { ids: [run] }],
    ['cancelIngest', `mutation { cancelIngest(id: "${mail}") { id } }`, 'BAD_USER_INPUT', {}],
    ['replayRun', `mutation { replayRun(id: "${run}") { id } }`, 'NOT_FOUND', { ids: [run], wait: false }],
    [
      'retryRejectedRecords',
      `mutation { retryRejectedRecords(input: { ids: ["${run}:1"], record: { id: "${run}", contact_email: "${mail}" } }) { accepted } }`,
      'ok',
      { ids: [`${run}:1`], accepted: 0, rejected: 1 },
    ],
    [
      'dismissRejectedRecords',
      `mutation { dismissRejectedRecords(input: { ids: ["${run}:1"], where: { source: "${planted}" } }) { dismissed } }`,
      'ok',
      { ids: [`${run}:1`], dismissed: 0 },
    ],
    [
      'ingestOpportunities',
      `mutation { ingestOpportunities(input: { records: [{ opportunityId: "${planted}", contactEmail: "${mail}", createdAt: "2025-08-01T10:00:00Z", stage: "${planted}" }] }) { accepted } }`,
      'ok',
      { accepted: 1, rejected: 0, ids: [expect.any(String)] },
    ],
    [
      'ingestEvents',
      `mutation { ingestEvents(input: { records: [{ message: "${planted} ${mail}" }] }) { accepted } }`,
      'ok',
      { accepted: expect.any(Number), rejected: expect.any(Number), ids: [expect.any(String)] },
    ],
    [
      'ingestAdPerformance',
      `mutation { ingestAdPerformance(input: { records: [{ date: "2025-08-01", campaignId: "${planted}", channel: "${planted}" }] }) { accepted } }`,
      'ok',
      { accepted: expect.any(Number), rejected: expect.any(Number), ids: [expect.any(String)] },
    ],
  ])('%s', async (action, document, outcome, details) => {
    const requestId = await call(document);
    const rows = await eventually(async () => {
      const found = await ofRequest(app.store, requestId);
      return found.length > 0 && found;
    });
    expect(rows).toEqual([
      {
        workspace: 'default',
        kind: 'mutation',
        action,
        outcome,
        caller_id: `key:${idOf(admin)}`,
        role: 'admin',
        request_id: requestId,
        attempts: 1,
        details,
      },
    ]);
  });

  it('two of one document leave two', async () => {
    const requestId = await call(
      'mutation { a: ingestEvents(input: { records: [] }) { accepted } b: ingestEvents(input: { records: [] }) { accepted } }',
    );
    await eventually(async () => (await ofRequest(app.store, requestId)).length === 2);
  });
});

it('denied attempts leave an entry with who tried and what', async () => {
  await call(`mutation { cancelIngest(id: "${run}") { id } }`, viewer);
  await call('{ metricCatalog { measures { name } } }', { ...viewer, 'x-workspace': 'acme' });
  await call('{ metricCatalog { measures { name } } }', { authorization: `Bearer utmql_${planted}` });
  const denied = await eventually(async () => {
    const found = (await allOf(app.store)).filter(({ kind }) => kind === 'denied');
    return found.length >= 3 && found;
  });
  const id = `key:${idOf(viewer)}`;
  expect(denied).toMatchObject([
    { action: 'cancelIngest', outcome: 'FORBIDDEN', caller_id: id, workspace: 'default', role: 'viewer' },
    { action: '/graphql', outcome: 'FORBIDDEN', caller_id: id, workspace: 'default', role: 'viewer' },
    { action: '/graphql', outcome: 'UNAUTHENTICATED', caller_id: '', workspace: '', role: '' },
  ]);
});

it('keys that are made and revoked leave an entry', async () => {
  const made = await keys.create({ role: 'viewer', workspace: ['default'], name: mail });
  const id = idOf(made);
  const entriesOf = async () => {
    await call('{ metricCatalog { measures { name } } }');
    return (await allOf(app.store)).filter(
      (row) => row.kind === 'key' && JSON.stringify(row.details).includes(id),
    );
  };
  await eventually(async () => (await entriesOf()).length === 1);
  await keys.run(['revoke', id]);
  const rows = await eventually(async () => {
    const found = await entriesOf();
    return found.length === 2 && found;
  });
  expect(rows.map(({ action, details }) => [action, details])).toEqual([
    ['created', { keyId: id, role: 'viewer' }],
    ['revoked', { keyId: id, role: 'viewer' }],
  ]);
});

describe('auditLog', () => {
  interface Page {
    readonly nodes: readonly Record<string, unknown>[];
    readonly totalCount: number;
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
  }
  const page = async (args: string, headers: Record<string, string>): Promise<Page> => {
    const { data, errors } = await app.query(
      `{ auditLog(${args}) { nodes { id kind action outcome callerId callerName role requestId attempts durationMs details } totalCount pageInfo { endCursor hasNextPage } } }`,
      {},
      headers,
    );
    expect(errors).toBeUndefined();
    return (data as unknown as { auditLog: Page }).auditLog;
  };

  it('is for admins, who see their own workspace, and of all workspaces also what is nobody’s', async () => {
    const denied = await app.query('{ auditLog { totalCount } }', {}, viewer);
    expect(denied.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const [own, all] = [await page('first: 1000', admin), await page('first: 1000', everywhere)];
    expect(own.nodes.some(({ outcome }) => outcome === 'UNAUTHENTICATED')).toBe(false);
    expect(all.nodes.some(({ outcome }) => outcome === 'UNAUTHENTICATED')).toBe(true);
    const elsewhere = await page('first: 1000', { ...everywhere, 'x-workspace': 'acme' });
    expect(elsewhere.nodes.some(({ callerId }) => callerId === `key:${idOf(viewer)}`)).toBe(false);
  });

  it('is read by each who asks for it at the same time, and noted for each', async () => {
    const document = '{ auditLog(first: 1000) { nodes { outcome } } }';
    const ask = async (headers: Record<string, string>, requestId: string) =>
      (await app.query(document, {}, { ...headers, 'x-request-id': requestId })).data as unknown as {
        auditLog: { nodes: readonly { outcome: string }[] };
      };
    const callers = [everywhere, admin, everywhere, admin];
    const answers = await Promise.all(callers.map((who, index) => ask(who, `together-${index}`)));
    expect(
      answers.map(({ auditLog }) => auditLog.nodes.some(({ outcome }) => outcome === 'UNAUTHENTICATED')),
    ).toEqual([true, false, true, false]);
    for (const index of callers.keys())
      await eventually(async () => (await ofRequest(app.store, `together-${index}`)).length === 1);
  });

  it('names no source of another workspace, though it be asked for', async () => {
    const requestId = await call('mutation { triggerIngest(input: { sources: ["ads"] }) { runs { id } } }', {
      ...everywhere,
      'x-workspace': 'acme',
    });
    const rows = await eventually(async () => {
      const found = await ofRequest(app.store, requestId);
      return found.length > 0 && found;
    });
    expect(rows).toMatchObject([{ outcome: 'BAD_USER_INPUT', workspace: 'acme', details: { sources: [] } }]);
  });

  it('pages by key, filters, and is noted itself', async () => {
    const whole = await page('first: 1000, action: "cancelIngest"', admin);
    expect(whole.totalCount).toBe(whole.nodes.length);
    const seen: unknown[] = [];
    for (let after = ''; ; ) {
      const { nodes, pageInfo } = await page(`first: 2, action: "cancelIngest"${after}`, admin);
      seen.push(...nodes.map(({ id }) => id));
      if (!pageInfo.hasNextPage) break;
      after = `, after: "${pageInfo.endCursor}"`;
    }
    expect(seen).toEqual(whole.nodes.map(({ id }) => id));
    const byViewer = await page(`caller: "key:${idOf(viewer)}"`, admin);
    expect(new Set(byViewer.nodes.map(({ kind }) => kind))).toEqual(new Set(['DENIED']));
    expect((await page('to: "2020-01-01T00:00:00Z"', admin)).totalCount).toBe(0);
    await eventually(async () => (await page('action: "auditLog"', admin)).totalCount > 2);
  });
});

it('no e-mail address, key or content of a record is in the table', async () => {
  await app.pull();
  await eventually(async () => (await allOf(app.store)).length > 15);
  const whole = JSON.stringify((await app.store.read(sql`SELECT * FROM audit_log`)).rows);
  for (const secret of [
    mail,
    'example.com',
    planted,
    admin.authorization.slice(7),
    viewer.authorization.slice(7),
  ])
    expect(whole).not.toContain(secret);
  expect(whole).toContain('hashed:');
});

it('a flood of denied attempts makes few rows', async () => {
  const before = (await allOf(app.store)).length;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (let one = 0; one < 50; one++)
        await fetch(`${app.url}/graphql`, {
          method: 'POST',
          headers: { authorization: `Bearer wrong${one}` },
        });
    }),
  );
  await call(`mutation { cancelIngest(id: "${run}") { id } }`);
  await eventually(async () => (await allOf(app.store)).length > before);
  // In each window of a minute one at once, and at its end one with the number of the others.
  expect((await allOf(app.store)).length - before).toBeLessThan(10);
});

describe('a store that is away', () => {
  const note = (action: string): AuditEntry => ({
    kind: 'mutation',
    action,
    outcome: 'ok',
    actor: undefined,
    workspace: 'default',
    requestId: '',
    durationMs: 1,
    attempts: 1,
    details: {},
  });

  it('gets the entries when it is back; what is too much is dropped and counted', async () => {
    const direct = await openMigratedStore();
    const login = inject('clickhouse');
    const proxy = await startStoreProxy(login.url);
    const store = createStore({
      ...login,
      url: proxy.url,
      database: direct.database,
      maxConcurrency: 8,
      limits: testLimits,
    });
    let dropped = 0;
    const audit = createAuditLog({
      clock: systemClock,
      logger: silent,
      pseudonymKey: 'a key of sixteen characters',
      onDropped: (rows) => {
        dropped += rows;
      },
    });
    try {
      audit.note(note('before'));
      audit.begin(store);
      await audit.flush();
      await proxy.away('refused');
      for (let one = 0; one < 10_100; one++) audit.note(note('meanwhile'));
      expect(dropped).toBe(100);
      await proxy.back();
      await eventually(async () => {
        await audit.flush();
        return (await counted(direct, 'meanwhile')) === 10_000;
      });
      audit.note(note('last'));
      await audit.close();
      expect([await counted(direct, 'before'), await counted(direct, 'last'), dropped]).toEqual([1, 1, 100]);
    } finally {
      await store.close();
      await proxy.close();
      await direct.drop();
    }
  }, 60_000);

  const countRow = z.object({ n: z.number() });
  const counted = async (store: Store, action: string): Promise<number> => {
    const rows = await store.select(
      countRow,
      sql`SELECT count() AS n FROM audit_log FINAL WHERE action = ${bind('String', action)}`,
    );
    return rows[0]?.n ?? 0;
  };
});
