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
 * The statements that make a user, in an order in which one that was interrupted leaves nobody with more than one workspace: the rows are
 * restricted before there is a user, and the right to read comes last.
 *
 * @param onCluster stands where ClickHouse has ON CLUSTER; '' for one server
 */
export function creationOf(user: SqlUser, place: SqlUserPlace, onCluster = ''): string[] {
  const { name } = user;
  const own = ownName(name);
  const held = heldTablesOf(place);
  const { database, definer } = place;
  const on = (names: readonly string[]): string => names.map((each) => `${database}.${each}`).join(', ');
  const settings = profileSettings(place).map(settingText).join(', ');
  const quota = quotaLimits.map(([limit, most]) => `${limit} = ${most}`).join(', ');
  return [
    ...baseTables.map(
      (table) =>
        `CREATE ROW POLICY ${own}${onCluster} ON ${on([table])} FOR SELECT USING ${tableCondition(user)} TO ${definer}`,
    ),
    `CREATE SETTINGS PROFILE ${own}${onCluster} SETTINGS ${settings}`,
    `CREATE USER ${name}${onCluster} IDENTIFIED WITH sha256_hash BY '${user.passwordSha256}' SETTINGS PROFILE ${own}`,
    ...[...viewNames, ...held.map(({ table }) => table)].map(
      (table) =>
        `CREATE ROW POLICY ${own}${onCluster} ON ${on([table])} FOR SELECT USING ${viewCondition(user)} TO ${name}`,
    ),
    `CREATE QUOTA ${own}${onCluster} KEYED BY user_name FOR INTERVAL 1 hour MAX ${quota} TO ${name}`,
    ...held.map(({ table, columns }) => `GRANT${onCluster} SELECT(${columns}) ON ${on([table])} TO ${name}`),
    ...viewNames.map((view) => `GRANT${onCluster} SELECT ON ${on([view])} TO ${name}`),
  ];
}

/** The statements that take a user away, whatever is left of one. */
export function removalOf(name: string, place: SqlUserPlace, onCluster = ''): string[] {
  const own = ownName(name);
  const held = heldTablesOf(place).map(({ table }) => table);
  return [
    `DROP USER IF EXISTS ${name}${onCluster}`,
    `DROP QUOTA IF EXISTS ${own}${onCluster}`,
    `DROP SETTINGS PROFILE IF EXISTS ${own}${onCluster}`,
    // Last: by these the command knows whom it has made.
    ...[...viewNames, ...held, ...baseTables].map(
      (table) => `DROP ROW POLICY IF EXISTS ${own}${onCluster} ON ${place.database}.${table}`,
    ),
  ];
}

/** What belongs to a user has a name that nobody else gives: it is dropped with the user. */
const ownName = (name: string): string => `utmql_sql_${name}`;

function settingText({ name, value, changeable }: ProfileSetting): string {
  const bounds = [
    value === undefined ? '' : ` = ${value}`,
    changeable?.min === undefined ? '' : ` MIN ${changeable.min}`,
    changeable?.max === undefined ? '' : ` MAX ${changeable.max}`,
  ].join('');
  return `${name}${bounds}${changeable === undefined ? ' CONST' : ' CHANGEABLE_IN_READONLY'}`;
}
