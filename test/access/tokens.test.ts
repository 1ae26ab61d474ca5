import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokens, type TokenSettings } from '../../src/access/tokens.ts';

const start = Date.UTC(2026, 0, 1);
const secret = 'a secret of at least thirty-two bytes';
const settings = {
  secret,
  jwksUrl: undefined,
  issuer: 'https://issuer.example',
  audience: 'utmql',
  claimPrefix: '',
};

const tokens = (changes: Partial<TokenSettings> = {}, now = start) =>
  createTokens({ ...settings, clock: { now: () => now }, ...changes });

type Changes = Readonly<Record<string, unknown>>;
const claims = { role: 'viewer', workspaces: ['acme'] };
const unsigned = (
  given: Changes = claims,
  { iss = settings.issuer, aud = settings.audience, exp = 60 } = {},
) =>
  new SignJWT({ ...given })
    .setSubject('ana')
    .setIssuer(iss)
    .setAudience(aud)
    .setExpirationTime(start / 1_000 + exp);
const signed = (given?: Changes, standard?: Parameters<typeof unsigned>[1], key = secret) =>
  unsigned(given, standard).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(key));

const refusal = async (token: string | Promise<string>, reader = tokens()): Promise<string> => {
  const text = await token;
  return reader.identify(text).then(
    () => 'taken',
    (error: { code: string; message: string }) => `${error.code} ${error.message}`,
  );
};

describe('a token that is signed with the secret', () => {
  it('tells who calls, and for which workspaces and channels', async () => {
    expect(await tokens().identify(await signed({ ...claims, channels: 'google_ads' }))).toEqual({
      id: 'jwt:ana',
      name: 'ana',
      role: 'viewer',
      workspaces: ['acme'],
      policy: { dimension: 'channel', operator: 'in', values: ['google_ads'] },
      expiresAt: start + 65_000,
    });
    const admin = await signed({ role: 'admin', workspaces: '*' });
    expect(await tokens().identify(admin)).toMatchObject({ workspaces: 'all', policy: undefined });
  });

  it('can name its claims with a prefix', async () => {
    const prefix = 'https://example.com/';
    const token = await signed({ [`${prefix}role`]: 'ingestor', [`${prefix}workspaces`]: 'acme' });
    expect(await tokens({ claimPrefix: prefix }).identify(token)).toMatchObject({ role: 'ingestor' });
    expect(await refusal(token)).toMatch(/^UNAUTHENTICATED .*"role"/);
  });

  it.each([
    ['another secret', () => signed(claims, {}, 'another secret of at least thirty-two'), /not valid/],
    ['another issuer', () => signed(claims, { iss: 'https://evil.example' }), /"iss"/],
    ['another audience', () => signed(claims, { aud: 'other' }), /"aud"/],
    ['expired', () => signed(claims, { exp: -6 }), /expired/],
    ['no role', () => signed({ workspaces: ['acme'] }), /"role"/],
    ['an unknown role', () => signed({ ...claims, role: 'root' }), /"role"/],
    ['no workspaces', () => signed({ role: 'viewer' }), /"workspaces"/],
    ['an empty list of workspaces', () => signed({ role: 'viewer', workspaces: [] }), /"workspaces"/],
    [
      'all workspaces without being admin',
      () => signed({ role: 'viewer', workspaces: '*' }),
      /only the role admin/,
    ],
    ['an empty list of channels', () => signed({ ...claims, channels: [] }), /"channels"/],
    [
      'channels with another role',
      () => signed({ role: 'admin', workspaces: '*', channels: ['a'] }),
      /only the role viewer/,
    ],
    ['no token at all', () => Promise.resolve('a.b.c'), /not valid/],
  ])('%s: refused', async (_, make, message) => {
    const got = await refusal(make());
    expect(got).toMatch(/^UNAUTHENTICATED /);
    expect(got).toMatch(message);
  });

  it('alg none, and HS512 with the same secret: refused', async () => {
    const none = new UnsecuredJWT({ ...claims })
      .setSubject('ana')
      .setIssuer(settings.issuer)
      .setAudience(settings.audience)
      .setExpirationTime(start / 1_000 + 60)
      .encode();
    expect(await refusal(none)).toMatch(/^UNAUTHENTICATED/);
    const longer = await unsigned()
      .setProtectedHeader({ alg: 'HS512' })
      .sign(Buffer.from(secret.padEnd(64, '!')));
    expect(await refusal(longer)).toMatch(/^UNAUTHENTICATED/);
  });

  it('without an end, or with parts of another token: refused', async () => {
    const endless = await new SignJWT({ ...claims })
      .setSubject('ana')
      .setIssuer(settings.issuer)
      .setAudience(settings.audience)
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(secret));
    expect(await refusal(endless)).toMatch(/"exp"/);
    const [head, , signature] = (await signed()).split('.');
    const [, body] = (await signed({ role: 'admin', workspaces: '*' })).split('.');
    expect(await refusal(`${head}.${body}.${signature}`)).toMatch(/^UNAUTHENTICATED/);
  });

  it('the clock of the issuer may be five seconds off', async () => {
    const token = await signed();
    expect(await refusal(token, tokens({}, start + 64_000))).toBe('taken');
    expect(await refusal(token, tokens({}, start + 66_000))).toMatch(/expired/);
  });
});

