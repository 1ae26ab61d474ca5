import { z } from 'zod';
import { columnsOf } from '../../clickhouse/columns-of.ts';
import { retryWhileAway } from '../../clickhouse/errors.ts';
import type { Sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { UtmqlError } from '../../errors.ts';
import { type AdPerformance, adFigures } from '../../records/ad-performance.ts';
import type { Day } from '../../records/day.ts';
import type { DuplicateRule } from '../../sources/mapping/feed-rules.ts';
import type { DayChanges, IngestMode } from '../runs/run.ts';
import { columnSet } from '../storage/column-set.ts';
import { conflictError } from '../storage/conflict-error.ts';
import { groupDays, inLanes } from '../storage/day-groups.ts';
import { rowFormat } from '../storage/record-table.ts';
import {
  type Applied,
  type ApplyOptions,
  type Extent,
  type RunStage,
  type StageOptions,
  takesNothing,
} from '../storage/stage.ts';
import { createStagedRows, expectAll, readSettings, writeSettings } from '../storage/staged-rows.ts';
import {
  type AdsApply,
  type AdsDays,
  adChangesStatement,
  adConflictStatement,
  adDuplicatesStatement,
  adKeysStatement,
  insertChangedAdsStatement,
  insertFreshAdsStatement,
  ownAdsStatement,
  ownDaysStatement,
  stagedAdsStatement,
  storedAdsStatement,
  sumDuplicatesStatement,
} from './ad-performance-statements.ts';
import { adPerformanceTable } from './ad-performance-table.ts';
import { expectSameBreakdowns } from './breakdown-check.ts';

const stagedRow = rowFormat(
  adPerformanceTable,
  columnSet<{ updated: number; isUnread: boolean }>()({ updated: 'UInt64', is_unread: 'UInt8' }),
);

const keysRow = z.object({ day: z.number(), rows: z.number(), read: z.number(), keys: z.number() });
const duplicatesRow = z.object({
  day: z.number(),
  identical: z.number(),
  conflicting: z.number(),
  unexplained: z.number(),
});
const conflictRow = z.object({
  day: z.number(),
  campaign_id: z.string(),
  ...columnsOf(adFigures, () => z.number()),
  extra: z.string(),
});
const storedRow = z.object({ day: z.number(), rows: z.number() });
const dayRow = z.object({ day: z.number() });
const weightRow = z.object({ rows: z.number(), cost: z.number() });
const changesRow = z.object({
  day: z.number(),
  added: z.number(),
  changed: z.number(),
  unchanged: z.number(),
  outdated: z.number(),
  removed: z.number(),
  foreign: z.number(),
  rivals: z.array(z.string()),
  cost_before: z.number(),
  cost_after: z.number(),
});

/** What is known of the staged rows once they have been looked at. */
interface Census {
  /** Keys that each day has. */
  readonly keys: ReadonlyMap<Day, number>;
  /** Days on which a key came more than once. */
  readonly repeating: ReadonlySet<Day>;
}

export interface AdsStage extends RunStage<AdPerformance> {
  /** Tells of a row of which only the key could be read: what is stored of it stays. */
  keep(record: AdPerformance): void;
}

/**
 * Stages ads rows; see `Stage`. A row is known by its day and key; `duplicates` says what becomes of rows with one key.
 *
 * `changes` and `apply` throw UtmqlError SOURCE_MALFORMED where the rule is `fail` and rows have one key and other figures.
 */
export function createAdsStage(
  options: StageOptions & { readonly store: Store; readonly duplicates: DuplicateRule },
): AdsStage {
  const { store, runId, requestId } = options;
  const rows = createStagedRows({
    ...options,
    table: 'staged_ad_performance',
    row: stagedRow,
  });
  const select = <T>(row: z.ZodType<T>, statement: Sql): Promise<T[]> =>
    retryWhileAway(() => store.select(row, statement, { requestId, settings: readSettings }));
  const staging = {
    requestId,
    settings: writeSettings,
    repeatable: true,
    queryIdPrefix: `${runId}.`,
    changesAnswersOf: [],
  };
  const writing = { ...staging, changesAnswersOf: [options.workspace] };
  const duplicates = { identical: 0, conflicting: 0, summed: 0 };
  const folded = new Map<Day, number>();
  const overwritten = new Map<Day, number>();
  const rivals = new Set<string>();
  const rowsOf = (day: Day): number => rows.days.get(day) ?? 0;
  let census: Promise<Census> | undefined;
  let unread = 0;

  const add = (record: AdPerformance, isUnread: boolean): void => {
    rows.add(record, { updated: (record.updatedAt ?? 0) * 1_000, isUnread });
  };
  const takeCensus = async (): Promise<Census> => {
    const keys = new Map<Day, number>();
    const repeating = new Set<Day>();
    let seen = 0;
    folded.clear();
    await inLanes(groupDays(rows.days.keys(), rowsOf), async (days) => {
      const found = await select(keysRow, adKeysStatement(runId, days));
      for (const row of found) {
        keys.set(row.day, row.keys);
        seen += row.rows;
        if (row.read > row.keys) repeating.add(row.day);
      }
      const repeated = days.filter((day) => repeating.has(day));
      if (repeated.length === 0) return;
      for (const counted of await select(duplicatesRow, adDuplicatesStatement(runId, repeated))) {
        duplicates.identical += counted.identical;
        duplicates.conflicting += counted.conflicting;
        if (counted.unexplained > 0) folded.set(counted.day, counted.unexplained);
      }
    });
    expectAll(rows.count, seen);
    const unexplained = [...folded.values()].reduce((all, count) => all + count, 0);
    if (options.duplicates === 'fail' && unexplained > 0) throw await conflict([...repeating], unexplained);
    if (options.duplicates === 'sum') await sum([...repeating]);
    return { keys, repeating };
  };
  const sum = async (repeating: readonly Day[]): Promise<void> => {
    await inLanes(groupDays(repeating, rowsOf), async (days) => {
      await store.command(sumDuplicatesStatement(runId, days, rows.count), staging);
    });
    duplicates.summed = duplicates.identical + duplicates.conflicting;
    duplicates.identical = 0;
    duplicates.conflicting = 0;
    folded.clear();
  };
  const conflict = async (repeating: readonly Day[], count: number): Promise<UtmqlError> => {
    const found = await select(conflictRow, adConflictStatement(runId, repeating));
    return conflictError(options.source, count, found);
  };
  const look = (): Promise<Census> => {
    census ??= takeCensus().catch((error: unknown) => {
      census = undefined;
      duplicates.identical = 0;
      duplicates.conflicting = 0;
      duplicates.summed = 0;
      throw error;
    });
    return census;
  };
  /** How many rows each of the days already has in the table. */
  const lookUp = async (days: readonly Day[]): Promise<ReadonlyMap<Day, number>> => {
    const found = await select(storedRow, storedAdsStatement(options.workspace, days));
    return new Map(found.map((row) => [row.day, row.rows]));
  };

  /** Days of the feed, and those that it says are empty. */
  const daysOf = async ({ mode, skipDays, wholeRange }: Extent): Promise<Day[]> => {
    const own =
      mode === 'replace' && wholeRange !== undefined
        ? await select(dayRow, ownDaysStatement(options, wholeRange))
        : [];
    const days = new Set([...rows.days.keys(), ...own.map(({ day }) => day)]);
    return [...days].filter((day) => !skipDays?.has(day));
  };
  /** Days of one statement each: those of which the feed may lack something apart. */
  const partsOf = (
    days: readonly Day[],
    { unclearDays }: Extent,
    { repeating }: Census,
    weight: (day: Day) => number,
  ): AdsDays[] => {
    const isWhole = (day: Day): boolean => unclearDays !== 'all' && !unclearDays?.has(day);
    const parts = (areWhole: boolean): AdsDays[] =>
      groupDays(
        days.filter((day) => isWhole(day) === areWhole),
        weight,
      ).map((group) => ({
        days: group,
        hasDuplicates: group.some((day) => repeating.has(day)),
        areWhole,
      }));
    return [...parts(true), ...parts(false)];
  };

  /** Of the days that already have rows. With `replace` those that are broken down by something else go. */
  const checkBreakdowns = async (mode: IngestMode, stored: ReadonlyMap<Day, number>): Promise<void> => {
    if (mode === 'replace') return;
    await inLanes(groupDays([...stored.keys()], rowsOf), (days) =>
      expectSameBreakdowns(select, options, days),
    );
  };

  const compare = async (statement: AdsApply, part: AdsDays): Promise<z.infer<typeof changesRow>[]> => {
    const found = await select(changesRow, adChangesStatement(statement, part));
    for (const row of found) {
      if (row.foreign > 0) overwritten.set(row.day, row.foreign);
      for (const rival of row.rivals) rivals.add(rival);
    }
    return found;
  };

  const changes: AdsStage['changes'] = async (extent) => {
    const taken = await look();
    const days = await daysOf(extent);
    const stored = await lookUp(days);
    await checkBreakdowns(extent.mode, stored);
    const found: DayChanges[] = [];
    const parts = partsOf(days, extent, taken, (day) => rowsOf(day) + (stored.get(day) ?? 0));
    await inLanes(parts, async (part) => {
      for (const row of await compare({ ...options, mode: extent.mode }, part)) {
        if (row.added + row.changed + row.removed > 0) found.push(toDayChanges(row));
      }
    });
    return found.sort((a, b) => a.day - b.day);
  };

  const weigh: AdsStage['weigh'] = async (extent) => {
    if (extent.mode === 'upsert') return takesNothing;
    const taken = await look();
    const days = await daysOf(extent);
    const apply = { ...options, mode: extent.mode };
    const weights = { stored: { rows: 0, cost: 0 }, staged: { rows: 0, cost: 0 } };
    const weighIn = async (side: keyof typeof weights, statement: Sql): Promise<void> => {
      const [row] = await select(weightRow, statement);
      weights[side].rows += row?.rows ?? 0;
      weights[side].cost += row?.cost ?? 0;
    };
    const stored = await lookUp(days);
    const parts = partsOf(days, extent, taken, (day) => rowsOf(day) + (stored.get(day) ?? 0));
    await inLanes(parts, async (part) => {
      await weighIn('stored', ownAdsStatement(apply, part.days));
      await weighIn('staged', stagedAdsStatement(apply, part));
    });
    return { ...weights, days: days.length };
  };

  const apply = async ({ onDays, signal, ...extent }: ApplyOptions): Promise<Applied> => {
    signal.throwIfAborted();
    const { mode } = extent;
    const statement: AdsApply = { ...options, mode };
    const taken = await look();
    const { keys } = taken;
    const keysOf = (days: readonly Day[]): number => days.reduce((sum, day) => sum + (keys.get(day) ?? 0), 0);
    const touched = new Set<Day>();
    const result = { written: 0, changed: 0, removed: 0, outdated: 0 };

    const write = async (days: readonly Day[], insert: () => Promise<void>): Promise<void> => {
      await onDays(days);
      signal.throwIfAborted();
      await insert();
      for (const day of days) touched.add(day);
    };
    const writeFresh = async (part: AdsDays): Promise<void> => {
      await write(part.days, () => store.command(insertFreshAdsStatement(statement, part), writing));
      result.written += keysOf(part.days);
      result.changed += keysOf(part.days);
    };
    const writeChanged = async (part: AdsDays): Promise<void> => {
      const found = await compare(statement, part);
      signal.throwIfAborted();
      const differing = found.filter((row) => row.added + row.changed + row.removed > 0);
      const differingDays = differing.map(({ day }) => day);
      if (differing.length > 0) {
        const removes = differing.some(({ removed }) => removed > 0);
        await write(differingDays, () =>
          store.command(
            insertChangedAdsStatement(statement, { ...part, days: differingDays }, removes),
            writing,
          ),
        );
      }
      for (const row of found) {
        result.written += row.added + row.changed + row.unchanged;
        result.changed += row.added + row.changed;
        result.removed += row.removed;
        result.outdated += row.outdated;
      }
    };

    const days = await daysOf(extent);
    const stored = await lookUp(days);
    const isFresh = (day: Day): boolean => !stored.has(day);
    await checkBreakdowns(mode, stored);
    const fresh = partsOf(days.filter(isFresh), extent, taken, rowsOf).map((part) => () => writeFresh(part));
    const changed = partsOf(
      days.filter((day) => !isFresh(day)),
      extent,
      taken,
      (day) => rowsOf(day) + (stored.get(day) ?? 0),
    ).map((part) => () => writeChanged(part));
    await inLanes([...fresh, ...changed], async (work) => {
      signal.throwIfAborted();
      await work();
    });
    return { ...result, superseded: keysOf([...keys.keys()]) - keysOf(days), touched };
  };

  return {
    add: (record) => add(record, false),
    keep(record) {
      unread += 1;
      add(record, true);
    },
    get full() {
      return rows.full;
    },
    send: () => rows.send(),
    finish: () => rows.finish(),
    progress: () => ({
      staged: rows.count - unread,
      duplicates,
      folded,
      overlap: { days: overwritten, sources: rivals },
      days: new Set(rows.days.keys()),
    }),
    changes,
    weigh,
    apply,
    discard: () => rows.discard([]),
  };
}

const toDayChanges = (row: z.infer<typeof changesRow>): DayChanges => ({
  day: row.day,
  added: row.added,
  changed: row.changed,
  removed: row.removed,
  costBefore: row.cost_before,
  costAfter: row.cost_after,
});
