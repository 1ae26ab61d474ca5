import { bind, empty, type Sql, sql } from '../../clickhouse/sql.ts';
import { type Day, formatDay } from '../../records/day.ts';
import type { IngestMode } from '../runs/run.ts';
import { insertSelect, listOf } from '../storage/record-table.ts';
import type { StageOptions } from '../storage/stage.ts';
import { attributedBy, opportunityTable } from './opportunity-table.ts';

/** What one apply is about. */
export type OpportunitiesApply = Pick<StageOptions, 'runId' | 'workspace' | 'source' | 'version'> & {
  /** Whose ids the records have. */
  readonly namespace: string;
  readonly mode: IngestMode;
  /** Days that are left as they are. */
  readonly skipDays: readonly Day[];
  /** Some records came more than once: only the winners count. */
  readonly hasDuplicates: boolean;
};

/** What becomes of a record; see `planned_opportunities`. */
export const plannedChanges = [
  'added',
  'changed',
  'moved',
  'removed',
  'unchanged',
  'outdated',
  'superseded',
  'deleted',
  'gone',
  'noted',
  'absent',
] as const;

const daysIn = (days: readonly Day[]): Sql => sql`${bind('Array(Date)', days.map(formatDay))}`;

/** What a record says, but for its day and id. */
const content = listOf(Object.keys(opportunityTable.values.columns).filter((name) => name !== 'date'));
const attribution = listOf(['channel', 'campaign_id', 'match']);
const contentHash = sql`cityHash64(${content})`;
const utmHash = sql`cityHash64(${listOf(attributedBy)})`;
const idKey = sql`sipHash128(opportunity_id)`;

type Run = Pick<OpportunitiesApply, 'runId'>;
const ofRun = ({ runId }: Run): Sql => sql`run_id = ${bind('UUID', runId)}`;
const ofSpace = ({ workspace, namespace }: OpportunitiesApply): Sql =>
  sql`workspace = ${bind('String', workspace)} AND namespace = ${bind('String', namespace)}`;
const isSkipped = ({ skipDays }: OpportunitiesApply): Sql =>
  skipDays.length === 0 ? sql`false` : sql`date IN (${daysIn(skipDays)})`;
/** The version that a staged row is written with, unless something newer stands in its place. */
const versionOf = ({ mode, version }: OpportunitiesApply): Sql => {
  const run = bind('UInt64', version);
  return mode === 'replace' ? sql`${run}` : sql`if(updated = 0, ${run}, least(updated, ${run}))`;
};

/** How many staged rows there are and how many ids they have. */
export const opportunityKeysStatement = (runId: string): Sql =>
  sql`SELECT sum(copies) AS rows, count() AS keys
      FROM (SELECT count() AS copies FROM staged_opportunities WHERE ${ofRun({ runId })} GROUP BY id_key)`;

/** Ids that the feed has more than once. */
const repeatedKeys = (run: Run): Sql =>
  sql`SELECT id_key FROM staged_opportunities WHERE ${ofRun(run)} GROUP BY id_key HAVING count() > 1`;

/** How many rows have the id of a row before them, with the same content or with another. */
export const opportunityDuplicatesStatement = (runId: string): Sql =>
  sql`SELECT countIf(nth > 1 AND same) AS identical, countIf(nth > 1 AND NOT same) AS conflicting
      FROM (
        SELECT row_number() OVER feed AS nth, said = lagInFrame(said) OVER feed AS same
        FROM (
          SELECT DISTINCT id_key, position, cityHash64(date, updated, is_deleted, ${content}) AS said
          FROM staged_opportunities WHERE ${ofRun({ runId })} AND id_key IN (${repeatedKeys({ runId })})
        )
        WINDOW feed AS (PARTITION BY id_key ORDER BY position)
      )`;

/** Leaves of the staged rows with one id only the newest, and of those the last. */
function winnersOnly(apply: OpportunitiesApply): Sql {
  if (!apply.hasDuplicates) return empty;
  return sql`AND position NOT IN (
    SELECT position FROM (
      SELECT position, rank() OVER (PARTITION BY id_key ORDER BY ${versionOf(apply)} DESC, position DESC) AS place
      FROM staged_opportunities WHERE ${ofRun(apply)} AND id_key IN (${repeatedKeys(apply)})
    ) WHERE place > 1)`;
}
/** Staged rows can be there twice, with one position, when their INSERT was repeated. */
const distinct = ({ hasDuplicates }: OpportunitiesApply): Sql => (hasDuplicates ? sql`DISTINCT` : empty);

