import { join } from 'node:path';
import { idInKey } from '../access/api-key.ts';
import { keyUsesFile } from '../access/authenticator.ts';
import { createKeysCommand } from '../access/manage-keys.ts';
import type { Config } from '../config/config.ts';
import { millisecondsPerDay } from '../records/day.ts';
import { systemClock } from '../time.ts';
import type { Lifetime } from './lifetime.ts';

/**
 * Where callers must log in: makes a key of the role admin for the demo and its user, in API_KEYS_FILE or, where only tokens are
 * taken, in a file in DATA_DIR. The key is revoked when the demo ends, and expires after a day whatever happens.
 *
 * @returns the configuration with the file, and the key; without a key where everybody may call
 * @throws UtmqlError CONFIGURATION for a file that is none of keys
 */
export async function withDemoKey(
  config: Config,
  lifetime: Lifetime,
): Promise<{ config: Config; key: string | undefined }> {
  const { API_KEYS_FILE, JWT_SECRET, JWT_JWKS_URL, DATA_DIR } = config;
  if (API_KEYS_FILE === undefined && JWT_SECRET === undefined && JWT_JWKS_URL === undefined)
    return { config, key: undefined };
  const file = API_KEYS_FILE ?? join(DATA_DIR, 'demo-keys.json');
  const keys = createKeysCommand({ file, usesFile: keyUsesFile(DATA_DIR), clock: systemClock });
  const expires = new Date(systemClock.now() + millisecondsPerDay).toISOString();
  const made = await keys(
    { verb: 'create' },
    { name: 'demo', role: 'admin', workspace: ['default'], expires },
  );
  const [key = ''] = made.split('\n');
  lifetime.onEnd(() => keys({ verb: 'revoke', id: idInKey(key) }, {}));
  return { config: { ...config, API_KEYS_FILE: file }, key };
}
