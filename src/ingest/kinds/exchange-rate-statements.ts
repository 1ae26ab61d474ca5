import { bind, type Sql, sql } from '../../clickhouse/sql.ts';
import { type Day, formatDay } from '../../records/day.ts';
import type { IngestMode } from '../runs/run.ts';
import { insertSelect, selectOf } from '../storage/record-table.ts';
import type { StageOptions } from '../storage/stage.ts';
import { exchangeRateTable } from './exchange-rate-table.ts';

/** What one apply is about. */
export type RatesApply = Pick<StageOptions, 'runId' | 'workspace' | 'source' | 'version'> & {
  readonly mode: IngestMode;
};

/** Days of one statement. */
export interface RateDays {
  readonly days: readonly Day[];
  /** Whether the feed has all that the source has of these days: with `replace`, what it lacks is gone. */
  readonly areWhole: boolean;
}

const daysIn = (days: readonly Day[]): Sql => sql`${bind('Array(Date)', days.map(formatDay))}`;
/** Rates of which only the key could be read, too. */
const namedIn = (runId: string, days: readonly Day[]): Sql =>
  sql`run_id = ${bind('UUID', runId)} AND date IN (${daysIn(days)})`;
const stagedOf = (runId: string, days: readonly Day[]): Sql => sql`${namedIn(runId, days)} AND NOT is_unread`;
const storedOf = (workspace: string, days: readonly Day[]): Sql =>
  sql`workspace = ${bind('String', workspace)} AND date IN (${daysIn(days)})`;

/** The version that a staged rate is written with, unless something newer stands in its place. */
function versionOf({ mode, version }: RatesApply): Sql {
  const run = bind('UInt64', version);
  return mode === 'replace' ? sql`${run}` : sql`if(updated = 0, ${run}, least(updated, ${run}))`;
}

/** By day: how many rates were staged, and how many keys those have that could be read. */
export const rateKeysStatement = (runId: string, days: readonly Day[]): Sql =>
  sql`SELECT toUInt16(date) AS day, sum(copies) AS rows, countIf(readable > 0) AS keys
      FROM (SELECT date, base, quote, count() AS copies, countIf(NOT is_unread) AS readable FROM staged_exchange_rates
            WHERE ${namedIn(runId, days)} GROUP BY date, base, quote)
      GROUP BY date`;

/**
 * How many rates have the key of one before them, of which one with the same rate, or with another; and of those, how many are not
 * explained by another `updated_at`.
 */
export const rateDuplicatesStatement = (runId: string, days: readonly Day[]): Sql =>
  sql`SELECT countIf(nth > 1 AND rate = before) AS identical, countIf(nth > 1 AND rate != before) AS conflicting,
             countIf(nth > 1 AND rate != before AND updated = updated_before) AS unexplained
      FROM (
        SELECT rate, updated, row_number() OVER feed AS nth, lagInFrame(rate) OVER feed AS before,
               lagInFrame(updated) OVER feed AS updated_before
        FROM (SELECT DISTINCT date, base, quote, position, rate, updated FROM staged_exchange_rates WHERE ${stagedOf(runId, days)})
        WINDOW feed AS (PARTITION BY date, base, quote ORDER BY position)
      )`;

/** The first key that has several rates at the same time, with two of them. */
export const rateConflictStatement = (runId: string, days: readonly Day[]): Sql =>
  sql`SELECT toUInt16(date) AS day, base, quote, arrayMap(each -> toString(each), arraySort(groupUniqArray(rate))) AS rates
      FROM staged_exchange_rates WHERE ${stagedOf(runId, days)}
      GROUP BY date, base, quote HAVING uniqExact(rate) > 1 AND uniqExact(updated) < uniqExact(position)
      ORDER BY date, base, quote LIMIT 1`;

/** Of the staged rates with one key the newest, and of those the last. */
const winners = (apply: RatesApply, days: readonly Day[]): Sql =>
  sql`SELECT * FROM (SELECT *, ${versionOf(apply)} AS base_version FROM staged_exchange_rates WHERE ${stagedOf(apply.runId, days)})
      ORDER BY base_version DESC, position DESC LIMIT 1 BY date, base, quote`;

/**
 * Staged rates beside the stored rates of their key, each with what is to become of it (`state`). Stored rates of other sources
 * count too: the key can be stored only once, so the rate goes to whom reported it last.
 *
 * A rate that was deleted by something newer than itself comes back with the version of that deletion: the feed has it, and
 * nothing stored is newer.
 *
 * @param side `FULL` adds the stored rates that no staged rate stands beside, with position 0 and `state` absent
 */