/** Every plan is one block, so it is there whole or not at all; and when it is there, a repeat adds nothing. */
const unlessPlanned = (apply: OpportunitiesApply, planned: Sql): Sql =>
  sql`(SELECT count() FROM planned_opportunities WHERE ${ofRun(apply)} AND ${planned}) = 0`;

/** How many records the source has stored on some days. */
export const ownOpportunitiesStatement = (
  { workspace, source }: Pick<OpportunitiesApply, 'workspace' | 'source'>,
  days: readonly Day[],
): Sql =>
  sql`SELECT count() AS rows FROM opportunities FINAL
      WHERE workspace = ${bind('String', workspace)} AND date IN (${daysIn(days)}) AND source = ${bind('String', source)}`;

/** How many rows a source has, on whatever day. */
export const allOwnOpportunitiesStatement = ({
  workspace,
  source,
}: Pick<OpportunitiesApply, 'workspace' | 'source'>): Sql =>
  sql`SELECT count() AS rows FROM opportunities FINAL
      WHERE workspace = ${bind('String', workspace)} AND source = ${bind('String', source)}`;

/** How many records were staged that the CRM has deleted. */
export const stagedDeletionsStatement = (runId: string): Sql =>
  sql`SELECT uniqExact(id_key) AS rows FROM staged_opportunities WHERE ${ofRun({ runId })} AND is_deleted`;

/** How many records were staged for some days; those that the CRM has deleted are none. */
export const stagedOpportunitiesStatement = (runId: string, days: readonly Day[]): Sql =>
  sql`SELECT uniqExact(id_key) AS rows FROM staged_opportunities WHERE ${ofRun({ runId })} AND NOT is_deleted AND date IN (${daysIn(days)})`;

/**
 * The first plan. Looks through all that the workspace has stored: which staged records are on other days than the feed
 * says, and, with `replace`, which records of the source the feed lacks on the days that it returned.
 *
 * @param returned those days
 */
export function planStoredStatement(apply: OpportunitiesApply, returned: readonly Day[]): Sql {
  const replace = apply.mode === 'replace';
  const lacking = sql`NOT is_staged AND is_own AND date IN (${daysIn(returned)})`;
  return sql`
    INSERT INTO planned_opportunities (run_id, date, change, id_key, opportunity_id, is_rival, version)
    SELECT ${bind('UUID', apply.runId)}, date, if(is_staged, 'elsewhere', 'removed'), id_key, opportunity_id,
           ${replace ? sql`NOT is_own` : sql`true`}, if(is_staged, version, greatest(version, ${bind('UInt64', apply.version)}))
    FROM (
      SELECT date, ${idKey} AS id_key, opportunity_id, version, source = ${bind('String', apply.source)} AS is_own
      FROM opportunities FINAL WHERE ${ofSpace(apply)}
    ) AS stored
    LEFT JOIN (
      SELECT ${distinct(apply)} id_key, date AS new_day, true AS is_staged
      FROM staged_opportunities WHERE ${ofRun(apply)} ${winnersOnly(apply)}
    ) AS fresh USING (id_key)
    WHERE (is_staged AND date != new_day ${replace ? sql`OR ${lacking}` : empty})
      AND ${unlessPlanned(apply, sql`position = 0`)}`;
}

/**
 * The second plan, of the staged records of some days; needs the first.
 *
 * Of staged rows with one id the newest counts, and of those the last. A record that the store holds in a newer state, on
 * whatever day, is left as it is; with `replace`, what the source itself has stored is never newer. What a record is
 * attributed to stays while its day and UTMs stay.
 *
 * A feed says of deletions, and of records that come back after one, as of when it was read: platforms do not count either as
 * a change of the record. So it outdoes a deletion that is older than the run, whatever `updated_at` says, and no other.
 */
