import { bind, empty, identifier, join, type Sql, sql } from '../../clickhouse/sql.ts';
import type { DayRange } from '../../metrics/query.ts';
import { type Day, formatDay } from '../../records/day.ts';
import type { IngestMode } from '../runs/run.ts';
import { insertSelect, listOf, selectOf } from '../storage/record-table.ts';
import type { StageOptions } from '../storage/stage.ts';
import { adPerformanceTable } from './ad-performance-table.ts';

const { key, values, aside, columns } = adPerformanceTable;
const figures = listOf(Object.keys(values.columns));
const asides = listOf(Object.keys(aside.columns));
/** What makes a row another than the stored one of its key, beside its cost. */
const content = listOf(
  Object.keys({ ...values.columns, ...aside.columns }).filter((name) => name !== 'cost'),
);
const noFigures = join(
  Object.keys(values.columns).map(() => sql`0`),
  ', ',
);

/** What one apply is about. */
export type AdsApply = Pick<StageOptions, 'runId' | 'workspace' | 'source' | 'version'> & {
  readonly mode: IngestMode;
};

/** Days of one statement. */
export interface AdsDays {
  readonly days: readonly Day[];
  /** Some of their staged rows have the key of another: only the winners count. */
  readonly hasDuplicates: boolean;
  /** Whether the feed has all that the source has of these days: with `replace`, what it lacks is gone. */
  readonly areWhole: boolean;
}

const daysIn = (days: readonly Day[]): Sql => sql`${bind('Array(Date)', days.map(formatDay))}`;

const stagedOf = (apply: Pick<AdsApply, 'runId'>, days: readonly Day[]): Sql =>
  sql`${namedIn(apply, days)} AND NOT is_unread`;
/** Those of which only the key could be read, too. */
const namedIn = (apply: Pick<AdsApply, 'runId'>, days: readonly Day[]): Sql =>
  sql`run_id = ${bind('UUID', apply.runId)} AND date IN (${daysIn(days)})`;
const storedOf = (apply: Pick<AdsApply, 'workspace'>, days: readonly Day[]): Sql =>
  sql`workspace = ${bind('String', apply.workspace)} AND date IN (${daysIn(days)})`;

/** The version that a staged row is written with, unless something newer stands in its place. */
function versionOf({ mode, version }: AdsApply): Sql {
  const run = bind('UInt64', version);
  return mode === 'replace' ? sql`${run}` : sql`if(updated = 0, ${run}, least(updated, ${run}))`;
}

/** By day: how many rows were staged, how many of them could be read, and how many keys these have. */
export const adKeysStatement = (runId: string, days: readonly Day[]): Sql =>
  sql`SELECT toUInt16(date) AS day, sum(copies) AS rows, sum(readable) AS read, countIf(readable > 0) AS keys
      FROM (SELECT date, row_key, count() AS copies, countIf(NOT is_unread) AS readable FROM staged_ad_performance
            WHERE ${namedIn({ runId }, days)} GROUP BY date, row_key)
      GROUP BY date`;

/** Keys that some days have more than once. */
const repeatedKeys = (runId: string, days: readonly Day[]): Sql =>
  sql`SELECT date, row_key FROM staged_ad_performance WHERE ${stagedOf({ runId }, days)} GROUP BY date, row_key HAVING count() > 1`;

/**
 * By day: how many rows have the key of a row before them and say the same, or something else: other figures, or those of another hour or
 * device, which their other fields tell. Rows with other `updated_at` are no mistake.
 */
export const adDuplicatesStatement = (runId: string, days: readonly Day[]): Sql =>
  sql`SELECT toUInt16(date) AS day, countIf(nth > 1 AND same) AS identical, countIf(nth > 1 AND NOT same) AS conflicting,
             countIf(nth > 1 AND NOT same AND NOT is_restated) AS unexplained
      FROM (
        SELECT date, row_number() OVER feed AS nth,
               figures = lagInFrame(figures) OVER feed AND (asides = lagInFrame(asides) OVER feed OR figures = (${noFigures}) AND empty(extra_measures)) AS same,
               updated != lagInFrame(updated) OVER feed AS is_restated
        FROM (
          SELECT DISTINCT date, row_key, position, updated, extra_measures, tuple(${asides}) AS asides, (${figures}) AS figures
          FROM staged_ad_performance WHERE ${stagedOf({ runId }, days)} AND (date, row_key) IN (${repeatedKeys(runId, days)})
        )
        WINDOW feed AS (PARTITION BY date, row_key ORDER BY position)
      ) GROUP BY date`;

