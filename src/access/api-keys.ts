import { timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Logger } from '../logger.ts';
import type { Clock } from '../time.ts';
import { hashOfKey, idInKey } from './api-key.ts';
import { type Identity, onlyChannels } from './caller.ts';
import { type KeyChange, keyChanges } from './key-changes.ts';
import type { KeyUses } from './key-uses.ts';
import { readKeysFile, type StoredKey } from './keys-file.ts';
import { unauthenticated } from './refusals.ts';

/** How often the file is checked for changes. */
const pollEveryMs = 1_000;

/** The API keys of a file. Changes of the file take effect while the program runs. */
export interface ApiKeys {
  /** @throws UtmqlError UNAUTHENTICATED */
  identify(key: string): Promise<Identity>;
  /** Whether the key still exists, is not expired or revoked, and still has the same role, workspaces and policy. */
  isValid(identity: Identity): Promise<boolean>;
  /**
   * Reads the file again, and returns a function that puts its keys into effect.
   *
   * @throws UtmqlError CONFIGURATION if the file is invalid
   */
  prepareReload(): Promise<() => void>;
  close(): Promise<void>;
}

/** @throws UtmqlError CONFIGURATION if the file is invalid */
export async function openApiKeys(options: {
  file: string;
  uses: KeyUses;
  clock: Clock;
  logger: Logger;
  /** Called for each key that has changed since the file was last read. */
  onKeyChange?: ((change: KeyChange) => void) | undefined;
}): Promise<ApiKeys> {
  const { file, uses, clock, logger, onKeyChange } = options;
  let version = await versionOf(file);
  let keys = byId(await readKeysFile(file));
  let checkedAt = clock.now();
  let checking: Promise<void> | undefined;

  const prepareReload = async (): Promise<() => void> => {
    // The version is determined before the file is read, so that the next check finds a change in between.
    const found = await versionOf(file);
    const next = byId(await readKeysFile(file));
    return () => {
      if (onKeyChange) for (const change of keyChanges(keys, next)) onKeyChange(change);
      keys = next;
      version = found;
    };
  };
  const reloadIfChanged = async (): Promise<void> => {
    const found = await versionOf(file);
    if (found === version) return;
    try {
      const apply = await prepareReload();
      apply();
    } catch (error) {
      logger.error({ err: error }, 'the API keys stay as they were, since their file is broken');
      version = found;
    }
  };
  const current = async (id: string | undefined): Promise<StoredKey | undefined> => {
    const now = clock.now();
    const isNew = id !== undefined && !keys.has(id);
    // Math.abs: a clock that is set back must not stop the checks. An unknown id causes a check, so that a new key works
    // immediately.
    if (isNew || Math.abs(now - checkedAt) >= pollEveryMs) {
      checkedAt = now;
      checking ??= reloadIfChanged().finally(() => {
        checking = undefined;
      });
    }
    await checking;
    return id === undefined ? undefined : keys.get(id);
  };
  const isLive = (key: StoredKey): boolean =>
    key.revokedAt === undefined && (key.expiresAt === undefined || Date.parse(key.expiresAt) > clock.now());

  return {
    async identify(text) {
      const key = await current(idInKey(text));
      // An unknown id is also compared with a hash, so that the response time does not reveal which ids exist.
      const isRight = timingSafeEqual(hashOfKey(text), Buffer.from(key?.sha256 ?? noHash, 'hex'));
      if (key === undefined || !isRight) throw unauthenticated('This API key is not known.');
      if (key.revokedAt !== undefined) throw unauthenticated('This API key has been revoked.');
      if (!isLive(key)) throw unauthenticated('This API key has expired.');
      uses.note(key.id, clock.now());
      return identityOf(key);
    },
    async isValid(identity) {
      const key = await current(identity.id.slice(prefix.length));
      if (key === undefined || !isLive(key)) return false;
      const { role, workspaces, policy } = identityOf(key);
      return (
        JSON.stringify([role, workspaces, policy]) ===
        JSON.stringify([identity.role, identity.workspaces, identity.policy])
      );
    },
    prepareReload,
    close: () => uses.close(),
  };
}

const noHash = '0'.repeat(64);
const prefix = 'key:';

export const isOfKey = ({ id }: Identity): boolean => id.startsWith(prefix);

function identityOf(key: StoredKey): Identity {
  return {
    id: `${prefix}${key.id}`,
    name: key.name,
    role: key.role,
    workspaces: key.workspaces,
    policy: key.channels === undefined ? undefined : onlyChannels(key.channels),
    expiresAt: key.expiresAt === undefined ? undefined : Date.parse(key.expiresAt),
  };
}

const byId = (keys: readonly StoredKey[]): ReadonlyMap<string, StoredKey> =>
  new Map(keys.map((key) => [key.id, key]));

/** Returns a text that changes when the file is replaced or modified; empty if there is no file. */
async function versionOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return '';
  }
}