export function planRecordsStatement(apply: OpportunitiesApply, days: readonly Day[]): Sql {
  const onDays = sql`date IN (${daysIn(days)})`;
  const stored = sql`${ofSpace(apply)} AND ${onDays}`;
  const run = bind('UInt64', apply.version);
  const rival = apply.mode === 'replace' ? sql`if(is_own, 0, here_version)` : sql`here_version`;
  return sql`
    INSERT INTO planned_opportunities (run_id, date, change, id_key, position, ${attribution}, version)
    SELECT ${bind('UUID', apply.runId)}, date,
           multiIf(${isSkipped(apply)} OR skipped_copies > 0, 'superseded',
                   is_here AND is_own AND said = here_said AND copies = 0 AND NOT is_deletion, 'unchanged',
                   greatest(${rival}, newest_rival) > base OR NOT is_here AND deleted_version > ${run}, 'outdated',
                   is_deletion, multiIf(is_here, 'deleted', deleted_version > 0 AND copies = 0, 'absent', 'noted'),
                   is_here, 'changed', 'added') AS what,
           id_key, position, if(stays, here_channel, ''), if(stays, here_campaign_id, ''),
           if(stays, here_match, 'UNATTRIBUTED'),
           greatest(base, here_version, newest, if(NOT is_here AND deleted_version > base, ${run}, 0))
    FROM (
      SELECT *, is_here AND utm = here_utm AS stays
      FROM (
        SELECT ${distinct(apply)} id_key, date, position, is_deleted AS is_deletion,
               if(is_deleted, ${run}, ${versionOf(apply)}) AS base, ${contentHash} AS said, ${utmHash} AS utm
        FROM staged_opportunities WHERE ${ofRun(apply)} AND ${onDays} ${winnersOnly(apply)}
      ) AS fresh
      LEFT JOIN (
        SELECT ${idKey} AS id_key, date, true AS is_here, source = ${bind('String', apply.source)} AS is_own, version AS here_version,
               ${contentHash} AS here_said, ${utmHash} AS here_utm, channel AS here_channel, campaign_id AS here_campaign_id, match AS here_match
        FROM opportunities FINAL WHERE ${stored}
      ) AS stored USING (id_key, date)
      LEFT JOIN (
        SELECT id_key, count() AS copies, countIf(${isSkipped(apply)}) AS skipped_copies, max(version) AS newest,
               maxIf(version, is_rival) AS newest_rival
        FROM planned_opportunities WHERE ${ofRun(apply)} AND change = 'elsewhere' GROUP BY id_key
      ) AS others USING (id_key)
      LEFT JOIN (
        SELECT ${idKey} AS id_key, date, max(version) AS deleted_version
        FROM opportunities WHERE is_deleted AND ${stored} GROUP BY id_key, date
      ) AS gone USING (id_key, date)
    )
    WHERE ${unlessPlanned(apply, sql`position > 0 AND ${onDays}`)}`;
}

/**
 * The third plan: the deletion of rows on days that their record has left, or that it is deleted from, since ReplacingMergeTree
 * would never bring two days together.
 */
export const planMovesStatement = (apply: OpportunitiesApply): Sql =>
  sql`INSERT INTO planned_opportunities (run_id, date, change, opportunity_id, version)
      SELECT ${bind('UUID', apply.runId)}, date, if(what IN ('deleted', 'noted'), 'gone', 'moved'), opportunity_id, write_version
      FROM planned_opportunities
      INNER JOIN (
        SELECT id_key, change AS what, version AS write_version FROM planned_opportunities
        WHERE ${ofRun(apply)} AND change IN ('added', 'changed', 'deleted', 'noted')
          AND id_key IN (SELECT id_key FROM planned_opportunities WHERE ${ofRun(apply)} AND change = 'elsewhere')
      ) AS written USING (id_key)
      WHERE ${ofRun(apply)} AND change = 'elsewhere' AND ${unlessPlanned(apply, sql`change IN ('moved', 'gone')`)}`;

/** By day: how many rows of each kind were planned. */
export const plannedStatement = (runId: string): Sql =>
  sql`SELECT toUInt16(date) AS day, change, count() AS rows FROM planned_opportunities
      WHERE ${ofRun({ runId })} AND change != 'elsewhere' GROUP BY date, change ORDER BY date`;

/** Writes what was planned for some days. Of a deleted row only its key and version matter: the rest is the types' defaults. */
export function insertPlannedStatement(apply: OpportunitiesApply, days: readonly Day[]): Sql {
  const of = sql`${ofRun(apply)} AND date IN (${daysIn(days)})`;
  return sql`
    ${insertSelect(opportunityTable, {
      opportunity_id: sql`if(position > 0, staged_id, deleted_id)`,
      workspace: sql`${bind('String', apply.workspace)}`,
      namespace: sql`${bind('String', apply.namespace)}`,
      source: sql`${bind('String', apply.source)}`,
      is_deleted: sql`position = 0 OR change IN ('deleted', 'noted')`,
    })}
    FROM (
      SELECT ${distinct(apply)} position, opportunity_id AS staged_id, ${content}
      FROM staged_opportunities WHERE ${of}
    ) AS fresh
    RIGHT JOIN (
      SELECT date, position, change, opportunity_id AS deleted_id, ${attribution}, version
      FROM planned_opportunities WHERE ${of} AND change IN ('added', 'changed', 'moved', 'removed', 'deleted', 'gone', 'noted')
    ) AS planned USING (position)`;
}
