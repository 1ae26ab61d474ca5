import { z } from 'zod';
import { retryWhileAway } from '../../clickhouse/errors.ts';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { Sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { Day } from '../../records/day.ts';
import type { Opportunity } from '../../records/opportunity.ts';
import type { DayChanges } from '../runs/run.ts';
import { columnSet } from '../storage/column-set.ts';
import { groupDays, inLanes } from '../storage/day-groups.ts';
import { rowFormat } from '../storage/record-table.ts';
import {
  type Applied,
  type ApplyOptions,
  type Extent,
  type RunStage,
  type StageOptions,
  takesNothing,
  type Weights,
} from '../storage/stage.ts';
import { createStagedRows, dropRun, expectAll, readSettings, writeSettings } from '../storage/staged-rows.ts';
import {
  allOwnOpportunitiesStatement,
  insertPlannedStatement,
  type OpportunitiesApply,
  opportunityDuplicatesStatement,
  opportunityKeysStatement,
  ownOpportunitiesStatement,
  planMovesStatement,
  plannedChanges,
  plannedStatement,
  planRecordsStatement,
  planStoredStatement,
  stagedDeletionsStatement,
  stagedOpportunitiesStatement,
} from './opportunity-statements.ts';
import { opportunityTable } from './opportunity-table.ts';

const stagedRow = rowFormat(
  opportunityTable,
  columnSet<{ updated: number; isDeleted: boolean }>()({ updated: 'UInt64', is_deleted: 'UInt8' }),
);

const duplicatesRow = z.object({ identical: z.number(), conflicting: z.number() });
const countRow = z.object({ rows: z.number() });
const keysRow = z.object({ rows: z.number(), keys: z.number() });
const plannedRow = z.object({ day: z.number(), change: z.enum(plannedChanges), rows: z.number() });

type DayPlan = Record<(typeof plannedChanges)[number], number>;
const nothing: DayPlan = {
  added: 0,
  changed: 0,
  moved: 0,
  removed: 0,
  unchanged: 0,
  outdated: 0,
  superseded: 0,
  deleted: 0,
  gone: 0,
  noted: 0,
  absent: 0,
};

/** Up to so many deletions need no second look: each is the word of the CRM on one record. */
const fewDeletions = 20;

/** Rows that change what readers see. */
const rowsToChange = ({ added, changed, moved, removed, deleted, gone }: DayPlan): number =>
  added + changed + moved + removed + deleted + gone;
/** The deletion of a record that is not stored is written, too: an older state of it may still come. */
const rowsToWrite = (day: DayPlan): number => rowsToChange(day) + day.noted;

interface OpportunityPlan {
  readonly apply: OpportunitiesApply;
  readonly byDay: ReadonlyMap<Day, DayPlan>;
}

/**
 * Stages CRM records; see `Stage`. A record is known by its id within its namespace, on whatever day; of rows with one id the
 * newest counts. One that the CRM has deleted takes what is stored of it away.
 *
 * @param options.lock held from look-up to write, so that two writers cannot both move one record
 */
export function createOpportunityStage(
  options: StageOptions & { readonly store: Store; readonly namespace: string; readonly lock: Lock },
): RunStage<Opportunity> {
  const { store, runId, requestId, lock } = options;
  const rows = createStagedRows({
    ...options,
    table: 'staged_opportunities',
    row: stagedRow,
  });
  const select = <T>(row: z.ZodType<T>, statement: Sql): Promise<T[]> =>
    retryWhileAway(() => store.select(row, statement, { requestId, settings: readSettings }));
  const planning = {
    requestId,
    settings: writeSettings,
    repeatable: true,
    queryIdPrefix: `${runId}.`,
    changesAnswersOf: [],
  };
  const writing = { ...planning, changesAnswersOf: [options.workspace] };
  let duplicates = { identical: 0, conflicting: 0 };

  /** Counts the duplicates; says whether some id has several rows, be it that an INSERT was repeated. */
  const findDuplicates = async (): Promise<boolean> => {
    duplicates = { identical: 0, conflicting: 0 };
    const [staged] = await select(keysRow, opportunityKeysStatement(runId));
    expectAll(rows.count, staged?.rows ?? 0);
    if (staged === undefined || staged.rows === staged.keys) return false;
    const [found] = await select(duplicatesRow, opportunityDuplicatesStatement(runId));
    duplicates = found ?? duplicates;
    return true;
  };

  /** What is to be written, by day: worked out on the server, where the plan stays until it is written or dropped. */
  const plan = async (call: Extent): Promise<OpportunityPlan> => {
    const skipDays = call.skipDays ?? new Set();
    await dropRun(store, 'planned_opportunities', runId);
    const apply = {
      ...options,
      mode: call.mode,
      skipDays: [...skipDays],
      hasDuplicates: await findDuplicates(),
    };
    const days = [...rows.days.keys()];
    const { unclearDays } = call;
    const isWhole = (day: Day): boolean => unclearDays !== 'all' && !unclearDays?.has(day);
    const returned = days.filter((day) => !skipDays.has(day) && isWhole(day));
    await store.command(planStoredStatement(apply, returned), planning);
    await inLanes(
      groupDays(days, (day) => rows.days.get(day) ?? 0),
      (group) => store.command(planRecordsStatement(apply, group), planning),
    );
    await store.command(planMovesStatement(apply), planning);
    const byDay = new Map<Day, DayPlan>();
    for (const row of await select(plannedRow, plannedStatement(runId))) {
      byDay.set(row.day, { ...nothing, ...byDay.get(row.day), [row.change]: row.rows });
    }
    return { apply, byDay };
  };

  const apply = async (call: ApplyOptions): Promise<Applied> => {
    call.signal.throwIfAborted();
    if (rows.count === 0) {
      return {
        written: 0,
        changed: 0,
        removed: 0,
        deleted: 0,
        outdated: 0,
        superseded: 0,
        touched: new Set(),
      };
    }
    const { apply: planned, byDay } = await plan(call);
    const daysWith = (rows: (day: DayPlan) => number): Day[] =>
      [...byDay].filter(([, day]) => rows(day) > 0).map(([day]) => day);
    const days = daysWith(rowsToChange);
    if (days.length > 0) {
      call.signal.throwIfAborted();
      await call.onDays(days);
    }
    // From here to the end, whatever the signal: between two statements a record that moves can be on two days, or on none.
    await inLanes(
      groupDays(daysWith(rowsToWrite), (day) => rowsToWrite(byDay.get(day) ?? nothing)),
      (group) => store.command(insertPlannedStatement(planned, group), writing),
    );
    const total = sumOf(byDay.values());
    return {
      written: total.added + total.changed + total.unchanged,
      changed: total.added + total.changed,
      removed: total.removed + total.deleted + total.gone,
      deleted: total.deleted + total.noted + total.absent,
      outdated: total.outdated,
      superseded: total.superseded,
      touched: new Set(days),
    };
  };

  const changes: RunStage<Opportunity>['changes'] = async (call) => {
    if (rows.count === 0) return [];
    const { byDay } = await plan(call);
    return [...byDay].filter(([, day]) => rowsToChange(day) > 0).map(toDayChanges);
  };

  /** An `upsert` takes away only what it says is deleted, of whatever day. */
  const weighDeletions = async (): Promise<Weights> => {
    const [deletions] = await select(countRow, stagedDeletionsStatement(runId));
    if (deletions === undefined || deletions.rows <= fewDeletions) return takesNothing;
    const [stored] = await select(countRow, allOwnOpportunitiesStatement(options));
    const rows = stored?.rows ?? 0;
    return {
      stored: { rows, cost: 0 },
      staged: { rows: Math.max(0, rows - deletions.rows), cost: 0 },
      days: undefined,
    };
  };

  const weigh: RunStage<Opportunity>['weigh'] = async ({ mode, skipDays }) => {
    if (mode === 'upsert') return weighDeletions();
    const days = [...rows.days.keys()].filter((day) => !skipDays?.has(day));
    const [stored] = await select(countRow, ownOpportunitiesStatement(options, days));
    const [staged] = await select(countRow, stagedOpportunitiesStatement(runId, days));
    const weight = (count = 0) => ({ rows: count, cost: 0 });
    return { stored: weight(stored?.rows), staged: weight(staged?.rows), days: days.length };
  };

  return {
    add(record) {
      rows.add(record, { updated: (record.updatedAt ?? 0) * 1_000, isDeleted: record.isDeleted });
    },
    get full() {
      return rows.full;
    },
    send: () => rows.send(),
    finish: () => rows.finish(),
    progress: () => ({
      staged: rows.count,
      duplicates,
      days: new Set(rows.days.keys()),
    }),
    weigh,
    changes: (call) => lock.runExclusive(() => changes(call)),
    apply: (call) => lock.runExclusive(() => apply(call)),
    discard: () => rows.discard(['planned_opportunities']),
  };
}

function sumOf(days: Iterable<DayPlan>): DayPlan {
  const total = { ...nothing };
  for (const day of days) for (const change of plannedChanges) total[change] += day[change];
  return total;
}

const toDayChanges = ([day, { added, changed, moved, removed, deleted, gone }]: readonly [
  Day,
  DayPlan,
]): DayChanges => ({
  day,
  added,
  changed,
  removed: moved + removed + deleted + gone,
  costBefore: 0,
  costAfter: 0,
});
