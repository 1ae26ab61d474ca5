import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { json, status } from '../support/source-server.ts';
import { call, openOne, openYaml, read, recordsOf, serve, temporaryFolder } from './support.ts';

describe('a request', () => {
  const yaml = (url: string, more = '') => `
sources:
  - name: feed
    kind: ad_performance
    url: "${url}"
    ${more}
`;

  it('adds since and until beside the parameters that the address has, which stay as they are written', async () => {
    const seen: (string | undefined)[] = [];
    const server = await serve((request, response) => {
      seen.push(request.url);
      response.end('[]');
    });
    const range = { from: '2025-08-01', to: '2025-08-31' };
    await recordsOf(await openOne(yaml(`${server.url}/ads?sig=a%20b/c&flag`)), range);
    await recordsOf(await openOne(yaml(`${server.url}/ads?since=2020-01-01&x=(1)`)), range);
    await recordsOf(await openOne(yaml(server.url)), { from: '2025-08-01' });
    expect(seen).toEqual([
      '/ads?sig=a%20b/c&flag&since=2025-08-01&until=2025-08-31',
      '/ads?since=2025-08-01&x=(1)&until=2025-08-31',
      '/?since=2025-08-01',
    ]);
  });

  it('leaves parameters out whose day is not given, and those that are null', async () => {
    const server = await serve(json([]));
    const parameters =
      'parameters: { from: "{since}", days: "{since.year}/{since.month}/{since.day}", until: null, x: 1 }';
    const source = await openOne(yaml(`${server.url}/?to={until.next}&y=2`, parameters));
    await recordsOf(source, { from: '2025-08-01', to: '2025-12-31' });
    await recordsOf(source);
    expect(server.requests.map(({ query }) => query)).toEqual([
      { to: '2026-01-01', y: '2', from: '2025-08-01', days: '2025/8/1', x: '1' },
      { y: '2', x: '1' },
    ]);
  });

  it('fails without a day that its body wants, unless backfill_days says how far back', async () => {
    const server = await serve(json([]));
    const body = 'body: "from {since} to {until} in {braces}"';
    expect((await read(await openOne(yaml(server.url, body)))).error).toMatchObject({
      code: 'CONFIGURATION',
      message:
        'The body of source feed wants both since and until; trigger it with them, or set backfill_days for it.',
    });
    await recordsOf(await openOne(yaml(server.url, `${body}\n    backfill_days: 7`)));
    expect(server.requests).toHaveLength(1);
  });

  it('is made once where nothing in it depends on the days', async () => {
    const server = await serve(json([]));
    const more = 'backfill_days: 5\n    days_per_request: 2\n    parameters: { since: null, until: null }';
    await recordsOf(await openOne(yaml(server.url, more)));
    expect(server.requests.map(({ query }) => query)).toEqual([{}]);
  });

  it('is split into ranges of days_per_request, up to today in the time zone of the source', async () => {
    const server = await serve(json([]));
    const more = 'backfill_days: 5\n    days_per_request: 2\n    timezone: Pacific/Auckland';
    await recordsOf(await openOne(yaml(server.url, more), { now: Date.UTC(2025, 7, 10, 13) }));
    expect(server.requests.map(({ query }) => [query.since, query.until])).toEqual([
      ['2025-08-07', '2025-08-08'],
      ['2025-08-09', '2025-08-10'],
      ['2025-08-11', '2025-08-11'],
    ]);
  });

  it('has the headers and the credentials that the file says', async () => {
    const server = await serve(json([]));
    const open = (more: string) => openOne(yaml(server.url, more), { environment: { TOKEN: 't0ken' } });
    await recordsOf(
      await open(`headers: { Accept: text/x, X-Account: "7" }\n    auth: { bearer: "\${TOKEN}" }`),
    );
    await recordsOf(await open(`auth: { basic: { user: ana, password: "\${TOKEN}" } }`));
    await recordsOf(await open('auth: { header: { name: X-Key, value: k } }'));
    const [first, second, third] = server.requests.map(({ headers }) => headers);
    expect(first).toMatchObject({
      accept: 'text/x',
      'x-account': '7',
      authorization: 'Bearer t0ken',
      'accept-encoding': 'gzip',
    });
    expect(second?.authorization).toBe(`Basic ${Buffer.from('ana:t0ken').toString('base64')}`);
    expect(third).toMatchObject({ 'x-key': 'k' });
    expect(third).not.toHaveProperty('authorization');
  });

  it('keeps to the rate limit of the source', async () => {
    const server = await serve(json({ items: [{}], more: true }));
    const more =
      'rate_limit: { per_second: 20, burst: 1 }\n    records: items\n    pagination: { page_number: { parameter: p } }\n    max_pages: 5';
    const source = await openOne(yaml(server.url, more));
    let page = 0;
    const unlike = await serve((request, response) => json({ items: [{ page: ++page }] })(request, response));
    const limited = await openOne(yaml(unlike.url, more));
    const startedAt = performance.now();
    await read(limited);
    expect(performance.now() - startedAt).toBeGreaterThan(195);
    expect(unlike.requests).toHaveLength(5);
    expect(source.state()).toBe('closed');
  });

  it('is counted under the name of its source, and opens the circuit of that source alone', async () => {
    const server = await serve({ '/bad': status(500), '/good': json([]) });
    const outcomes: string[] = [];
    const source = (name: string) =>
      `  - { name: ${name}, kind: opportunity, url: "${server.url}/${name}", attempts: 5 }`;
    const [bad, good] = await openYaml(`sources:\n${source('bad')}\n${source('good')}`, {
      metrics: { onRequest: (name, outcome) => outcomes.push(`${name} ${outcome}`) },
    });
    if (bad === undefined || good === undefined) throw new Error('There are not two sources.');
    await read(bad);
    await recordsOf(good);
    expect([bad.state(), good.state()]).toEqual(['open', 'closed']);
    expect(outcomes).toEqual([...Array(5).fill('bad server_error'), 'good ok']);
  });

  it('with a token of OAuth gets one with the refresh token, keeps it, and gets another after a refusal', async () => {
    const forms: string[] = [];
    let tokens = 0;
    let refuse = false;
    const server = await serve({
      '/token': async (request, response) => {
        for await (const chunk of request) forms.push(String(chunk));
        await json({ access_token: `t0ken-${++tokens}`, expires_in: 3_600 })(request, response);
      },
      '/api': (request, response) => (refuse ? status(401) : json([]))(request, response),
    });
    const auth = `auth:
      oauth2: { token_url: "${server.url}/token", client_id: id, client_secret: "\${SECRET}", refresh_token: r }`;
    const source = await openOne(yaml(`${server.url}/api`, auth), {
      environment: { SECRET: 'cl1ent-secret' },
    });
    await recordsOf(source);
    await recordsOf(source);
    expect(tokens).toBe(1);
    expect(forms).toEqual([
      'grant_type=refresh_token&client_id=id&client_secret=cl1ent-secret&refresh_token=r',
    ]);
    refuse = true;
    const { error } = await read(source);
    expect(error?.message).toContain('check its auth in the sources file');
    refuse = false;
    await recordsOf(source);
    const sent = server.requests
      .filter(({ path }) => path === '/api')
      .map(({ headers }) => headers.authorization);
    // Another token is tried at once; that one was refused, too.
    expect(sent).toEqual([1, 1, 1, 2, 3].map((nth) => `Bearer t0ken-${nth}`));
  });

  it('whose token runs out in the middle goes on with another', async () => {
    let tokens = 0;
    const server = await serve({
      '/token': (request, response) => json({ access_token: `t0ken-${++tokens}` })(request, response),
      '/api': (request, response) => {
        const isSecond = request.url?.includes('page=2') === true;
        const isOver = isSecond && request.headers.authorization === 'Bearer t0ken-1';
        const page = isSecond ? [] : [{ date: '2025-08-01', campaign_id: 'C-1' }];
        return (isOver ? status(401) : json(page))(request, response);
      },
    });
    const auth = `auth: { oauth2: { token_url: "${server.url}/token", client_id: id, client_secret: s3cret } }
    pagination: { page_number: { parameter: page } }`;
    const source = await openOne(yaml(`${server.url}/api`, auth));
    expect(await recordsOf(source)).toHaveLength(1);
    expect(server.requests.map(({ path, query }) => [path, query.page])).toEqual([
      ['/token', undefined],
      ['/api', '1'],
      ['/api', '2'],
      ['/token', undefined],
      ['/api', '2'],
    ]);
  });

  it('whose refresh token is replaced with each use goes on with the newest, after a restart too', async () => {
    let next = 1;
    const server = await serve({
      '/token': async (request, response) => {
        let form = '';
        for await (const chunk of request) form += String(chunk);
        if (new URLSearchParams(form).get('refresh_token') !== `r3fresh-${next}`) {
          response.writeHead(400).end();
          return;
        }
        next += 1;
        const answer = { access_token: `t0ken-${next}`, refresh_token: `r3fresh-${next}`, expires_in: 61 };
        await json(answer)(request, response);
      },
      '/api': json([]),
    });
    const auth = (token: string): string =>
      `auth: { oauth2: { token_url: "${server.url}/token", client_id: id, client_secret: s3cret, refresh_token: ${token} } }`;
    const folder = await temporaryFolder();
    const now = Date.UTC(2025, 7, 10);
    const source = await openOne(yaml(`${server.url}/api`, auth('r3fresh-1')), { folder, now });
    await Promise.all([recordsOf(source), recordsOf(source)]);
    expect(next).toBe(2);
    const restarted = await openOne(yaml(`${server.url}/api`, auth('r3fresh-1')), { folder, now });
    await recordsOf(restarted);
    expect(next).toBe(3);
    // What the operator has put in anew goes before what was kept for the old one.
    next = 40;
    await recordsOf(await openOne(yaml(`${server.url}/api`, auth('r3fresh-40')), { folder, now }));
    expect(next).toBe(41);
    const tokens = join(folder, 'refresh-tokens');
    for (const name of await readdir(tokens)) expect((await stat(join(tokens, name))).mode & 0o077).toBe(0);
  });

  it('whose token cannot be had says so, without the secret', async () => {
    const server = await serve({ '/none': json({ error: 'cl1ent-secret' }), '/denied': status(400) });
    for (const path of ['/none', '/denied']) {
      const auth = `auth: { oauth2: { token_url: "${server.url}${path}", client_id: id, client_secret: "\${SECRET}" } }`;
      const source = await openOne(yaml(`${server.url}/api`, auth), {
        environment: { SECRET: 'cl1ent-secret' },
      });
      const { error } = await read(source);
      expect(error?.code).toBe('SOURCE_REFUSED');
      expect(error?.message).toContain('token_url');
      expect(JSON.stringify([error?.message, error?.cause])).not.toContain('cl1ent');
    }
    expect(server.requests.map(({ path }) => path)).toEqual(['/none', '/denied']);
  });
});

it('a call can be cancelled before it begins', async () => {
  const server = await serve(json([]));
  const source = await openOne(`sources: [{ name: feed, kind: ad_performance, url: "${server.url}" }]`);
  const { error } = await read(source, call({ signal: AbortSignal.abort() }));
  expect(error?.code).toBe('CANCELLED');
  expect(server.requests).toEqual([]);
});
