import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { Authenticator } from '../access/authenticator.ts';
import type { Identity } from '../access/caller.ts';
import { credentialOf } from '../access/credentials.ts';
import { UtmqlError } from '../errors.ts';
import { createBudget } from './budget.ts';
import { rateLimited } from './limits.ts';
import type { RemoteAddress } from './remote-address.ts';

/** Prevents guessing of keys and tokens. */
export interface LoginGuard {
  /**
   * Identifies the caller of a request. It reads only headers.
   *
   * @throws what `Authenticator` throws; UtmqlError RATE_LIMITED, without checking the credential
   */
  authenticate(request: IncomingMessage): Promise<Identity>;
  /** @throws the same as `authenticate` */
  identify(request: IncomingMessage, credential: string): Promise<Identity>;
}

/** Maximum number of valid credentials that are remembered. */
const maxKnownCredentials = 10_000;

/**
 * Counts invalid keys and tokens by address. After too many, only credentials that were valid before are still checked. So
 * neither others behind the same address nor a program with an expired key can lock out everyone.
 */
export function createLoginGuard(options: {
  authenticator: Authenticator;
  addressOf: RemoteAddress;
  failuresPerMinute: number;
  onRefused: () => void;
}): LoginGuard {
  const { authenticator, addressOf } = options;
  if (authenticator.isOpen) {
    return {
      authenticate: () => authenticator.identify(''),
      identify: (_request, credential) => authenticator.identify(credential),
    };
  }
  const failures = createBudget(options.failuresPerMinute);
  const known = new LRUCache<string, true>({ max: maxKnownCredentials });

  const identify = async (request: IncomingMessage, credential: string): Promise<Identity> => {
    const address = addressOf(request);
    const hash = createHash('sha256').update(credential).digest('base64url');
    if (!known.has(hash)) {
      const { isGranted, resetSeconds } = await failures.look(address);
      if (!isGranted) {
        options.onRefused();
        throw rateLimited('Too many wrong keys or tokens came from this address.', resetSeconds);
      }
    }
    try {
      const identity = await authenticator.identify(credential);
      known.set(hash, true);
      return identity;
    } catch (error) {
      if (error instanceof UtmqlError && error.code === 'UNAUTHENTICATED') await failures.take(address);
      throw error;
    }
  };

  return {
    authenticate: async (request) => identify(request, credentialOf(request)),
    identify,
  };
}
