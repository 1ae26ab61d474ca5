import { expect, it } from 'vitest';
import { redirectTarget } from '../../src/http-client/request.ts';
import type { Network } from '../../src/http-client/source-dispatchers.ts';
import { call, openOne, serve } from '../sources/support.ts';
import { inTurn, json, redirect, type SourceServer, text } from '../support/source-server.ts';

// All servers of a test are on the loopback interface, so `public` and `private` are what the test says of two of its
// addresses. The server listens on the first alone: a connection to the second would fail, and not be refused.
const publicAddress = '127.0.0.1';
const privateAddress = '127.0.0.2';

/** Names and what they resolve to, the last again and again. */
function networkOf(names: Record<string, string[]>): Network & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    isPrivate: (address) => address === privateAddress,
    async resolve(hostname) {
      asked.push(hostname);
      const addresses = names[hostname] ?? [];
      const address = (addresses.length > 1 ? addresses.shift() : addresses[0]) ?? '';
      return [{ address, family: 4 }];
    },
  };
}

const at = (server: SourceServer, host: string): string => `http://${host}:${new URL(server.url).port}`;
const yaml = (url: string, more = ''): string =>
  `sources: [{ name: ads, kind: ad_performance, url: "${url}/a", attempts: 1 ${more} }]`;
const paged = ', records: items, pagination: { next_link: { field: next } }';

async function read(url: string, network: Network, more = ''): Promise<number> {
  const source = await openOne(yaml(url, more), { network });
  let pages = 0;
  for await (const page of source.pages(call())) {
    for await (const batch of source.reader()(page)) void batch;
    pages += 1;
  }
  return pages;
}

const refused = {
  code: 'SOURCE_REFUSED',
  retryable: false,
  message: expect.stringMatching(/leads into a private network .*SOURCE_REDIRECTS_TO_PRIVATE/),
};

it('a name that is public when it is asked and private when it redirects to itself is not followed', async () => {
  const server = await serve({ '/a': redirect('/b'), '/b': json([]) });
  const network = networkOf({ 'feed.test': [publicAddress, privateAddress] });
  await expect(read(at(server, 'feed.test'), network)).rejects.toMatchObject(refused);
  expect(server.requests.map(({ path }) => path)).toEqual(['/a']);
});

it('where it stays public, it is followed', async () => {
  const server = await serve({ '/a': redirect('/b'), '/b': json([]) });
  expect(await read(at(server, 'feed.test'), networkOf({ 'feed.test': [publicAddress] }))).toBe(1);
});

it('a configured address may be private, and redirect to itself', async () => {
  const server = await serve({ '/a': redirect('/b'), '/b': json([]) });
  const network: Network = { ...networkOf({ 'feed.test': [publicAddress] }), isPrivate: () => true };
  expect(await read(at(server, 'feed.test'), network)).toBe(1);
  expect(await read(server.url, network)).toBe(1);
});

it.each([
  ['by its name', 'other.test'],
  ['by its address', privateAddress],
  ['by a number', '2130706434'],
  ['in octal', '0177.0.0.2'],
])('a next link to an allowed host that is private is not followed: %s', async (_how, host) => {
  const server = await serve({});
  const next = `${at(server, host)}/b`;
  const first = await serve({ '/a': text(JSON.stringify({ items: [], next })) });
  const network = networkOf({ 'feed.test': [publicAddress], 'other.test': [privateAddress] });
  const allow = `${paged}, allow_hosts: ["other.test", "${privateAddress}"]`;
  await expect(read(at(first, 'feed.test'), network, allow)).rejects.toMatchObject(refused);
});

it('a next link to an allowed host that is public is followed', async () => {
  const second = await serve({ '/b': json({ items: [] }) });
  const first = await serve({
    '/a': inTurn(json({ items: [], next: `${at(second, 'other.test')}/b` })),
  });
  const network = networkOf({ 'feed.test': [publicAddress], 'other.test': [publicAddress] });
  expect(await read(at(first, 'feed.test'), network, `${paged}, allow_hosts: [other.test]`)).toBe(2);
});

it('a redirect from https to http is not followed, be it of the same host', () => {
  const url = new URL('https://feed.test/a');
  const asked = { method: 'GET', url, status: 302, followed: 0, show: String } as const;
  expect(redirectTarget({ ...asked, location: 'http://feed.test/a' })).toContain('which is not followed');
  expect(redirectTarget({ ...asked, location: '/b' })).toEqual(new URL('https://feed.test/b'));
});

it('neither redirects nor next links lead to another origin, which learns no credentials', async () => {
  const other = await serve(json({ items: [] }));
  const redirecting = await serve({ '/a': redirect(`${other.url}/b`, 307) });
  const linking = await serve({ '/a': json({ items: [], next: `${other.url}/b` }) });
  const network = networkOf({ 'feed.test': [publicAddress] });
  const secret = ', headers: { x-key: s3cret }, auth: { bearer: t0ken }';
  for (const [server, more, code] of [
    [redirecting, secret, 'SOURCE_REFUSED'],
    [linking, paged + secret, 'SOURCE_MALFORMED'],
  ] as const)
    await expect(read(at(server, 'feed.test'), network, more)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('not followed'),
    });
  expect(other.requests).toEqual([]);
});
