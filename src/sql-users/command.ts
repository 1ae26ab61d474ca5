import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Config, readConfig, readEnvironment } from '../config/config.ts';
import { UtmqlError } from '../errors.ts';
import { noSuch } from '../nearest.ts';
import { UsageError } from '../usage-error.ts';
import { createOwnServerUsers } from './own-server-users.ts';
import { onClusterOf, placeOf } from './place.ts';
import { createServerUsers } from './server-users.ts';
import { type SqlUser, sqlUserSchema } from './sql-user.ts';
import type { SqlUsers } from './sql-users.ts';
import { creationOf, removalOf } from './statements.ts';

const verbs = ['create', 'list', 'remove'] as const;
const leastPasswordLength = 12;

export interface SqlUserArguments {
  readonly name?: string | undefined;
  readonly workspace?: string | undefined;
  readonly 'password-file'?: string | undefined;
  readonly print?: boolean | undefined;
  readonly trusted?: boolean | undefined;
}

/**
 * `utmql sql-user`: makes, lists and removes users of BI tools, and prints what came of it. Resolves to 0.
 *
 * @throws UsageError, UtmqlError CONFIGURATION
 */
export async function runSqlUser(
  [written = '']: readonly string[],
  given: SqlUserArguments,
): Promise<number> {
  const verb = verbs.find((known) => known === written);
  if (verb === undefined) throw new UsageError(`sql-user ${written}: ${noSuch('action', written, verbs)}.`);
  const config = readConfig(await readEnvironment(process.env));
  process.stdout.write(`${await textOf(verb, given, config)}\n`);
  return 0;
}

async function textOf(
  verb: (typeof verbs)[number],
  given: SqlUserArguments,
  config: Config,
): Promise<string> {
  const users = (): SqlUsers =>
    config.CLICKHOUSE_URL === undefined
      ? createOwnServerUsers(config)
      : createServerUsers(config, config.CLICKHOUSE_URL);
  const print = (statements: readonly string[]): string => statements.map((each) => `${each};`).join('\n');
  switch (verb) {
    case 'create': {
      const { user, password, isMade } = await readUser(given, config);
      const shown = isMade ? `The password, shown this once: ${password}` : undefined;
      if (given.print === true)
        return [
          ...(shown === undefined ? [] : [`-- ${shown}`]),
          print(creationOf(user, placeOf(config), onClusterOf(config))),
        ].join('\n');
      if (config.CLICKHOUSE_URL === undefined && given.trusted !== true) throw onlyTrusted();
      const done = await users().create(user, password);
      return [done, ...(shown === undefined ? [] : [shown])].join('\n');
    }
    case 'list': {
      const known = await users().list();
      if (known.length === 0) return 'There are no users of BI tools. Make one with: utmql sql-user create';
      return known.map(({ name, workspace }) => `${name}  ${workspace}`).join('\n');
    }
    case 'remove': {
      const name = parsed(given.name, '--name', sqlUserSchema.shape.name);
      return given.print === true
        ? print(removalOf(name, placeOf(config), onClusterOf(config)))
        : users().remove(name);
    }
    default:
      return verb satisfies never;
  }
}

async function readUser(
  given: SqlUserArguments,
  config: Config,
): Promise<{ user: SqlUser; password: string; isMade: boolean }> {
  const name = parsed(given.name, '--name', sqlUserSchema.shape.name);
  const workspace = parsed(given.workspace, '--workspace', sqlUserSchema.shape.workspace);
  if (name === config.SQL_VIEWS_DEFINER || name === config.CLICKHOUSE_USER)
    throw new UsageError(`--name: ${name} is the name of a user of utmql’s own. Choose another.`);
  const file = given['password-file'];
  const password = file === undefined ? randomBytes(24).toString('base64url') : await readPassword(file);
  const passwordSha256 = createHash('sha256').update(password).digest('hex');
  return { user: { name, workspace, passwordSha256 }, password, isMade: file === undefined };
}

/** `file('/any/path')`, which a server limits to a folder of its own, needs no right (26.7 as `clickhouse local`). */
const onlyTrusted = (): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    'On utmql’s own server every user can read the files that utmql can read, by the function `file`: other workspaces are not safe from the user. ' +
      'Use a ClickHouse server of your own (CLICKHOUSE_URL), or add --trusted, if the user may know all that utmql knows.',
  );

function parsed(
  text: string | undefined,
  option: string,
  schema: (typeof sqlUserSchema.shape)['name' | 'workspace'],
): string {
  if (text === undefined) throw new UsageError(`${option} NAME is missing.`);
  const result = schema.safeParse(text);
  if (!result.success)
    throw new UsageError(`${option}: ${JSON.stringify(text)} ${result.error.issues[0]?.message ?? ''}.`);
  return result.data;
}

/** A line end after the password is the editor's. */
async function readPassword(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UtmqlError('CONFIGURATION', `--password-file: ${file} cannot be read.`, { cause });
  });
  const password = text.replace(/\r?\n$/, '');
  if (password.length < leastPasswordLength || /\p{Cc}/u.test(password))
    throw new UtmqlError(
      'CONFIGURATION',
      `--password-file: ${file} must hold one line with a password of at least ${leastPasswordLength} characters.`,
    );
  return password;
}
