import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { UtmqlError } from '../../src/errors.ts';
import { failureCause } from '../../src/http-client/failure-reason.ts';
import {
  type Behaviour,
  hang,
  inTurn,
  json,
  redirect,
  refusedUrl,
  status,
  text,
} from '../support/source-server.ts';
import { openOne, read, serve, temporaryFolder } from './support.ts';

const ads = (url: string, more = '') => `
sources:
  - name: ads
    kind: ad_performance
    url: ${url}/feed
    attempts: 1
    ${more}
`;

/** What may promise that the same call helps. */
const promise = /\b(again|later|retry|completes)\b/i;

async function failure(yaml: string, options: Parameters<typeof openOne>[1] = {}): Promise<UtmqlError> {
  const { error } = await read(await openOne(yaml, options));
  if (error === undefined) throw new Error('It did not fail.');
  return error;
}

const bearer = 'auth: { bearer: x }';
const cursor = 'records: items\n    pagination: { cursor: { field: next, parameter: after } }';
const counted = 'records: items\n    pagination: { page_number: { parameter: page, stop: pages } }';
const linked = 'records: items\n    pagination: { next_link: { field: next } }';
const page = (next: unknown): Behaviour => json({ items: [{ id: 1 }], next });

describe('an error that somebody has to act on names what to do, and promises nothing', () => {
  it.each<[string, Behaviour, string, RegExp]>([
    ['400', status(400), '', /check what it is asked for: parameters, body and headers\.$/],
    ['401', status(401), bearer, /check its auth in the sources file\.$/],
    ['403', status(403), bearer, /check its auth in the sources file\.$/],
    ['404', status(404), '', /check the address configured for it\.$/],
    ['405', status(405), '', /check its method, GET or POST\.$/],
    ['413', status(413), '', /check how much it is asked for at once\.$/],
    ['422', status(422), '', /check what it is asked for/],
    [
      'a redirect',
      redirect('http://127.0.0.1:1/login'),
      '',
      /if the records are there, configure that address\.$/,
    ],
    ['no cursor', page({}), cursor, /Check field of its pagination\.$/],
    ['a cursor that repeats', page('a'), cursor, /Check field and parameter of its pagination\.$/],
    ['no number of pages', json({ items: [{}] }), counted, /Check stop of its pagination\.$/],
    [
      'the same page',
      json({ items: [{}], pages: 9 }),
      counted,
      /Check what the source calls it, or set pagination: none\.$/,
    ],
    ['no address of a page', page(7), linked, /Check where its pagination finds the next page\.$/],
    ['an address elsewhere', page('http://127.0.0.1:1/'), linked, /add its host to allow_hosts\.$/],
    ['words', json({ message: 'no' }), cursor, /check what it is asked for, and records where/],
    [
      'too many pages',
      page('a'),
      `${cursor}\n    max_pages: 1`,
      /if that is right, raise max_pages for it\.$/,
    ],
    [
      'fewer than its total',
      json({ total: 2, items: [{}] }),
      'records: items\n    total: total',
      /set window to that number/,
    ],
    [
      'an encoding of its own',
      text('x', { 'content-encoding': 'zstd' }),
      '',
      /have it sent uncompressed or in gzip\.$/,
    ],
    [
      'no gzip',
      text('none at all, but words', { 'content-encoding': 'gzip' }),
      cursor,
      /have it sent uncompressed, or with its actual content-encoding\.$/,
    ],
    [
      'a column that is gone',
      text('day,cost\n1,2\n', { 'content-type': 'text/csv' }),
      'fields: { campaign_id: id }',
      /Say which column it is now/,
    ],
  ])('%s', async (_, behaviour, more, advice) => {
    const server = await serve(behaviour);
    const error = await failure(ads(server.url, more));
    expect(error.message).toMatch(advice);
    expect(error.message).not.toMatch(promise);
    expect(error.retryable).toBe(false);
  });

  it.each<[string, Behaviour, RegExp]>([
    [
      'google_ads',
      json([{ error: { code: 400, status: 'INVALID_ARGUMENT' } }]),
      /check its query and its credentials\.$/,
    ],
    [
      'meta_insights',
      json({ data: [{ date_start: '2025-08-01', date_stop: '2025-08-02' }] }),
      /with time_increment=1\.$/,
    ],
    ['tiktok', json({ code: 40_105 }), /check what it is asked for and the credentials/],
    [
      'salesforce_opportunities',
      (_, response) => void response.writeHead(400).end('[{"errorCode":"INVALID_FIELD"}]'),
      /\(INVALID_FIELD\).*check what it is asked for/,
    ],
  ])('%s, by its own signs', async (adapter, behaviour, advice) => {
    const server = await serve(behaviour);
    const error = await failure(`sources: [{ name: any, adapter: ${adapter}, url: "${server.url}" }]`);
    expect(error.message).toMatch(advice);
    expect(error.message).not.toMatch(promise);
    expect(error.retryable).toBe(false);
  });

  it.each<[string, Behaviour, RegExp]>([
    [
      'invalid_grant',
      (_, response) => void response.writeHead(400).end('{"error":"invalid_grant"}'),
      /get another one and put it in place of the old\.$/,
    ],
    [
      'invalid_client',
      (_, response) => void response.writeHead(401).end('{"error":"invalid_client"}'),
      /check client_id and client_secret\.$/,
    ],
    [
      'something else',
      (_, response) => void response.writeHead(400).end('{"error":"odd"}'),
      /check what it is asked for and its auth/,
    ],
    ['no token', json({}), /check that it is the address of tokens\.$/],
  ])('a token: %s', async (_, behaviour, advice) => {
    const server = await serve(behaviour);
    const more = `auth: { oauth2: { token_url: "${server.url}/token", client_id: i, client_secret: s, refresh_token: r } }`;
    const error = await failure(ads(server.url, more));
    expect(error.message).toMatch(advice);
    // `get another one` is no promise.
    expect(error.message).not.toMatch(/\b(again|later|retry)\b/);
    expect(error).toMatchObject({ code: 'SOURCE_REFUSED', retryable: false });
  });

  it('a port of another protocol, which is asked once', async () => {
    const server = await serve(json([]));
    const error = await failure(
      ads(server.url.replace('http:', 'https:')).replace('attempts: 1', 'attempts: 4'),
    );
    expect(error.message).toMatch(
      /in 1 attempt: TLS failed .* Check the port in its address, and whether it is http or https\.$/,
    );
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: false });
  });

  it('files and look-ups', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.csv.gz'), 'date,campaign_id,cost\n');
    await writeFile(join(folder, 'b.csv'), 'date,campaign_id,cost\n');
    await writeFile(join(folder, 'ids.csv'), 'ID,Name\n1,a\n1,b\n');
    const files = (path: string, more = '') =>
      `sources: [{ name: f, kind: ad_performance, adapter: csv, files: "${path}"${more} }]`;
    const gzip = await failure(files('a.csv.gz'), { folder });
    expect(gzip).toMatchObject({
      message: expect.stringMatching(/Name it without \.gz, or compress it\.$/),
      retryable: false,
    });
    const lookup = ', lookups: [{ file: ids.csv, key: ID, by: campaign_id, fields: { utm_campaign: Name } }]';
    expect(await failure(files('b.csv', lookup), { folder })).toMatchObject({
      message: expect.stringMatching(/that differ; keep one of them\.$/),
      retryable: false,
    });
  });
});

