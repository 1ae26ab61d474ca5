import { UtmqlError } from '../errors.ts';
import { baseTables, viewNames } from '../sql-views/view-names.ts';
import type { SqlUserPlace } from './sql-user.ts';

/** What ClickHouse refused, as a sentence that says what to do. */
export function explainRefusal(error: unknown, admin: string, { database, definer }: SqlUserPlace): unknown {
  if (!(error instanceof UtmqlError) || error.code === 'CONFIGURATION') return error;
  const { cause } = error;
  const type = cause instanceof Error && 'type' in cause ? String(cause.type) : '';
  const sentence = sentenceFor(type);
  if (sentence !== undefined) return new UtmqlError('CONFIGURATION', sentence, { cause: error });
  return cause instanceof Error && type !== ''
    ? new UtmqlError('CONFIGURATION', `ClickHouse refused it: ${cause.message}`, { cause: error })
    : error;

  function sentenceFor(of: string): string | undefined {
    switch (of) {
      case 'ACCESS_DENIED':
        return `${admin} may not make users: name one who may in CLICKHOUSE_ADMIN_USER and CLICKHOUSE_ADMIN_PASSWORD. This takes: GRANT ACCESS MANAGEMENT ON *.*; GRANT SELECT ON system.*; GRANT ${viewNames.map((view) => `SELECT ON ${database}.${view}`).join(', ')} WITH GRANT OPTION. Or give --print, and have the statements executed by somebody who may.`;
      case 'AUTHENTICATION_FAILED':
        return `ClickHouse does not know ${admin} by this password: see CLICKHOUSE_ADMIN_USER and CLICKHOUSE_ADMIN_PASSWORD.`;
      case 'ACCESS_STORAGE_FOR_INSERTION_NOT_FOUND':
        return 'This ClickHouse takes users from files alone. Add <local_directory> to its <user_directories>, as its own configuration has it, and restart it.';
      case 'UNKNOWN_USER':
        return `ClickHouse has no user ${definer}, as whom the views read the tables. Make this user: CREATE USER ${definer} HOST NONE; GRANT ${baseTables.map((table) => `SELECT ON ${database}.${table}`).join(', ')} TO ${definer};`;
      default:
        return undefined;
    }
  }
}
