import { baseTables, viewNames } from '../sql-views/view-names.ts';
import {
  heldTablesOf,
  type ProfileSetting,
  profileSettings,
  quotaLimits,
  type SqlUser,
  type SqlUserPlace,
  tableCondition,
  viewCondition,
} from './sql-user.ts';

/**
 * Users as a file of ClickHouse's `users.d`: what `creationOf` says in SQL, for servers that take users from files only, such as the
 * program's own. Every text in it is of characters that mean nothing in XML.
 */
export function usersFile(users: readonly SqlUser[], place: SqlUserPlace): string {
  const { database, definer } = place;
  const policies = (tables: readonly string[], condition: string): string =>
    element(
      'databases',
      element(database, ...tables.map((table) => element(table, element('filter', condition)))),
    );
  const settings = profileSettings(place);
  const constraints = settings.map(constraintOf).join('');
  const profile = settings.map(({ name, value }) =>
    value === undefined ? '' : element(name, String(value)),
  );
  const held = heldTablesOf(place);
  const grants = [
    ...held.map(({ table, columns }) => element('query', `GRANT SELECT(${columns}) ON ${database}.${table}`)),
    ...viewNames.map((view) => element('query', `GRANT SELECT ON ${database}.${view}`)),
  ];
  const login = (user: SqlUser): string =>
    element(
      user.name,
      element('password_sha256_hex', user.passwordSha256),
      element('networks', element('ip', '::/0')),
      element('profile', user.name),
      element('quota', user.name),
      element('grants', ...grants),
      policies([...viewNames, ...held.map(({ table }) => table)], viewCondition(user)),
    );
  const onTables =
    users.length === 0
      ? ''
      : element(definer, policies(baseTables, users.map((user) => `(${tableCondition(user)})`).join(' OR ')));
  return element(
    'clickhouse',
    element(
      'profiles',
      ...users.map(({ name }) => element(name, ...profile, element('constraints', constraints))),
    ),
    element(
      'quotas',
      ...users.map(({ name }) =>
        element(
          name,
          '<keyed/>',
          element(
            'interval',
            element('duration', '3600'),
            ...quotaLimits.map(([limit, most]) => element(limit, String(most))),
          ),
        ),
      ),
    ),
    element('users', onTables, ...users.map(login)),
  );
}

function constraintOf({ name, changeable }: ProfileSetting): string {
  if (changeable === undefined) return element(name, '<readonly/>');
  const { min, max } = changeable;
  return element(
    name,
    min === undefined ? '' : element('min', String(min)),
    max === undefined ? '' : element('max', String(max)),
    '<changeable_in_readonly/>',
  );
}

const element = (name: string, ...content: readonly string[]): string =>
  `<${name}>${content.join('')}</${name}>`;
