import { UtmqlError } from '../../errors.ts';
import { shardingKeyOf } from '../tables.ts';

// Texts, quoted names, comments, brackets, commas; the rest in stretches.
const token = /'(?:[^'\\]|\\.|'')*'|`[^`]*`|--[^\n]*|[(),]|[^'`(),-]+|-/gs;

/** A statement without its comments, which could hold anything. */
const withoutComments = (statement: string): string =>
  (statement.match(token) ?? [])
    .filter((part) => !part.startsWith('--'))
    .join('')
    .trim();

/** What stands between the commas that are in no brackets and no text. Takes a statement without comments. */
function splitAtCommas(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const part of text.match(token) ?? []) {
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    if (part === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += part;
  }
  return parts.map((part) => part.trim());
}

/** What the statements of a cluster differ by. */
export interface ClusterTarget {
  readonly cluster: string;
  readonly database: string;
  /** By Keeper: replicated tables, and DDL that one server passes on to all. Otherwise each statement goes to each server. */
  readonly isReplicated: boolean;
}

const createTable =
  /^CREATE TABLE (?:IF NOT EXISTS )?([a-z_][a-z0-9_]*)\s*(\(.*\))\s*ENGINE\s*=\s*([A-Za-z]*MergeTree)\b\s*(?:\(([^()]*)\))?(.*)$/is;
const alterTable = /^ALTER TABLE ([a-z_][a-z0-9_]*)\s+(.*)$/is;
const insertSelect = /^INSERT INTO [a-z_][a-z0-9_]* \([^()]*\)\s*SELECT\b/i;
const createView = /^CREATE OR REPLACE VIEW ([a-z_][a-z0-9_]*)\s+(.*)$/is;
const dropTable = /^DROP TABLE (?:IF EXISTS )?([a-z_][a-z0-9_]*)$/i;

const addsToBoth = /^(ADD|MODIFY|RENAME|COMMENT) COLUMN\b/i;
const dropsFromBoth = /^DROP COLUMN\b/i;
const heldOnly =
  /^(MODIFY (SETTING|TTL|ORDER BY)|RESET SETTING|REMOVE TTL|(ADD|DROP|CLEAR|MATERIALIZE) (INDEX|PROJECTION)|(ADD|DROP) CONSTRAINT|MATERIALIZE (COLUMN|TTL)|DROP PARTITION|DELETE|UPDATE)\b/i;

/** The table that each server holds its rows in; what reads and writes name stands above it. */
export const heldTable = (table: string): string => `${table}_local`;

export const onCluster = ({ cluster, isReplicated }: ClusterTarget): string =>
  isReplicated ? ` ON CLUSTER '${cluster}'` : '';

/**
 * One statement of a migration, as it is written for a single server → what a cluster executes in its place: a table
 * becomes one that every server holds, `x_local`, and above it one that spreads rows over the shards and reads them all, `x`.
 * Pure.
 *
 * @throws UtmqlError CONFIGURATION for what it does not know: nothing is left out in silence
 */
export function toClusterStatements(statement: string, target: ClusterTarget): string[] {
  const text = withoutComments(statement);
  const on = onCluster(target);
  const name = (table: string): string => `${target.database}.${table}`;

  const created = createTable.exec(text);
  if (created !== null) {
    const [, table = '', columns = '', engine = '', parameters = '', rest = ''] = created;
    const key = shardingKeyOf(table);
    const held = heldTable(table);
    const kept = `${target.isReplicated ? replicated(engine, parameters, table) : `${engine}(${parameters})`}${storage(rest, target)}`;
    return [
      `CREATE TABLE IF NOT EXISTS ${name(held)}${on} ${columns} ENGINE = ${kept}`,
      `CREATE TABLE IF NOT EXISTS ${name(table)}${on} AS ${name(held)} ENGINE = Distributed('${target.cluster}', '${target.database}', '${held}', ${key})`,
    ];
  }

  const altered = alterTable.exec(text);
  if (altered !== null) {
    const [, table = '', list = ''] = altered;
    const alter = (name_: string, actions: readonly string[]): string[] =>
      actions.length === 0 ? [] : [`ALTER TABLE ${name(name_)}${on} ${storage(actions.join(', '), target)}`];
    const actions = splitAtCommas(list);
    const below: string[] = [];
    const added: string[] = [];
    const dropped: string[] = [];
    for (const [index, action] of actions.entries()) {
      // `MODIFY SETTING a = 1, b = 2` is one action.
      const isSetting = /^(MODIFY|RESET) SETTING\b/i.test(actions[0] ?? '') && index > 0;
      if (addsToBoth.test(action)) added.push(action);
      else if (dropsFromBoth.test(action)) dropped.push(action);
      else if (!heldOnly.test(action) && !isSetting) throw untranslatable(statement);
      below.push(action);
    }
    // The upper table never names a column that is not, or no longer, below it.
    return [...alter(table, dropped), ...alter(heldTable(table), below), ...alter(table, added)];
  }

  // What is above every server's rows spreads and collects them by itself.
  if (insertSelect.test(text)) return [text];

  // It reads the tables that are above every server's rows.
  const [, view, rest] = createView.exec(text) ?? [];
  if (view !== undefined) return [`CREATE OR REPLACE VIEW ${name(view)}${on} ${rest ?? ''}`];

  const [, table] = dropTable.exec(text) ?? [];
  if (table !== undefined) {
    return [table, heldTable(table)].map((each) => `DROP TABLE IF EXISTS ${name(each)}${on} SYNC`);
  }
  throw untranslatable(statement);
}

/** The path in Keeper tells shards and tables apart; ClickHouse fills in what is in braces, by its macros. */
function replicated(engine: string, parameters: string, table: string): string {
  const own = parameters.trim() === '' ? '' : `, ${parameters}`;
  return `Replicated${engine}('/clickhouse/tables/{shard}/{database}/${table}', '{replica}'${own})`;
}

/** Replicated tables remember the tokens of inserts in Keeper, by a setting of their own. */
const storage = (text: string, { isReplicated }: ClusterTarget): string =>
  isReplicated
    ? text.replaceAll('non_replicated_deduplication_window', 'replicated_deduplication_window')
    : text;

const untranslatable = (statement: string): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `A migration has a statement that cannot be made into those of a cluster; teach src/clickhouse/cluster/translate.ts to: ${statement.slice(0, 200)}`,
  );