describe('an error that may pass by itself can be repeated', () => {
  it.each<[string, Behaviour, RegExp]>([
    ['503', status(503), /it answered 503 Service Unavailable\.$/],
    ['429', status(429), /429 Too Many Requests\. Lower its rate_limit, or raise its patience_ms\.$/],
    ['429 for a day', status(429, { 'retry-after': '86400' }), /asks for a retry in 86400 s, at /],
    [
      'silence',
      hang,
      /no answer within 100 ms\. Raise its timeout_ms where it needs longer, or ask for fewer days at once\.$/,
    ],
    [
      'an answer that is cut',
      text(gzipSync('{"items":[]}').subarray(0, 12), { 'content-encoding': 'gzip' }),
      /its gzip data ends in the middle\.$/,
    ],
    [
      'an error in a stream',
      inTurn(json([{ error: { code: 500 } }])),
      /ended in an error of Google’s \(500\)\.$/,
    ],
  ])('%s', async (_, behaviour, message) => {
    const server = await serve(behaviour);
    const yaml = message.source.includes('Google')
      ? `sources: [{ name: any, adapter: google_ads, url: "${server.url}" }]`
      : ads(server.url, `${cursor}\n    patience_ms: 10\n    timeout_ms: 100`);
    expect(await failure(yaml)).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(message),
    });
  });

  it('and says what to look at where nobody listens, and where there is no file', async () => {
    expect(await failure(ads(await refusedUrl()))).toMatchObject({
      retryable: true,
      message: expect.stringMatching(
        /connection refused\. Check that it runs, and the port in its address\.$/,
      ),
    });
    expect(await failure('sources: [{ name: f, kind: opportunity, files: "no*.csv" }]')).toMatchObject({
      retryable: true,
      message: 'No file matches no*.csv of source f. Paths begin in the folder of the sources file.',
    });
  });
});

it.each([
  ['ENOTFOUND', undefined, /host name/],
  ['EAI_AGAIN', undefined, /name server/],
  ['UND_ERR_CONNECT_TIMEOUT', undefined, /firewalls/],
  ['CERT_HAS_EXPIRED', true, /renewed/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', true, /host name/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', true, /NODE_EXTRA_CA_CERTS/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', true, /NODE_EXTRA_CA_CERTS/],
  ['HPE_INVALID_CONSTANT', true, /http or https/],
  ['UND_ERR_HEADERS_OVERFLOW', true, /address/],
])('%s is told with what helps, and whether asking again can', (code, lasts, advice) => {
  const cause = failureCause(
    new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) }),
  );
  expect(cause.lasts).toBe(lasts);
  expect(cause.advice).toMatch(advice);
});
