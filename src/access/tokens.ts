import { createSecretKey } from 'node:crypto';
import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { UtmqlError } from '../errors.ts';
import { roles } from '../roles.ts';
import type { Clock } from '../time.ts';
import { type Identity, onlyChannels } from './caller.ts';
import { createKeySet } from './key-set.ts';
import { unauthenticated } from './refusals.ts';
import { workspaceName } from './workspaces.ts';

/**
 * Algorithms for JWT_SECRET. A secret is never used with an algorithm for public keys, or the reverse, whatever the token's
 * header names.
 */
const secretAlgorithms = ['HS256'];
const keySetAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** Accepted clock difference to the issuer of tokens. */
const toleranceSeconds = 5;

export interface TokenSettings {
  readonly secret: string | undefined;
  readonly jwksUrl: string | undefined;
  readonly issuer: string;
  readonly audience: string;
  /** The prefix of our claims: `https://example.com/utmql/`. */
  readonly claimPrefix: string;
  readonly clock: Clock;
}

/** Verifies JSON Web Tokens. */
export interface Tokens {
  /** @throws UtmqlError UNAUTHENTICATED; AUTHENTICATION_UNAVAILABLE if no keys are cached and none can be fetched */
  identify(token: string): Promise<Identity>;
}

const list = <T>(item: z.ZodType<T>) => z.union([z.array(item).min(1), item.transform((one): T[] => [one])]);

const claimsShape = z.object({
  sub: z.string().min(1),
  exp: z.number(),
  role: z.enum(roles),
  workspaces: list(z.union([workspaceName, z.literal('*')])),
  channels: list(z.string().min(1)).optional(),
});

export function createTokens(settings: TokenSettings): Tokens {
  const { issuer, audience, claimPrefix, clock } = settings;
  const secret = settings.secret === undefined ? undefined : createSecretKey(Buffer.from(settings.secret));
  const keySet = settings.jwksUrl === undefined ? undefined : createKeySet(settings.jwksUrl, clock);

  const verify = async (token: string): Promise<JWTPayload> => {
    const options = (algorithms: string[]) => ({
      algorithms,
      issuer,
      audience,
      clockTolerance: toleranceSeconds,
      currentDate: new Date(clock.now()),
      requiredClaims: ['exp', 'sub'],
    });
    const isOfSecret = secretAlgorithms.includes(String(decodeProtectedHeader(token).alg));
    if (secret !== undefined && (isOfSecret || keySet === undefined))
      return (await jwtVerify(token, secret, options(secretAlgorithms))).payload;
    const getKey: JWTVerifyGetKey = keySet ?? noKey;
    return (await jwtVerify(token, getKey, options(keySetAlgorithms))).payload;
  };

  return {
    async identify(token) {
      let payload: JWTPayload;
      try {
        payload = await verify(token);
      } catch (error) {
        throw explain(error);
      }
      return readClaims(payload, claimPrefix);
    },
  };
}

const noKey = (): never => {
  throw new errors.JWKSNoMatchingKey();
};

function readClaims(payload: JWTPayload, prefix: string): Identity {
  const own = (name: string): unknown => payload[`${prefix}${name}`];
  const parsed = claimsShape.safeParse({
    sub: payload.sub,
    exp: payload.exp,
    role: own('role'),
    workspaces: own('workspaces'),
    channels: own('channels'),
  });
  if (!parsed.success) {
    const claim = String(parsed.error.issues[0]?.path[0] ?? 'sub');
    throw unauthenticated(
      `The token’s claim ${JSON.stringify(claim === 'sub' ? claim : `${prefix}${claim}`)} is missing or wrong: ${meaning[claim] ?? ''}.`,
    );
  }
  const { sub, exp, role, workspaces, channels } = parsed.data;
  const seesAll = workspaces.includes('*');
  if (seesAll && role !== 'admin')
    throw unauthenticated('The token’s workspaces are "*", which only the role admin can have.');
  if (channels !== undefined && role !== 'viewer')
    throw unauthenticated('The token has channels, which only the role viewer can have.');
  return {
    id: `jwt:${sub}`,
    name: sub,
    role,
    workspaces: seesAll ? 'all' : workspaces,
    policy: channels === undefined ? undefined : onlyChannels(channels),
    expiresAt: (exp + toleranceSeconds) * 1_000,
  };
}

const meaning: Readonly<Record<string, string>> = {
  sub: 'it identifies the caller',
  exp: 'it says when the token expires',
  role: `one of ${roles.join(', ')}`,
  workspaces: 'a name or a list of names; "*" for all, with the role admin',
  channels: 'a name or a list of names',
};

function explain(error: unknown): UtmqlError {
  if (error instanceof UtmqlError) return error;
  if (error instanceof errors.JWTExpired) return unauthenticated('The token has expired.', error);
  if (error instanceof errors.JWTClaimValidationFailed) {
    return unauthenticated(
      `The token’s claim "${error.claim}" is missing or does not have the value that is expected here.`,
      error,
    );
  }
  return unauthenticated('The token is not valid.', error);
}
