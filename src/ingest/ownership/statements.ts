import { bind, identifier, type Sql, sql } from '../../clickhouse/sql.ts';
import { type Day, formatDay } from '../../records/day.ts';
import { adPerformanceTable } from '../kinds/ad-performance-table.ts';
import { exchangeRateTable } from '../kinds/exchange-rate-table.ts';
import { opportunityTable } from '../kinds/opportunity-table.ts';
import { insertSelect, listOf, type RecordTable } from '../storage/record-table.ts';
import type { Move, Ownership } from './moves.ts';

/** Tables whose rows have a source and no namespace. */
const plainTables = { ad_performance: adPerformanceTable, exchange_rates: exchangeRateTable } as const;
export type PlainTable = keyof typeof plainTables;

/** Tables whose rows have a source. */
export type OwnedTable = PlainTable | 'opportunities';

/** Rows of one owner. */
export interface Owned {
  readonly workspace: string;
  readonly from: Ownership;
}

const onDays = (days: readonly Day[]): Sql => sql`date IN (${bind('Array(Date)', days.map(formatDay))})`;
const inWorkspace = ({ workspace }: Owned): Sql => sql`workspace = ${bind('String', workspace)}`;

function isFrom(table: OwnedTable, { from }: Owned): Sql {
  const source = sql`source = ${bind('String', from.source)}`;
  return table === 'opportunities'
    ? sql`${source} AND namespace = ${bind('String', from.namespace)}`
    : source;
}

/** Owners of stored rows; also of such that are replaced and not merged yet. */
export const ownersStatement = (table: PlainTable): Sql =>
  sql`SELECT DISTINCT workspace, source FROM ${identifier(table)} WHERE NOT is_deleted`;
export const opportunityOwnersStatement: Sql = sql`SELECT DISTINCT workspace, source, namespace FROM opportunities WHERE NOT is_deleted`;

/** By day: how many rows an owner has; those that are replaced and not merged yet count, too. */
export const ownedDaysStatement = (table: OwnedTable, owned: Owned): Sql =>
  sql`SELECT toUInt16(date) AS day, count() AS rows FROM ${identifier(table)}
      WHERE ${inWorkspace(owned)} AND ${isFrom(table, owned)} AND NOT is_deleted GROUP BY date ORDER BY date`;

const ofSource = (workspace: string, source: string): Sql =>
  sql`workspace = ${bind('String', workspace)} AND source = ${bind('String', source)}`;

/** What a source has stored. */
export const ownedCountStatement = (table: OwnedTable, workspace: string, source: string): Sql =>
  sql`SELECT count() AS records, uniqExact(date) AS days FROM ${identifier(table)} FINAL WHERE ${ofSource(workspace, source)}`;

/** In which namespaces it has opportunities. */
export const namespacesStatement = (workspace: string, source: string): Sql =>
  sql`SELECT DISTINCT namespace FROM opportunities WHERE ${ofSource(workspace, source)} AND NOT is_deleted ORDER BY namespace`;

/** Written with the versions that they have: newer records win as before, and of equal ones the last written. */
export const moveRowsStatement = (table: PlainTable, move: Move, days: readonly Day[]): Sql =>
  sql`${insertSelect(plainTables[table] as RecordTable<never, 'source' | 'is_deleted'>, { source: sql`${bind('String', move.to.source)}`, is_deleted: sql`0` })}
      FROM ${identifier(table)} FINAL WHERE ${inWorkspace(move)} AND ${isFrom(table, move)} AND ${onDays(days)}`;

/**
 * Rows of some days in their new place, and out of their old one. A row and its deletion are of one day, so a reader sees it
 * in one place or the other.
 */
export function moveOpportunitiesStatement(move: Move, days: readonly Day[]): Sql {
  const { from, to } = move;
  // Of a row that keeps its key, the new one takes the place of the old.
  const places = from.namespace === to.namespace ? sql`[0]` : sql`[0, 1]`;
  return sql`
    ${insertSelect(opportunityTable, {
      namespace: sql`if(is_old = 1, ${bind('String', from.namespace)}, ${bind('String', to.namespace)})`,
      source: sql`${bind('String', to.source)}`,
      is_deleted: sql`is_old`,
    })}
    FROM (
      SELECT ${listOf(opportunityTable.names)}
      FROM opportunities FINAL WHERE ${inWorkspace(move)} AND ${isFrom('opportunities', move)} AND ${onDays(days)}
    )
    ARRAY JOIN ${places} AS is_old`;
}

/**
 * Of records that are in both places, all rows but the newest: those of a record that was moved before, or that two sources
 * had before they shared a namespace. Of equal ones that counts which is there already.
 */
function rivals(move: Move): Sql {
  const { to } = move;
  const from = sql`${inWorkspace(move)} AND ${isFrom('opportunities', move)}`;
  const target = sql`${inWorkspace(move)} AND namespace = ${bind('String', to.namespace)}`;
  return sql`
    SELECT date, opportunity_id, workspace, namespace, source, version FROM (
      SELECT date, opportunity_id, workspace, namespace, source, version,
             row_number() OVER (PARTITION BY opportunity_id ORDER BY version DESC, is_from, date DESC) AS place
      FROM (
        SELECT date, opportunity_id, workspace, namespace, source, version, ${isFrom('opportunities', move)} AS is_from
        FROM opportunities FINAL WHERE ${from} OR ${target}
      )
      WHERE opportunity_id IN (SELECT opportunity_id FROM opportunities FINAL WHERE ${from})
        AND opportunity_id IN (SELECT opportunity_id FROM opportunities FINAL WHERE ${target})
    )
    WHERE place > 1`;
}

/** By day: how many rows have to go before a move, so that no record is there twice after it. */
export const rivalDaysStatement = (move: Move): Sql =>
  sql`SELECT toUInt16(date) AS day, count() AS rows FROM (${rivals(move)}) GROUP BY date ORDER BY date`;

/** Deletes those of some days. The newest row of each record stays, so that this can be broken off and begun again. */
export const removeRivalsStatement = (move: Move, days: readonly Day[]): Sql =>
  sql`INSERT INTO opportunities (date, opportunity_id, workspace, namespace, source, version, is_deleted)
      SELECT date, opportunity_id, workspace, namespace, source, version, 1 FROM (${rivals(move)}) WHERE ${onDays(days)}`;

/** Deletes an owner's rows of some days, with the versions that they have: the source that sends them again has them back. */
export function removeStatement(table: OwnedTable, owned: Owned, days: readonly Day[]): Sql {
  const written =
    table === 'opportunities'
      ? sql`INSERT INTO opportunities (date, opportunity_id, namespace, workspace, source, version, is_deleted)
            SELECT date, opportunity_id, namespace, workspace, source, version, 1`
      : insertSelect(plainTables[table] as RecordTable<never, 'is_deleted'>, { is_deleted: sql`1` });
  return sql`
    ${written}
    FROM ${identifier(table)} FINAL WHERE ${inWorkspace(owned)} AND ${isFrom(table, owned)} AND ${onDays(days)}`;
}
