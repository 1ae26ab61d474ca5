import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

let keys: TestKeys;
let app: TestApp;
let headers: Record<'viewer' | 'ingestor' | 'admin', Record<string, string>>;

beforeAll(async () => {
  keys = await makeKeys();
  headers = {
    viewer: await keys.create({ role: 'viewer', workspace: ['default'] }),
    ingestor: await keys.create({ role: 'ingestor', workspace: ['default'] }),
    admin: await keys.create({ role: 'admin', workspace: ['default'] }),
  };
  app = await startTestApp({
    environment: { API_KEYS_FILE: keys.file, INTROSPECTION_ROLES: 'viewer, admin' },
  });
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

const read = (given: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
  fetch(`${app.url}/schema.graphql`, { method, headers: given });

describe('GET /schema.graphql', () => {
  it('answers the printed schema', async () => {
    const response = await read(headers.viewer);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; charset=utf-8',
    ]);
    expect(await response.text()).toBe(readFileSync('schema/schema.graphql', 'utf8'));
    const head = await read(headers.viewer, 'HEAD');
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([
      200,
      response.headers.get('etag'),
      '',
    ]);
  });

  it('answers 304 to whoever has it', async () => {
    const etag = (await read(headers.admin)).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{27}-(br|gzip)"$/);
    const same = await read({ ...headers.admin, 'if-none-match': `"other", ${etag}` });
    expect([same.status, same.headers.get('etag'), await same.text()]).toEqual([304, etag, '']);
    expect((await read({ ...headers.admin, 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('is for those whom INTROSPECTION_ROLES names, and refuses others before it says whether they have it', async () => {
    const etag = (await read(headers.admin)).headers.get('etag') ?? '';
    const refused = await read({ ...headers.ingestor, 'if-none-match': etag });
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { error: { code: 'FORBIDDEN', message: expect.stringContaining('INTROSPECTION_ROLES') } },
    ]);
    expect(refused.headers.has('etag')).toBe(false);
    const nobody = await read();
    expect([nobody.status, await nobody.json()]).toMatchObject([401, { error: { code: 'UNAUTHENTICATED' } }]);
    const post = await read(headers.admin, 'POST');
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe('INTROSPECTION_ROLES', () => {
  it('says who may introspect', async () => {
    for (const document of ['{ __schema { types { name } } }', '{ __type(name: "Query") { name } }']) {
      expect(await app.query(document, {}, headers.viewer)).not.toHaveProperty('errors');
      expect(await app.query(document, {}, headers.ingestor)).toMatchObject({
        errors: [
          { message: expect.stringContaining('INTROSPECTION_ROLES'), extensions: { code: 'FORBIDDEN' } },
        ],
      });
    }
    expect(await app.query('{ __typename }', {}, headers.ingestor)).not.toHaveProperty('errors');
  });

  it('says who is told what they may have meant', async () => {
    const misspelt = async (given: Record<string, string>) =>
      (await app.query('{ metricz { x } }', {}, given)).errors?.[0]?.message;
    expect(await misspelt(headers.admin)).toContain('Did you mean');
    expect(await misspelt(headers.ingestor)).toBe('Cannot query field "metricz" on type "Query".');
  });
});