const breakdownNames = sql`arraySort(mapKeys(breakdowns))`;
/** What a row is about, whatever it is broken down by. */
const subject = sql`cityHash64(${listOf(Object.keys(key.columns).filter((name) => name !== 'breakdowns'))})`;
const ownStored = (apply: Pick<AdsApply, 'workspace' | 'source'>, days: readonly Day[]): Sql =>
  sql`ad_performance FINAL WHERE ${storedOf(apply, days)} AND source = ${bind('String', apply.source)}`;
const ownStaged = (apply: Pick<AdsApply, 'runId'>, days: readonly Day[]): Sql =>
  sql`staged_ad_performance WHERE ${stagedOf(apply, days)}`;

/** The names of breakdowns that the rows of some days have, as sets: those staged, or those that the source has stored. */
export const breakdownSetsStatement = (
  side: 'staged' | 'stored',
  apply: Pick<AdsApply, 'runId' | 'workspace' | 'source'>,
  days: readonly Day[],
): Sql =>
  sql`SELECT DISTINCT ${breakdownNames} AS names FROM ${side === 'staged' ? ownStaged(apply, days) : ownStored(apply, days)}`;

/** The same for each subject. */
export const breakdownsBySubjectStatement = (
  side: 'staged' | 'stored',
  apply: Pick<AdsApply, 'runId' | 'workspace' | 'source'>,
  days: readonly Day[],
): Sql =>
  sql`SELECT toString(${subject}) AS subject, toUInt16(any(date)) AS day, any(campaign_id) AS campaign,
             groupUniqArray(${breakdownNames}) AS sets
      FROM ${side === 'staged' ? ownStaged(apply, days) : ownStored(apply, days)} GROUP BY subject`;

/** Rows with one key and other figures, some at most: what is needed to say in what they differ. */
export const adConflictStatement = (runId: string, days: readonly Day[]): Sql =>
  sql`SELECT toUInt16(date) AS day, campaign_id, ${figures}, extra FROM staged_ad_performance
      WHERE ${stagedOf({ runId }, days)} AND (date, row_key) IN (
        SELECT date, row_key FROM staged_ad_performance WHERE ${stagedOf({ runId }, days)}
        GROUP BY date, row_key HAVING uniqExact(${figures}, ${asides}) > 1 AND uniqExact(updated) < uniqExact(position)
        ORDER BY date, row_key LIMIT 1)
      ORDER BY position LIMIT 1 BY ${figures}, ${asides} LIMIT 100`;

/**
 * Stages the sum of the rows of each key that came more than once, behind all rows of the feed, so that it wins over them. May be
 * executed twice: only rows of the feed are summed.
 *
 * @param count rows of the feed: their positions are 1 to this
 */
export const sumDuplicatesStatement = (runId: string, days: readonly Day[], count: number): Sql =>
  sql`INSERT INTO staged_ad_performance (run_id, position, ${listOf(Object.keys(columns))}, updated)
      SELECT any(run_id), ${bind('UInt64', count)} + max(position), ${join(Object.keys(columns).map(summed), ', ')}, max(updated)
      FROM (
        SELECT *, row_key FROM staged_ad_performance
        WHERE ${stagedOf({ runId }, days)} AND position <= ${bind('UInt64', count)} LIMIT 1 BY position
      )
      GROUP BY date, row_key HAVING count() > 1`;

