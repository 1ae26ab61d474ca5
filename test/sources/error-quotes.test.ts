import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { errorSentence } from '../../src/http-client/error-sentence.ts';
import { quotable } from '../../src/http-client/quote.ts';
import type { Behaviour } from '../support/source-server.ts';
import { bodyOf, openOne, read, serve } from './support.ts';

const answer =
  (status: number, body: string | Buffer, type = 'application/json'): Behaviour =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': type }).end(body);

async function messageOf(yaml: string, options: Parameters<typeof openOne>[1] = {}): Promise<string> {
  const { error } = await read(await openOne(yaml, { attempts: 1, ...options }));
  return error?.message ?? '';
}

describe('what a platform says is in the error', () => {
  const google = {
    error: {
      code: 400,
      message: 'Request contains an invalid argument.',
      status: 'INVALID_ARGUMENT',
      details: [
        {
          '@type': 'type.googleapis.com/google.ads.googleads.v18.errors.GoogleAdsFailure',
          errors: [
            {
              errorCode: { queryError: 'UNRECOGNIZED_FIELD' },
              message: "Unrecognized field in the query: 'metrics.video_p25_rate'.",
            },
          ],
          requestId: 'x',
        },
      ],
    },
  };
  it.each<[string, number, unknown, string]>([
    [
      'google_ads',
      400,
      google,
      "(INVALID_ARGUMENT) for URL: “Request contains an invalid argument. Unrecognized field in the query: 'metrics.video_p25_rate'.”; check what",
    ],
    ['google_ads', 200, [google], '(400): “Request contains an invalid argument. Unrecognized field'],
    [
      'meta_insights',
      400,
      {
        error: {
          message: '(#100) Unsupported field.',
          code: 100,
          error_user_title: 'Wrong field',
          error_user_msg: 'Choose another one.',
        },
      },
      '(error 100) for URL: “(#100) Unsupported field. Wrong field. Choose another one.”; check',
    ],
    [
      'hubspot_deals',
      403,
      { status: 'error', message: 'The scopes are missing' },
      ': “The scopes are missing.”; check',
    ],
    [
      'salesforce_opportunities',
      400,
      [{ message: "No such column 'Foo__c'", errorCode: 'INVALID_FIELD' }],
      "(INVALID_FIELD) for URL: “No such column 'Foo__c'.”; check",
    ],
    [
      'tiktok',
      200,
      { code: 40105, message: 'Access token is incorrect' },
      '(code 40105) for URL: “Access token is incorrect.”; check',
    ],
    [
      'linkedin',
      403,
      { message: 'Not enough permissions', status: 403 },
      ': “Not enough permissions.”; check',
    ],
    [
      'generic_json',
      503,
      { errors: ['The warehouse sleeps'] },
      'it answered 503 Service Unavailable: “The warehouse sleeps.”.',
    ],
    ['generic_json', 404, { error: 'no such report' }, ': “no such report.”; check the address'],
    ['generic_json', 404, { code: 'GONE' }, ': “{"code":"GONE"}”; check the address'],
  ])('%s, %i', async (adapter, status, body, said) => {
    const server = await serve(answer(status, JSON.stringify(body)));
    const message = await messageOf(
      `sources: [{ name: any, adapter: ${adapter}, kind: ${/hubspot|salesforce/.test(adapter) ? 'opportunity' : 'ad_performance'}, url: "${server.url}" }]`,
    );
    expect(message.replace(server.url, 'URL').replace('URL/', 'URL')).toContain(said);
  });

  it('a token endpoint’s, and a page’s that is no page', async () => {
    const said = { error: 'invalid_grant', error_description: 'Token has been expired or revoked' };
    const server = await serve({
      '/token': answer(400, JSON.stringify(said)),
      '/page': answer(200, '{"success":false,"message":"Choose a view first"}'),
    });
    const oauth2 = `auth: { oauth2: { token_url: "${server.url}/token", client_id: ident, client_secret: s3cr3t, refresh_token: r3fr3sh } }`;
    expect(
      await messageOf(`sources: [{ name: a, kind: opportunity, url: "${server.url}/feed", ${oauth2} }]`),
    ).toContain(
      '(invalid_grant) for URL/token: “Token has been expired or revoked.”; the refresh token'.replace(
        'URL',
        server.url,
      ),
    );
    expect(
      await messageOf(
        `sources: [{ name: a, kind: opportunity, url: "${server.url}/page", records: items, pagination: { link_header: true } }]`,
      ),
    ).toContain('expected: “Choose a view first.”; check');
  });

  it('of pages of markup the words, of other bodies up to 500 characters on one line', () => {
    const sentence = (body: string | Buffer, type?: string) =>
      quotable(errorSentence(Buffer.from(body), type), (text) => text);
    expect(sentence('<!doctype html><html><head><title>502 &amp; down</title></head><body><p>x')).toBe(
      '502 & down',
    );
    expect(sentence('<html><style>p{}</style><script>let a</script><h1>Login</h1><p>Please <b')).toBe(
      'Login Please',
    );
    expect(sentence('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>')).toBe(
      'Access Denied',
    );
    expect(sentence('quota\u0000 is\r\n\tused\u202e up')).toBe('quota is used up');
    expect(sentence(Buffer.from([0xff, 0xfe, 0x00, 0x01, 0x80, 0x81]))).toBe('');
    expect(sentence(Buffer.from('Größe', 'latin1'), 'text/plain; charset=iso-8859-1')).toBe('Größe');
    expect(sentence('{"message":"Too many rows","rows":[1,2')).toBe('Too many rows');
    expect(sentence(`ab ${'😀'.repeat(600)}`)).toMatch(/^ab 😀{496}…$/u);
    expect(sentence('{}')).toBe('');
    expect(sentence('error=denied&error_description=Not+today', 'application/x-www-form-urlencoded')).toBe(
      'Not today.',
    );
  });
});

