import { copyFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Config } from '../config/config.ts';
import { UtmqlError } from '../errors.ts';
import { makeFolder, readTextIfExists, writeDurably } from '../files/durable-file.ts';
import { lockFolder } from '../files/folder-lock.ts';
import { placeOf } from './place.ts';
import { type SqlUser, sqlUserSchema } from './sql-user.ts';
import { nobodyOfThisName, type SqlUsers, takenName } from './sql-users.ts';
import { usersFile } from './users-file.ts';

const packaged = fileURLToPath(new URL('../../clickhouse/own-server', import.meta.url));

/** Where the program's own server has its users from: SQL cannot make any there (ClickHouse 26.7 as `clickhouse local`). */
const sqlUsersFile = (dataDir: string): string => join(resolve(dataDir), 'sql-users.json');

const schema = z.array(sqlUserSchema);

/** @throws UtmqlError CONFIGURATION if the file is not as the command writes it */
async function readSqlUsers(dataDir: string): Promise<readonly SqlUser[]> {
  const file = sqlUsersFile(dataDir);
  const text = await readTextIfExists(file);
  if (text === undefined) return [];
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new UtmqlError(
      'CONFIGURATION',
      `${file} is not as utmql sql-user writes it. Restore it, or delete it and make the users again.`,
      { cause },
    );
  }
}

/** Users of the program's own server. It reads them when it starts. */
export function createOwnServerUsers({ DATA_DIR: dataDir, CLICKHOUSE_PORT: port }: Config): SqlUsers {
  /** Under a lock, so that commands do not overwrite each other's changes. */
  const change = async (work: (users: readonly SqlUser[]) => readonly SqlUser[]): Promise<void> => {
    const file = sqlUsersFile(dataDir);
    await makeFolder(resolve(dataDir));
    const lock = await lockFolder(resolve(dataDir), `${file}.lock`).catch((cause: unknown) => {
      throw new UtmqlError('CONFIGURATION', `Another command is changing ${file}. Try again.`, { cause });
    });
    try {
      await writeDurably(file, `${JSON.stringify(work(await readSqlUsers(dataDir)), null, 2)}\n`);
    } finally {
      await lock.unlock();
    }
  };
  const place =
    port === 0
      ? 'Set CLICKHOUSE_PORT, so that the server is always at the same port of 127.0.0.1.'
      : `The server is at http://127.0.0.1:${port}.`;
  return {
    async create(user) {
      await change((users) => {
        if (users.some(({ name }) => name === user.name)) throw takenName(user.name);
        return [...users, user];
      });
      return `The user ${user.name} will see the workspace ${user.workspace} once utmql is restarted. ${place}`;
    },
    list: () => readSqlUsers(dataDir),
    async remove(name) {
      await change((users) => {
        const left = users.filter((user) => user.name !== name);
        if (left.length === users.length) throw nobodyOfThisName(name, users);
        return left;
      });
      return `The user ${name} is gone once utmql is restarted.`;
    },
  };
}

/** Writes the own server's configuration with its users of BI tools. Resolves to its path; undefined: there are none. */
export async function ownServerConfig(config: Config): Promise<string | undefined> {
  const users = await readSqlUsers(config.DATA_DIR);
  if (users.length === 0) return undefined;
  const folder = join(resolve(config.DATA_DIR), 'clickhouse-config');
  await makeFolder(join(folder, 'users.d'));
  for (const name of ['config.xml', 'users.xml']) await copyFile(join(packaged, name), join(folder, name));
  // Hashes of passwords: writeDurably lets nobody else read it.
  await writeDurably(join(folder, 'users.d', 'sql-users.xml'), usersFile(users, placeOf(config)));
  return join(folder, 'config.xml');
}