/** A column of the row that stands for all rows of a day and key: their figures are added up, and what they agree upon stays. */
function summed(name: string): Sql {
  const column = identifier(name);
  if (name === 'date') return column;
  if (name in key.columns) return sql`any(${column})`;
  if (name === 'extra_measures') return sql`CAST(sumMap(${column}) AS Map(String, Decimal(18, 6)))`;
  if (name in aside.columns) return sql`if(uniqExact(${column}) = 1, any(${column}), '')`;
  return values.columns[name] === 'Decimal(18,6)' ? sql`toDecimal64(sum(${column}), 6)` : sql`sum(${column})`;
}

/** Leaves of the rows with one key only the newest, and of those the last. */
function winnersOnly(apply: AdsApply, { days, hasDuplicates }: AdsDays): Sql {
  if (!hasDuplicates) return empty;
  return sql`AND position NOT IN (
    SELECT position FROM (
      SELECT position, rank() OVER (PARTITION BY date, row_key ORDER BY ${versionOf(apply)} DESC, position DESC) AS place
      FROM staged_ad_performance WHERE ${stagedOf(apply, days)} AND (date, row_key) IN (${repeatedKeys(apply.runId, days)})
    ) WHERE place > 1)`;
}

/** By day: rows that are stored for the workspace, of whatever source, the deleted ones included. */
export const storedAdsStatement = (workspace: string, days: readonly Day[]): Sql =>
  sql`SELECT toUInt16(date) AS day, count() AS rows FROM ad_performance WHERE ${storedOf({ workspace }, days)} GROUP BY date`;

/**
 * Staged rows beside the stored rows of their key, each with what is to become of it (`state`). Stored rows of other
 * sources count too: the key can be stored only once, so the row goes to whom reported it last.
 *
 * A row that was deleted by something newer than itself comes back with the version of that deletion: the feed has it,
 * and nothing stored is newer.
 *
 * @param side `FULL` adds the stored rows that no staged row stands beside, with position 0 and `state` absent
 */
function compared(apply: AdsApply, part: AdsDays, side: 'LEFT' | 'FULL'): Sql {
  const { mode, source } = apply;
  const { days, hasDuplicates } = part;
  const replace = mode === 'replace';
  return sql`
    SELECT date, row_key, position, staged_cost, is_stored, is_own, old_cost, old_source,
           greatest(base_version, old_version, if(is_stored, 0, deleted_version)) AS write_version,
           multiIf(position = 0, 'absent', NOT is_stored, 'added',
                   is_own AND said = old_said AND staged_cost = old_cost, 'unchanged',
                   old_version > base_version ${replace ? sql`AND NOT is_own` : empty}, 'outdated', 'changed') AS state
    FROM (
      SELECT ${hasDuplicates ? sql`DISTINCT` : empty} date, row_key, position, (${content}) AS said,
             cost AS staged_cost, ${versionOf(apply)} AS base_version
      FROM staged_ad_performance WHERE ${stagedOf(apply, days)} ${winnersOnly(apply, part)}
    ) AS fresh
    ${side === 'LEFT' ? sql`LEFT` : sql`FULL`} JOIN (
      SELECT date, row_key, (${content}) AS old_said, cost AS old_cost, version AS old_version,
             source AS old_source, source = ${bind('String', source)} AS is_own, true AS is_stored
      FROM ad_performance FINAL WHERE ${storedOf(apply, days)}
    ) AS stored USING (date, row_key)
    LEFT JOIN (
      SELECT date, row_key, max(version) AS deleted_version FROM ad_performance
      WHERE ${storedOf(apply, days)} AND is_deleted GROUP BY date, row_key
    ) AS gone USING (date, row_key)`;
}

/**
 * By day, for staged days: how many records of each state there are, how many have the key of another source's, of which, and the
 * cost before and after. Stored rows of other
 * sources are in it only where the feed has their key.
 */
