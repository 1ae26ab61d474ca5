import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/clickhouse/sql.ts';
import { createSavedViews, maxViews } from '../../src/views/saved-views.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';

let keys: TestKeys;
let app: TestApp;
const who: Record<
  'ana' | 'ben' | 'admin' | 'restricted' | 'elsewhere' | 'ingestor',
  Record<string, string>
> = { ana: {}, ben: {}, admin: {}, restricted: {}, elsewhere: {}, ingestor: {} };
type Who = keyof typeof who;

beforeAll(async () => {
  keys = await makeKeys();
  who.ana = await keys.create({ name: 'ana', role: 'viewer', workspace: ['default'] });
  who.ben = await keys.create({ name: 'ben', role: 'viewer', workspace: ['default'] });
  who.admin = await keys.create({ name: 'boss', role: 'admin', workspace: ['default'] });
  who.restricted = await keys.create({ role: 'viewer', workspace: ['default'], channel: ['google_ads'] });
  who.elsewhere = await keys.create({ role: 'admin', workspace: ['acme'] });
  who.ingestor = await keys.create({ role: 'ingestor', workspace: ['default'] });
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file } });
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

interface View {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly owner: string;
  readonly isOwn: boolean;
  readonly mayChange: boolean;
  readonly isHome: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}
const fields = 'id name address owner isOwn mayChange isHome createdAt updatedAt';

const change = async (caller: Who, field: string, args: string): Promise<View | null> => {
  const { data, errors } = await app.query(`mutation { ${field}${args} { ${fields} } }`, {}, who[caller]);
  if (errors) throw new Error(`${errors[0]?.extensions.code} ${errors[0]?.message}`);
  return (data as unknown as Record<string, View | null>)[field] ?? null;
};
const save = async (caller: Who, input: { id?: string; name: string; address: string }): Promise<View> => {
  const { data, errors } = await app.query(
    `mutation ($input: SaveViewInput!) { saveView(input: $input) { ${fields} } }`,
    { input },
    who[caller],
  );
  if (errors) throw new Error(`${errors[0]?.extensions.code} ${errors[0]?.message}`);
  return (data as unknown as { saveView: View }).saveView;
};
const viewsOf = async (caller: Who): Promise<View[]> => {
  const { data, errors } = await app.query(`{ savedViews { ${fields} } }`, {}, who[caller]);
  expect(errors).toBeUndefined();
  return (data as unknown as { savedViews: View[] }).savedViews;
};
const remove = (caller: Who, id: string) => change(caller, 'deleteView', `(id: "${id}")`);
const removeAll = async (): Promise<void> => {
  for (const { id } of await viewsOf('admin')) await remove('admin', id);
};

