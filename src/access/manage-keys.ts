import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UtmqlError } from '../errors.ts';
import { lockFolder } from '../files/folder-lock.ts';
import { noSuch } from '../nearest.ts';
import { type Role, roles } from '../roles.ts';
import type { Clock } from '../time.ts';
import { UsageError } from '../usage-error.ts';
import { makeKey } from './api-key.ts';
import { readKeyUses } from './key-uses.ts';
import { readKeysFile, type StoredKey, writeKeysFile } from './keys-file.ts';
import { workspaceName } from './workspaces.ts';

export interface KeyArguments {
  readonly name?: string | undefined;
  readonly role?: string | undefined;
  readonly workspace?: readonly string[] | undefined;
  readonly 'all-workspaces'?: boolean | undefined;
  readonly channel?: readonly string[] | undefined;
  readonly expires?: string | undefined;
}

const verbs = ['create', 'list', 'revoke'] as const;

/** What to do, and for `revoke` the id of the key. */
export interface KeysCall {
  readonly verb: (typeof verbs)[number];
  readonly id?: string | undefined;
}

/** @throws UsageError */
export function readKeysCall([written = '', id]: readonly string[]): KeysCall {
  const verb = verbs.find((known) => known === written);
  if (verb === undefined) throw new UsageError(`keys ${written}: ${noSuch('action', written, verbs)}.`);
  return { verb, id };
}

/** Returns a command that creates, lists and revokes the keys of a file. It returns text for people. */
export function createKeysCommand(options: { file: string; usesFile: string; clock: Clock }) {
  const { file, usesFile, clock } = options;

  /** Reads and writes the file under a lock, so that commands do not overwrite each other's changes. */
  const change = async <Result>(
    work: (keys: readonly StoredKey[]) => { readonly keys: readonly StoredKey[]; readonly result: Result },
  ): Promise<Result> => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const lock = await lockFolder(dirname(file), `${file}.lock`).catch((cause: unknown) => {
      throw usageError(`Another command is changing ${file}. Try again.`, cause);
    });
    try {
      const { keys, result } = work(await readKeysFile(file));
      await writeKeysFile(file, keys);
      return result;
    } finally {
      await lock.unlock();
    }
  };

  const create = (given: KeyArguments): Promise<string> => {
    const fields = readFields(given, clock.now());
    const { id, text, sha256 } = makeKey();
    const key: StoredKey = { id, ...fields, sha256, createdAt: new Date(clock.now()).toISOString() };
    return change((keys) => ({
      keys: [...keys, key],
      result: `${text}\n\nThis is the only time that the key is shown: only its hash is kept. Its id is ${id}.`,
    }));
  };

  const revoke = (id: string | undefined): Promise<string> =>
    change((keys) => {
      const key = keys.find((known) => known.id === id);
      if (key === undefined) {
        const ids = keys.map((known) => `${known.id} (${known.name})`).join(', ') || 'none';
        throw usageError(`revoke: there is no key ${JSON.stringify(id ?? '')}; there are: ${ids}.`);
      }
      if (key.revokedAt !== undefined) return { keys, result: `${key.id} was revoked at ${key.revokedAt}.` };
      const revoked = { ...key, revokedAt: new Date(clock.now()).toISOString() };
      return {
        keys: keys.map((known) => (known === key ? revoked : known)),
        result: `${key.id} (${key.name}) is revoked. utmql refuses it within a second or two.`,
      };
    });

  const list = async (): Promise<string> => {
    const [keys, uses] = [await readKeysFile(file), await readKeyUses(usesFile)];
    if (keys.length === 0) return 'There are no keys. Make one with: utmql keys create';
    const rows = keys.map((key) => [
      key.id,
      key.name,
      key.role,
      key.workspaces === 'all' ? '(all)' : key.workspaces.join(', '),
      key.channels?.join(', ') ?? '(all)',
      stateOf(key, clock.now()),
      uses[key.id] ?? 'never',
    ]);
    return table([['id', 'name', 'role', 'workspaces', 'channels', 'state', 'last used'], ...rows]);
  };

  return async ({ verb, id }: KeysCall, given: KeyArguments): Promise<string> => {
    switch (verb) {
      case 'create':
        return create(given);
      case 'list':
        return list();
      case 'revoke':
        return revoke(id);
    }
  };
}

function readFields(given: KeyArguments, now: number) {
  const { name, workspace: workspaces, 'all-workspaces': isForAll, channel: channels, expires } = given;
  if (name === undefined || name.trim() === '' || name.length > 100)
    throw usageError('--name: say who will use the key, in up to 100 characters: --name bi');
  const role = readRole(given.role);
  if ((workspaces === undefined) === (isForAll !== true))
    throw usageError('Give --workspace NAME, once for each, or --all-workspaces.');
  const wrong = workspaces?.find((one) => !workspaceName.safeParse(one).success);
  if (wrong !== undefined)
    throw usageError(
      `--workspace: ${JSON.stringify(wrong)} may have only letters, digits, ".", "_" and "-".`,
    );
  if (channels !== undefined && role !== 'viewer')
    throw usageError('--channel restricts what is read, so only the role viewer can have it.');
  return {
    name,
    role,
    workspaces: workspaces === undefined ? ('all' as const) : [...workspaces],
    ...(channels && { channels: [...channels] }),
    ...(expires !== undefined && { expiresAt: readExpiry(expires, now) }),
  };
}

function readRole(text: string | undefined): Role {
  const role = roles.find((known) => known === text);
  if (role === undefined)
    throw usageError(
      `--role: ${text === undefined ? 'give' : `${JSON.stringify(text)} is not`} one of ${roles.join(', ')}.`,
    );
  return role;
}

/** Parses a day, which means its start in UTC, or an instant. */
function readExpiry(text: string, now: number): string {
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw usageError(
      `--expires: ${JSON.stringify(text)} is neither a day, such as 2027-01-01, nor an instant.`,
    );
  if (at <= now) throw usageError(`--expires: ${text} is in the past.`);
  return new Date(at).toISOString();
}

function stateOf({ revokedAt, expiresAt }: StoredKey, now: number): string {
  if (revokedAt !== undefined) return `revoked ${revokedAt}`;
  if (expiresAt === undefined) return 'good';
  return Date.parse(expiresAt) <= now ? `expired ${expiresAt}` : `good until ${expiresAt}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const usageError = (message: string, cause?: unknown): UtmqlError =>
  new UtmqlError('CONFIGURATION', message, { cause });