export function adChangesStatement(apply: AdsApply, part: AdsDays): Sql {
  const isRemoved =
    apply.mode === 'replace' && part.areWhole
      ? sql`state = 'absent' AND is_own AND (date, row_key) NOT IN (${unreadKeys(apply, part.days)})`
      : sql`false`;
  return sql`
    SELECT toUInt16(date) AS day, countIf(state = 'added') AS added, countIf(state = 'changed') AS changed,
           countIf(state = 'unchanged') AS unchanged, countIf(state = 'outdated') AS outdated, countIf(${isRemoved}) AS removed,
           countIf(is_stored AND NOT is_own AND position > 0) AS foreign,
           groupUniqArrayIf(10)(toString(old_source), is_stored AND NOT is_own AND position > 0) AS rivals,
           sumIf(old_cost, is_stored AND (is_own OR position > 0)) AS cost_before,
           cost_before + sumIf(staged_cost - old_cost, state IN ('added', 'changed')) - sumIf(old_cost, ${isRemoved}) AS cost_after
    FROM (${compared(apply, part, 'FULL')}) GROUP BY date ORDER BY date`;
}

const unreadKeys = (apply: AdsApply, days: readonly Day[]): Sql =>
  sql`SELECT date, row_key FROM staged_ad_performance WHERE ${namedIn(apply, days)} AND is_unread`;

/** What the source has stored on some days. */
export const ownAdsStatement = (
  { workspace, source }: Pick<AdsApply, 'workspace' | 'source'>,
  days: readonly Day[],
): Sql =>
  sql`SELECT count() AS rows, toFloat64(sum(cost)) AS cost FROM ad_performance FINAL
      WHERE ${storedOf({ workspace }, days)} AND source = ${bind('String', source)}`;

/** Days of a range on which the source has stored anything. */
export const ownDaysStatement = (
  { workspace, source }: Pick<AdsApply, 'workspace' | 'source'>,
  { from, to }: DayRange,
): Sql =>
  sql`SELECT DISTINCT toUInt16(date) AS day FROM ad_performance FINAL
      WHERE workspace = ${bind('String', workspace)} AND date BETWEEN ${bind('Date', formatDay(from))} AND ${bind('Date', formatDay(to))}
        AND source = ${bind('String', source)}`;

/** What was staged for some days. */
export const stagedAdsStatement = (apply: AdsApply, part: AdsDays): Sql =>
  sql`SELECT uniqExact(position) AS rows, toFloat64(sum(cost)) AS cost FROM (
        SELECT ${part.hasDuplicates ? sql`DISTINCT` : empty} position, cost FROM staged_ad_performance
        WHERE ${stagedOf(apply, part.days)} ${winnersOnly(apply, part)})`;

const ownedBy = ({ workspace, source }: AdsApply) => ({
  workspace: sql`${bind('String', workspace)}`,
  source: sql`${bind('String', source)}`,
});

/** Writes staged rows of days that hold nothing yet. */
export const insertFreshAdsStatement = (apply: AdsApply, part: AdsDays): Sql =>
  sql`${insertSelect(adPerformanceTable, { ...ownedBy(apply), version: versionOf(apply), is_deleted: sql`0` })}
    FROM staged_ad_performance WHERE ${stagedOf(apply, part.days)} ${winnersOnly(apply, part)}`;

/**
 * Writes the staged rows of some days that are new or different, and deletes what the source no longer has.
 *
 * @param removes some stored rows are to be deleted
 */
export function insertChangedAdsStatement(apply: AdsApply, part: AdsDays, removes: boolean): Sql {
  const { days, hasDuplicates } = part;
  const source = bind('String', apply.source);
  const deletions = sql`
    UNION ALL
    ${selectOf(adPerformanceTable, {
      version: sql`greatest(version, ${bind('UInt64', apply.version)})`,
      is_deleted: sql`1`,
    })}
    FROM ad_performance FINAL
    WHERE ${storedOf(apply, days)} AND source = ${source}
      AND (date, row_key) NOT IN (SELECT date, row_key FROM staged_ad_performance WHERE ${namedIn(apply, days)})`;
  return sql`${insertSelect(adPerformanceTable, { ...ownedBy(apply), version: sql`write_version`, is_deleted: sql`0` })}
    FROM staged_ad_performance
    INNER JOIN (SELECT position, write_version FROM (${compared(apply, part, 'LEFT')}) WHERE state IN ('added', 'changed')) AS difference
    USING (position)
    WHERE ${stagedOf(apply, days)} ${hasDuplicates ? sql`LIMIT 1 BY position` : empty}
    ${removes ? deletions : empty}`;
}