describe('a saved view', () => {
  it('is seen by everybody of its workspace at once, also by a key for some channels, and by nobody else', async () => {
    const made = await save('ana', {
      name: '  Weekly  ',
      address: '/explore?f=channel|is|meta&range=last_7_days',
    });
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'Weekly',
      address: '/explore?f=channel|is|meta&range=last_7_days',
      owner: 'ana',
      isOwn: true,
      mayChange: true,
      isHome: false,
      createdAt: made.createdAt,
      updatedAt: made.createdAt,
    });
    expect(await viewsOf('ana')).toEqual([made]);
    expect(await viewsOf('ben')).toEqual([{ ...made, isOwn: false, mayChange: false }]);
    expect(await viewsOf('admin')).toEqual([{ ...made, isOwn: false }]);
    expect(await viewsOf('restricted')).toEqual([{ ...made, isOwn: false, mayChange: false }]);
    expect(await viewsOf('elsewhere')).toEqual([]);
    await expect(remove('elsewhere', made.id)).rejects.toThrow('NOT_FOUND');
    await removeAll();
  });

  it('tells each of two who ask at the same time what is their own', async () => {
    await save('ana', { name: 'Mine', address: '/' });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => viewsOf(index % 2 === 0 ? 'ana' : 'ben')),
    );
    expect(answers.map(([view]) => view?.isOwn)).toEqual(answers.map((_, index) => index % 2 === 0));
    await removeAll();
  });

  it('is changed and deleted by its owner and by admins, and stays its owner’s', async () => {
    const { id, createdAt } = await save('ana', { name: 'One', address: '/' });
    const changed = { id, name: 'Two', address: '/explore' };
    await expect(save('ben', changed)).rejects.toThrow(/^FORBIDDEN Only whoever saved a view/);
    await expect(remove('ben', id)).rejects.toThrow('FORBIDDEN');
    expect(await save('ana', changed)).toMatchObject({ ...changed, createdAt });
    // Its own name, in other letters, is none that another view has.
    expect(await save('admin', { ...changed, name: 'TWO' })).toMatchObject({ owner: 'ana', name: 'TWO' });
    expect(await remove('ana', id)).toMatchObject({ id, name: 'TWO' });
    expect(await viewsOf('ana')).toEqual([]);
    await expect(save('ana', changed)).rejects.toThrow('NOT_FOUND');
    await expect(remove('ana', id)).rejects.toThrow('NOT_FOUND');
  });

  it('has a name of its own, whoever saves at the same time', async () => {
    const attempts = Array.from({ length: 6 }, (_, index) =>
      save(index % 2 === 0 ? 'ana' : 'ben', { name: index < 3 ? 'Straße' : 'straße', address: '/' }).then(
        () => 'saved',
        (error: Error) => error.message,
      ),
    );
    const outcomes = await Promise.all(attempts);
    expect(outcomes.filter((outcome) => outcome === 'saved')).toHaveLength(1);
    expect(
      outcomes.filter((outcome) => /^BAD_USER_INPUT name: another view is called/.test(outcome)),
    ).toHaveLength(5);
    // The other workspace has names of its own.
    const elsewhere = await save('elsewhere', { name: 'Straße', address: '/' });
    await remove('elsewhere', elsewhere.id);
    await removeAll();
  });

  it('none is lost of those that are saved at the same time', async () => {
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => save('ana', { name: `View ${index}`, address: '/' })),
    );
    expect((await viewsOf('ben')).map(({ name }) => name)).toEqual(
      Array.from({ length: 8 }, (_, index) => `View ${index}`),
    );
    await removeAll();
  });

  it.each([
    ['no name', { name: ' ', address: '/' }, /name: give 1 to 100 characters/],
    ['a long name', { name: 'x'.repeat(101), address: '/' }, /name: give 1 to 100 characters/],
    ['a name of two lines', { name: 'a\nb', address: '/' }, /name: give 1 to 100 characters/],
    ['another server', { name: 'x', address: 'https://evil.example/' }, /address: give the path and query/],
    ['another server in short', { name: 'x', address: '//evil.example' }, /address: give the path and query/],
    ['a backslash', { name: 'x', address: '/\\evil.example' }, /address: give the path and query/],
    ['a script', { name: 'x', address: 'javascript:alert(1)' }, /address: give the path and query/],
    ['the API', { name: 'x', address: '/graphql?query={x}' }, /address: give the path and query/],
    ['a link', { name: 'x', address: '/share?t=1' }, /address: give the path and query/],
    ['the end of a session', { name: 'x', address: '/logout' }, /address: give the path and query/],
    ['a line end', { name: 'x', address: '/?a\r\nset-cookie: b' }, /address: give the path and query/],
    ['a fragment', { name: 'x', address: '/?a#b' }, /address: give the path and query/],
    ['a long address', { name: 'x', address: `/?${'x'.repeat(8_000)}` }, /8002 characters are too many/],
    ['no id', { id: 'x', name: 'x', address: '/' }, /input.id: "x" is no id/],
  ])('refuses %s', async (_, input, message) => {
    await expect(save('ana', input)).rejects.toThrow(message);
    await expect(save('ana', input)).rejects.toThrow(/^BAD_USER_INPUT/);
  });

  it('takes names and addresses to their limits', async () => {
    const name = '😀'.repeat(100);
    const address = `/explore?${'x'.repeat(7_991)}`;
    expect(await save('ana', { name, address })).toMatchObject({ name, address });
    expect(await viewsOf('ana')).toMatchObject([{ name, address }]);
    await removeAll();
  });

  it('is one of 500 at most', async () => {
    const views = createSavedViews({
      store: app.store,
      lock: { runExclusive: (work) => Promise.resolve(work()) },
      links: { endAll: async () => undefined },
      clock: { now: () => Date.now() },
    });
    await app.store.command(
      sql`INSERT INTO saved_views SELECT 'full', generateUUIDv4(), toString(number), '/', 'o', 'o', 0, now64(3), now64(3), 1, 0 FROM numbers(500)`,
      { changesAnswersOf: [] },
    );
    const caller = {
      id: 'o',
      name: 'o',
      role: 'viewer',
      workspaces: ['full'],
      policy: undefined,
      expiresAt: undefined,
      workspace: 'full',
      requestId: 'test',
    } as const;
    await expect(views.save({ id: undefined, name: 'x', address: '/' }, caller)).rejects.toThrow(
      `This workspace has ${maxViews} saved views`,
    );
  });
});

