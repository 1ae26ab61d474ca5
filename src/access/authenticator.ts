import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../time.ts';
import { isKeyLike } from './api-key.ts';
import { type ApiKeys, isOfKey, openApiKeys } from './api-keys.ts';
import { anonymous, type Caller, type Identity } from './caller.ts';
import type { KeyChange } from './key-changes.ts';
import { createKeyUses } from './key-uses.ts';
import { unauthenticated } from './refusals.ts';
import { createTokens, type Tokens } from './tokens.ts';
import { workspaceOf } from './workspaces.ts';

/** Identifies callers by their credentials. */
export interface Authenticator {
  /** True without authentication: every caller is an admin. */
  readonly isOpen: boolean;
  /** @throws UtmqlError UNAUTHENTICATED; AUTHENTICATION_UNAVAILABLE */
  identify(credential: string): Promise<Identity>;
  /**
   * Whether an identity is still valid, also one that was stored while the server was configured otherwise: false if its key was
   * revoked or changed, or its token has expired, or if keys, tokens or callers without either are not accepted any more.
   */
  isValid(identity: Identity): Promise<boolean>;
  /**
   * Reads the keys again, and returns a function that puts them into effect.
   *
   * @throws UtmqlError CONFIGURATION if their file is invalid
   */
  prepareReload(): Promise<() => void>;
  /** Writes when keys were last used to the file. */
  close(): Promise<void>;
}

/** Returns the file in which a process stores when keys were last used. */
export const keyUsesFile = (dataDir: string): string => join(dataDir, 'api-key-uses.json');

/** @throws UtmqlError CONFIGURATION if the file of keys is invalid */
export async function openAuthenticator(options: {
  config: Config;
  clock: Clock;
  logger: Logger;
  onKeyChange?: (change: KeyChange) => void;
}): Promise<Authenticator> {
  const { config, clock, logger, onKeyChange } = options;
  const file = config.API_KEYS_FILE;
  const keys =
    file === undefined
      ? undefined
      : await openApiKeys({
          file,
          uses: createKeyUses({ file: keyUsesFile(config.DATA_DIR), logger }),
          clock,
          logger,
          onKeyChange,
        });
  const tokens = tokensOf(config, clock);
  return keys === undefined && tokens === undefined
    ? anonymousAuthenticator
    : createAuthenticator({ keys, tokens, clock });
}

function tokensOf(config: Config, clock: Clock): Tokens | undefined {
  const { JWT_SECRET: secret, JWT_JWKS_URL: jwksUrl } = config;
  if (secret === undefined && jwksUrl === undefined) return undefined;
  return createTokens({
    secret,
    jwksUrl,
    issuer: config.JWT_ISSUER ?? '',
    audience: config.JWT_AUDIENCE ?? '',
    claimPrefix: config.JWT_CLAIM_PREFIX,
    clock,
  });
}

function createAuthenticator(options: {
  keys: ApiKeys | undefined;
  tokens: Tokens | undefined;
  clock: Clock;
}): Authenticator {
  const { keys, tokens, clock } = options;
  const identify = (credential: string): Promise<Identity> => {
    if (isKeyLike(credential) && keys !== undefined) return keys.identify(credential);
    if (tokens === undefined) throw unauthenticated('This API key is not known.');
    return tokens.identify(credential);
  };
  return {
    isOpen: false,
    identify: async (credential) => identify(credential),
    async isValid(identity) {
      if (identity.id === anonymous.id) return false;
      if (identity.expiresAt !== undefined && identity.expiresAt <= clock.now()) return false;
      if (isOfKey(identity)) return (await keys?.isValid(identity)) ?? false;
      return tokens !== undefined;
    },
    prepareReload: async () => (await keys?.prepareReload()) ?? noop,
    close: async () => keys?.close(),
  };
}

const noop = (): void => undefined;

/** The authenticator of a server without authentication. */
export const anonymousAuthenticator: Authenticator = {
  isOpen: true,
  identify: async () => anonymous,
  isValid: async ({ id }) => id === anonymous.id,
  prepareReload: async () => noop,
  close: async () => undefined,
};

/**
 * Returns the caller of a request, in the workspace that the request names.
 *
 * @throws UtmqlError FORBIDDEN for a workspace that the identity may not use
 */
export function callerInWorkspace(identity: Identity, request: IncomingMessage, requestId: string): Caller {
  return { ...identity, workspace: workspaceOf(identity, request), requestId };
}
