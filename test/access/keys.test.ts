import { readFile, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiKeys, openApiKeys } from '../../src/access/api-keys.ts';
import { createKeyUses } from '../../src/access/key-uses.ts';
import { silent } from '../support/database.ts';
import { idOf, makeKeys, type TestKeys } from '../support/keys.ts';

let now = Date.UTC(2026, 0, 1);
const clock = { now: () => now };
let keys: TestKeys;
beforeEach(async () => {
  keys = await makeKeys(clock);
});
afterEach(() => keys.close());

const open = (): Promise<ApiKeys> =>
  openApiKeys({
    file: keys.file,
    uses: createKeyUses({ file: keys.usesFile, logger: silent }),
    clock,
    logger: silent,
  });
const textOf = ({ authorization }: { authorization: string }) => authorization.slice('Bearer '.length);
const outcome = (api: ApiKeys, text: string): Promise<string> =>
  api.identify(text).then(
    ({ name }) => name,
    (error: Error) => error.message,
  );

describe('API keys', () => {
  it('are kept as hashes, in a file that only its owner reads', async () => {
    const key = textOf(await keys.create({ role: 'viewer', workspace: ['acme'] }));
    const file = await readFile(keys.file, 'utf8');
    expect(file).not.toContain(key.slice(-43));
    expect((await stat(keys.file)).mode & 0o777).toBe(0o600);
  });

  it('tell who calls', async () => {
    const key = await keys.create({ name: 'bi', role: 'viewer', workspace: ['a', 'b'], channel: ['x'] });
    expect(await (await open()).identify(textOf(key))).toEqual({
      id: `key:${idOf(key)}`,
      name: 'bi',
      role: 'viewer',
      workspaces: ['a', 'b'],
      policy: { dimension: 'channel', operator: 'in', values: ['x'] },
      expiresAt: undefined,
    });
  });

  it('with another secret, of an unknown id, or cut short are not known', async () => {
    const key = textOf(await keys.create({ role: 'viewer', workspace: ['a'] }));
    const api = await open();
    const wrong = [
      `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`,
      key.replace(/_\w{10}_/, '_0000000000_'),
      key.slice(0, -1),
      `${key}A`,
      'utmql_',
      key.toUpperCase(),
    ];
    for (const text of wrong) expect(await outcome(api, text)).toMatch(/not known/);
  });

  it('are good until they expire or are revoked, which is noticed within a second', async () => {
    const expiring = textOf(await keys.create({ role: 'viewer', workspace: ['a'], expires: '2026-01-02' }));
    const revoked = await keys.create({ role: 'viewer', workspace: ['a'] });
    const api = await open();
    const identity = await api.identify(textOf(revoked));
    await keys.run(['revoke', idOf(revoked)]);
    now += 1_000;
    expect(await outcome(api, textOf(revoked))).toMatch(/revoked/);
    expect(await api.isValid(identity)).toBe(false);
    expect(await outcome(api, expiring)).toBe('test');
    now = Date.UTC(2026, 0, 2);
    expect(await outcome(api, expiring)).toMatch(/expired/);
    const added = textOf(await keys.create({ name: 'new', role: 'viewer', workspace: ['a'] }));
    expect(await outcome(api, added)).toBe('new');
  });

  it('stay as they are while their file is broken; at the start that is one sentence', async () => {
    const key = textOf(await keys.create({ role: 'viewer', workspace: ['a'] }));
    const api = await open();
    await writeFile(keys.file, '{"keys":[{');
    await expect(api.prepareReload()).rejects.toThrow(/API_KEYS_FILE .* is not valid JSON/);
    expect(await outcome(api, key)).toBe('test');
    await expect(open()).rejects.toThrow(/API_KEYS_FILE .* is not valid JSON\. Restore a valid copy/);
    await writeFile(keys.file, '{"keys":[{"id":"abc"}]}');
    await expect(open()).rejects.toThrow(/is no file of keys: keys\.0\.id/);
  });

  it('tell when they were last used', async () => {
    const key = await keys.create({ name: 'bi', role: 'viewer', workspace: ['a'] });
    expect(await keys.run(['list'])).toMatch(/bi .* good +never$/);
    const api = await open();
    await api.identify(textOf(key));
    await api.close();
    expect(await keys.run(['list'])).toContain(new Date(now).toISOString());
  });
});

describe('the keys command', () => {
  it('loses no key when many are made at once', async () => {
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        keys.create({ name: `k${index}`, role: 'viewer', workspace: ['a'] }),
      ),
    );
    const listed = await keys.run(['list']);
    for (let index = 0; index < 8; index += 1) expect(listed).toContain(` k${index} `);
  });

  it.each([
    [[], {}, /accepted: create, list, revoke/],
    [['creat'], {}, /keys creat: there is no such action; did you mean create\?/],
    [['create'], { role: 'viewer', workspace: ['a'] }, /--name/],
    [['create'], { name: 'x', role: 'boss', workspace: ['a'] }, /viewer, ingestor, admin/],
    [['create'], { name: 'x', role: 'viewer' }, /--workspace NAME/],
    [['create'], { name: 'x', role: 'viewer', workspace: ['a b'] }, /"a b"/],
    [['create'], { name: 'x', role: 'admin', workspace: ['a'], channel: ['x'] }, /only the role viewer/],
    [['create'], { name: 'x', role: 'viewer', workspace: ['a'], expires: 'soon' }, /"soon"/],
    [['create'], { name: 'x', role: 'viewer', workspace: ['a'], expires: '2020-01-01' }, /past/],
    [['revoke', 'nobody'], {}, /no key "nobody"; there are: none/],
  ])('%j %j is explained', async (positionals, given, message) => {
    await expect(keys.run(positionals, given)).rejects.toThrow(message);
  });
});