describe('no secret is in what is quoted', () => {
  const secret = 's3cret/to+ken&"x"';
  it('of a source that repeats its whole request, in any form', async () => {
    const parts = [
      'url',
      'headers',
      'parameters',
      'body',
      Buffer.from(`x${secret}`).toString('base64'),
      JSON.stringify(JSON.stringify({ secret })),
      encodeURIComponent(encodeURIComponent(secret)),
      `<b>${secret}</b>`,
    ];
    const server = await serve(async (request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      const part = parts[Number(url.pathname.slice(1))] ?? '';
      const body = await bodyOf(request);
      const given: Record<string, string> = {
        url: url.search,
        headers: JSON.stringify({ ...request.headers, 'user-agent': '' }),
        parameters: [...url.searchParams.values()].join(' '),
        body,
      };
      await answer(400, JSON.stringify({ message: `No. ${given[part] ?? part}` }))(request, response);
    });
    const quoted = JSON.stringify(secret);
    const address = server.url.replace('//', '//anna:pa55-word@');
    const auths = [
      `{ bearer: ${quoted} }`,
      `{ basic: { user: somebody, password: ${quoted} } }`,
      `{ header: { name: x-api-key, value: ${quoted} } }`,
      `{ query: { key: ${quoted} } }`,
      `{ oauth2: { token_url: "${server.url}/3", client_id: client-id-1, client_secret: ${quoted} } }`,
    ];
    for (const [part, auth] of parts.flatMap((_, index) => auths.map((auth) => [index, auth] as const))) {
      const message = await messageOf(
        `sources:
  - name: feed
    kind: ad_performance
    url: "${address}/${part}?sig=f1rst-signature&plain=ordinary"
    method: POST
    body: "{}"
    headers: { x-tenant: tenant-77, x-other: "\${OTHER}" }
    parameters: { account: acc0unt-9 }
    auth: ${auth}
`,
        { environment: { OTHER: '0ther-secret' } },
      );
      expect(message).toContain('“No. ');
      const base64 = Buffer.from(secret).toString('base64').slice(2, -4);
      for (const hidden of [
        's3cret',
        'to+ken',
        'to%2Bken',
        base64,
        'pa55',
        'somebody',
        'f1rst',
        'ordinary',
        'tenant-77',
        '0ther',
        'acc0unt',
        'client-id',
        'anna',
      ])
        expect(message.includes(hidden) && [hidden, message]).toBe(false);
    }
  });

  it('nor of others, which look like one', () => {
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';
    const shown = quotable(
      `Bearer ${jwt} and Basic YW5uYTpzM2NyZXQ= and api_key=abc, "access_token":"tok" of ana@example.com; Bearer authentication and error validating access token: session expired in campaign_id_2025`,
      (text) => text,
    );
    expect(shown).toBe(
      'Bearer *** and Basic *** and api_key=***, "access_token":"***" of (e-mail); Bearer authentication and error validating access token: session expired in campaign_id_2025',
    );
  });
});

it('bodies without end, and those that stop, are read for a while only', async () => {
  const server = await serve({
    '/endless': async (_, response) => {
      response.writeHead(400, { 'content-type': 'text/plain' });
      const more = (): void => {
        while (!response.destroyed && response.write('too much '.repeat(1_000)));
      };
      response.on('drain', more);
      more();
    },
    '/silent': (_, response) => {
      response.writeHead(400).write('the beginning');
    },
    '/trickle': async (_, response) => {
      response.writeHead(400);
      while (!response.destroyed) {
        response.write('drop ');
        await delay(20);
      }
    },
  });
  for (const [path, said] of [
    ['endless', '“too much too much'],
    ['silent', '“the beginning”'],
    ['trickle', '“drop drop'],
  ] as const) {
    const startedAt = performance.now();
    const message = await messageOf(
      `sources: [{ name: a, kind: opportunity, url: "${server.url}/${path}", timeout_ms: 200 }]`,
    );
    expect(message).toContain(said);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  }
});