describe('the home view', () => {
  const page = { accept: 'text/html' };
  const open = async (caller: Who, path = '/', headers: Record<string, string> = page) => {
    const response = await fetch(app.url + path, {
      headers: { ...headers, ...who[caller] },
      redirect: 'manual',
    });
    await response.arrayBuffer();
    return [response.status, response.headers.get('location')];
  };

  it('is one, which an admin chooses, and where `/` alone leads browsers', async () => {
    const first = await save('ana', { name: 'A', address: '/explore?rows=channel' });
    const second = await save('ana', { name: 'B', address: '/?range=last_7_days' });
    expect(await open('ana')).toEqual([200, null]);
    await expect(change('ana', 'setHomeView', `(id: "${first.id}")`)).rejects.toThrow('FORBIDDEN');

    expect(await change('admin', 'setHomeView', `(id: "${first.id}")`)).toMatchObject({ isHome: true });
    expect(await open('ana')).toEqual([302, '/explore?rows=channel']);
    expect(await open('restricted')).toEqual([302, '/explore?rows=channel']);
    expect(await open('elsewhere')).toEqual([200, null]);
    expect(await open('ana', '/?range=last_90_days')).toEqual([200, null]);
    expect(await open('ana', '/explore')).toEqual([200, null]);
    expect(await open('ana', '/', { accept: '*/*' })).toEqual([302, '/graphql']);
    // Who may not read figures begins with what they may see.
    expect(await open('ingestor')).toEqual([200, null]);

    await change('admin', 'setHomeView', `(id: "${second.id}")`);
    expect((await viewsOf('ana')).map(({ isHome }) => isHome)).toEqual([false, true]);
    expect(await open('ana')).toEqual([302, '/?range=last_7_days']);
    // To choose it again changes nothing.
    expect(await change('admin', 'setHomeView', `(id: "${second.id}")`)).toMatchObject({ isHome: true });
    // Another name leaves it the home view.
    expect(await save('ana', { id: second.id, name: 'C', address: '/' })).toMatchObject({ isHome: true });
    // The usual page does not lead to itself.
    expect(await open('ana')).toEqual([200, null]);
    await save('ana', { id: second.id, name: 'C', address: '/?' });
    expect(await open('ana')).toEqual([200, null]);

    await change('admin', 'setHomeView', `(id: "${first.id}")`);
    expect(await change('admin', 'setHomeView', '(id: null)')).toBeNull();
    expect(await open('ana')).toEqual([200, null]);
    await change('admin', 'setHomeView', `(id: "${first.id}")`);
    await remove('ana', first.id);
    expect(await open('ana')).toEqual([200, null]);
    await removeAll();
  });

  it('keeps nobody from the page where the database does not answer', async () => {
    const { id } = await save('ana', { name: 'A', address: '/explore' });
    await change('admin', 'setHomeView', `(id: "${id}")`);
    await app.store.command(sql`RENAME TABLE saved_views TO away`, { changesAnswersOf: [] });
    try {
      expect(await open('ana')).toEqual([200, null]);
    } finally {
      await app.store.command(sql`RENAME TABLE away TO saved_views`, { changesAnswersOf: [] });
    }
    expect(await open('ana')).toEqual([302, '/explore']);
    await removeAll();
  });
});