describe('a token that is signed with a key of the key set', () => {
  let server: Server;
  let url: string;
  let published: JWK[] = [];
  let isDown = false;
  let fetches = 0;
  beforeAll(async () => {
    server = createServer((_request, response) => {
      fetches += 1;
      if (isDown) response.writeHead(500).end();
      else response.end(JSON.stringify({ keys: published }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const makeKey = async (kid: string, alg = 'RS256') => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    return { publicKey, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } };
  };
  const sign = (key: CryptoKey, kid: string, alg = 'RS256') =>
    unsigned().setProtectedHeader({ alg, kid }).sign(key);
  const ofKeySet = (now = () => start) =>
    createTokens({ ...settings, secret: undefined, jwksUrl: url, clock: { now } });

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('%s is taken, and the keys are fetched once', async (alg) => {
    const key = await makeKey('1', alg);
    published = [key.jwk];
    const reader = ofKeySet();
    fetches = 0;
    const token = await sign(key.privateKey, '1', alg);
    expect([await refusal(token, reader), await refusal(token, reader), fetches]).toEqual([
      'taken',
      'taken',
      1,
    ]);
  });

  it('the public key as a secret (HS/RS confusion), none, and a key that is not published: refused', async () => {
    const key = await makeKey('1');
    const stranger = await makeKey('1');
    published = [key.jwk];
    const pem = Buffer.from(await exportSPKI(key.publicKey));
    const confused = unsigned().setProtectedHeader({ alg: 'HS256', kid: '1' }).sign(pem);
    for (const reader of [ofKeySet(), tokens({ jwksUrl: url })]) {
      expect(await refusal(confused, reader)).toMatch(/^UNAUTHENTICATED/);
      expect(await refusal(sign(stranger.privateKey, '1'), reader)).toMatch(/^UNAUTHENTICATED/);
    }
  });

  it('both kinds can be configured', async () => {
    const key = await makeKey('1');
    published = [key.jwk];
    const reader = tokens({ jwksUrl: url });
    expect(await refusal(sign(key.privateKey, '1'), reader)).toBe('taken');
    expect(await refusal(signed(), reader)).toBe('taken');
  });

  it('while there are no keys it is not the caller’s fault, and keys that are known outlast an outage', async () => {
    const key = await makeKey('1');
    published = [key.jwk];
    const reader = ofKeySet();
    const token = await sign(key.privateKey, '1');
    isDown = true;
    try {
      expect(await refusal(token, reader)).toMatch(/^AUTHENTICATION_UNAVAILABLE .*JWT_JWKS_URL/);
      isDown = false;
      expect(await refusal(token, reader)).toBe('taken');
      isDown = true;
      expect(await refusal(token, reader)).toBe('taken');
    } finally {
      isDown = false;
    }
  });
});
