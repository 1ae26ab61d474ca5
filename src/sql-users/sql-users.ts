import { UtmqlError } from '../errors.ts';
import type { SqlUser } from './sql-user.ts';

/** The users of BI tools, wherever they are kept. Each call resolves to a sentence for people. */
export interface SqlUsers {
  /**
   * @param password as the user will send it
   * @throws UtmqlError CONFIGURATION if the name is taken, or the user would not see what is right: then nothing of the user is left
   */
  create(user: SqlUser, password: string): Promise<string>;
  list(): Promise<readonly Pick<SqlUser, 'name' | 'workspace'>[]>;
  /** @throws UtmqlError CONFIGURATION if this program has made no such user */
  remove(name: string): Promise<string>;
}

export const takenName = (name: string): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `There is a user ${name} already. Choose another name. If utmql sql-user has made this one, this takes it away: utmql sql-user remove --name ${name}`,
  );

export const nobodyOfThisName = (name: string, known: readonly { readonly name: string }[]): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `utmql sql-user has made no user ${JSON.stringify(name)}. It has made: ${known.map((user) => user.name).join(', ') || 'nobody'}.`,
  );
