import { type Aliases, attributionAliases } from '../../aliases/aliases.ts';
import { bind, identifier, join, type Sql, sql } from '../../clickhouse/sql.ts';
import { type AttributedBy, attributedBy } from '../kinds/opportunity-table.ts';
import type { NotedAliases } from './alias-register.ts';

/** Values of each column whose leads may match otherwise: all, where one of them has a placeholder, which other values may have come of. */
type ChangedValues = ReadonlyMap<AttributedBy, ReadonlySet<string> | 'all'>;

/** What differs between the aliases that stored matches were made by and others. Columns in which nothing does are left out. */
export function changedValues(noted: readonly NotedAliases[], after: Aliases): ChangedValues {
  const befores = noted.length === 0 ? [attributionAliases()] : noted.map(({ aliases }) => aliases);
  const changed = new Map<AttributedBy, ReadonlySet<string> | 'all'>();
  for (const column of attributedBy) {
    const values = new Set(befores.flatMap((before) => [...differing(before[column], after[column])]));
    if (values.size === 0) continue;
    changed.set(column, [...values].some((value) => value.includes('{')) ? 'all' : values);
  }
  return changed;
}

type Names = ReadonlyMap<string, string>;

/**
 * Values that count as another one than before, what these count as, and whatever else counts as one of those: a lead of `ig` finds
 * other ads rows when `fb` comes to count as `facebook`, as it does.
 */
function differing(before: Names = new Map(), after: Names = new Map()): Set<string> {
  const groups = new Set<string>();
  for (const value of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(value) ?? value, after.get(value) ?? value];
    if (was !== is) groups.add(was).add(is);
  }
  const members = [...before, ...after].filter(([, name]) => groups.has(name)).map(([value]) => value);
  return new Set([...groups, ...members]);
}

/** The days of opportunities and events of a workspace that have such a value. */
export function touchedDaysStatement(workspace: string, changed: ChangedValues): Sql {
  const touches = join(
    [...changed].map(([column, values]) =>
      values === 'all' ? sql`1` : sql`${identifier(column)} IN (${bind('Array(String)', [...values])})`,
    ),
    ' OR ',
  );
  const daysOf = (table: Sql): Sql =>
    sql`SELECT DISTINCT toUInt16(date) AS day FROM ${table} WHERE workspace = ${bind('String', workspace)} AND (${touches})`;
  return sql`SELECT DISTINCT day FROM (${daysOf(sql`opportunities`)} UNION ALL ${daysOf(sql`event_attributions`)}) ORDER BY day`;
}

/** The workspaces that have opportunities or events. */
export const attributedWorkspacesStatement: Sql = sql`
  SELECT DISTINCT workspace FROM (SELECT DISTINCT workspace FROM opportunities UNION ALL SELECT DISTINCT workspace FROM event_attributions)`;