function compared(apply: RatesApply, days: readonly Day[], side: 'LEFT' | 'FULL'): Sql {
  const isOvertaken =
    apply.mode === 'replace'
      ? sql`old_version > base_version AND NOT is_own`
      : sql`old_version > base_version`;
  return sql`
    SELECT date, base, quote, position, is_stored, is_own, old_source,
           greatest(base_version, old_version, if(is_stored, 0, deleted_version)) AS write_version,
           multiIf(position = 0, 'absent', NOT is_stored, 'added',
                   is_own AND staged_rate = old_rate AND staged_extra = old_extra, 'unchanged',
                   ${isOvertaken}, 'outdated', 'changed') AS state
    FROM (
      SELECT date, base, quote, position, rate AS staged_rate, extra AS staged_extra, base_version FROM (${winners(apply, days)})
    ) AS fresh
    ${side === 'LEFT' ? sql`LEFT` : sql`FULL`} JOIN (
      SELECT date, base, quote, rate AS old_rate, extra AS old_extra, version AS old_version, source AS old_source,
             source = ${bind('String', apply.source)} AS is_own, true AS is_stored
      FROM exchange_rates FINAL WHERE ${storedOf(apply.workspace, days)}
    ) AS stored USING (date, base, quote)
    LEFT JOIN (
      SELECT date, base, quote, max(version) AS deleted_version FROM exchange_rates
      WHERE ${storedOf(apply.workspace, days)} AND is_deleted GROUP BY date, base, quote
    ) AS gone USING (date, base, quote)`;
}

/** By day: how many rates of each state there are, how many have the key of another source's, and of which. */
export function rateChangesStatement(apply: RatesApply, { days, areWhole }: RateDays): Sql {
  const isRemoved =
    apply.mode === 'replace' && areWhole
      ? sql`state = 'absent' AND is_own AND (date, base, quote) NOT IN (
          SELECT date, base, quote FROM staged_exchange_rates WHERE ${namedIn(apply.runId, days)} AND is_unread)`
      : sql`false`;
  return sql`
    SELECT toUInt16(date) AS day, countIf(state = 'added') AS added, countIf(state = 'changed') AS changed,
           countIf(state = 'unchanged') AS unchanged, countIf(state = 'outdated') AS outdated, countIf(${isRemoved}) AS removed,
           countIf(is_stored AND NOT is_own AND position > 0) AS foreign,
           groupUniqArrayIf(10)(toString(old_source), is_stored AND NOT is_own AND position > 0) AS rivals
    FROM (${compared(apply, days, 'FULL')}) GROUP BY date ORDER BY date`;
}

/** How many rates the source has stored on some days. */
export const ownRatesStatement = ({ workspace, source }: RatesApply, days: readonly Day[]): Sql =>
  sql`SELECT count() AS rows FROM exchange_rates FINAL
      WHERE ${storedOf(workspace, days)} AND source = ${bind('String', source)}`;

/**
 * Writes the staged rates of some days that are new or different, and deletes what the source no longer has.
 *
 * @param removes some stored rates are to be deleted
 */
export function insertRatesStatement(apply: RatesApply, { days }: RateDays, removes: boolean): Sql {
  const owner = {
    workspace: sql`${bind('String', apply.workspace)}`,
    source: sql`${bind('String', apply.source)}`,
  };
  const deletions = sql`
    UNION ALL
    ${selectOf(exchangeRateTable, {
      version: sql`greatest(version, ${bind('UInt64', apply.version)})`,
      is_deleted: sql`1`,
    })}
    FROM exchange_rates FINAL
    WHERE ${storedOf(apply.workspace, days)} AND source = ${owner.source}
      AND (date, base, quote) NOT IN (SELECT date, base, quote FROM staged_exchange_rates WHERE ${namedIn(apply.runId, days)})`;
  return sql`${insertSelect(exchangeRateTable, { ...owner, version: sql`write_version`, is_deleted: sql`0` })}
    FROM staged_exchange_rates
    INNER JOIN (SELECT position, write_version FROM (${compared(apply, days, 'LEFT')}) WHERE state IN ('added', 'changed')) AS difference
    USING (position)
    WHERE ${stagedOf(apply.runId, days)} LIMIT 1 BY position
    ${removes ? deletions : sql``}`;
}
