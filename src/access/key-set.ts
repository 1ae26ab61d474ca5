import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import { UtmqlError } from '../errors.ts';
import type { Clock } from '../time.ts';

/** How long fetched keys stay valid if they cannot be fetched again. */
const staleMs = 3_600_000;

const retrySeconds = 5;

/**
 * Returns a function that finds the key of a token. The keys are fetched from the address when needed, cached, and fetched again
 * when a token names an unknown key.
 *
 * The function throws UtmqlError AUTHENTICATION_UNAVAILABLE if no keys are cached and none can be fetched.
 */
export function createKeySet(url: string, clock: Clock): JWTVerifyGetKey {
  let fetchedAt = Number.NEGATIVE_INFINITY;
  const remote = createRemoteJWKSet(new URL(url), {
    [customFetch]: async (address, options) => {
      const response = await fetch(address, options);
      if (response.ok) fetchedAt = clock.now();
      return response;
    },
  });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (isTokenError(error)) throw error;
      const kept = remote.jwks();
      if (kept !== undefined && clock.now() - fetchedAt < staleMs) {
        return createLocalJWKSet(kept)(header, token);
      }
      throw new UtmqlError(
        'AUTHENTICATION_UNAVAILABLE',
        'Tokens cannot be checked now, since the keys at JWT_JWKS_URL cannot be fetched. Call again shortly.',
        { retryable: true, retryAfterSeconds: retrySeconds, cause: error },
      );
    }
  };
}

/** Whether keys are available but none matches the token. */
const isTokenError = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported;
