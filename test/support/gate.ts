import { type Authenticator, anonymousAuthenticator } from '../../src/access/authenticator.ts';
import { usualConnectionLimits } from '../../src/http/connections.ts';
import { createCors } from '../../src/http/cors.ts';
import { anyHost } from '../../src/http/known-host.ts';
import { createLimits } from '../../src/limits/limits.ts';
import { createLoginGuard } from '../../src/limits/login-guard.ts';
import { createRemoteAddress } from '../../src/limits/remote-address.ts';

const plenty = 1_000_000;
const ignore = (): void => undefined;

/** What stands before routes, with room for everything a test sends. */
export const testGate = (authenticator: Authenticator = anonymousAuthenticator) => ({
  gate: {
    guard: createLoginGuard({
      authenticator,
      addressOf: createRemoteAddress(0),
      failuresPerMinute: plenty,
      onRefused: ignore,
    }),
    limits: createLimits(
      { requestsPerMinute: plenty, pushesPerMinute: plenty, costPerMinute: plenty, concurrency: plenty },
      ignore,
    ),
    accountOf: ({ id }: { readonly id: string }): string => id,
    isKnownHost: anyHost,
  },
  audit: { noteDenial: ignore },
  cors: createCors([]),
  connections: { ...usualConnectionLimits, most: plenty },
});
