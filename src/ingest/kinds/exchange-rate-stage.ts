import { z } from 'zod';
import { retryWhileAway } from '../../clickhouse/errors.ts';
import type { Sql } from '../../clickhouse/sql.ts';
import type { Store } from '../../clickhouse/store.ts';
import type { Day } from '../../records/day.ts';
import type { ExchangeRate } from '../../records/exchange-rate.ts';
import type { DuplicateRule } from '../../sources/mapping/feed-rules.ts';
import type { IngestMode } from '../runs/run.ts';
import { columnSet } from '../storage/column-set.ts';
import { groupDays, inLanes } from '../storage/day-groups.ts';
import { rowFormat } from '../storage/record-table.ts';
import { type Extent, type RunStage, type StageOptions, takesNothing } from '../storage/stage.ts';
import { createStagedRows, expectAll, readSettings, writeSettings } from '../storage/staged-rows.ts';
import { rateConflict, rateConflictError } from './exchange-rate-conflicts.ts';
import {
  insertRatesStatement,
  ownRatesStatement,
  type RateDays,
  type RatesApply,
  rateChangesStatement,
  rateConflictStatement,
  rateDuplicatesStatement,
  rateKeysStatement,
} from './exchange-rate-statements.ts';
import { exchangeRateTable } from './exchange-rate-table.ts';

const stagedRow = rowFormat(
  exchangeRateTable,
  columnSet<{ updated: number; isUnread: boolean }>()({ updated: 'UInt64', is_unread: 'UInt8' }),
);

const keysRow = z.object({ day: z.number(), rows: z.number(), keys: z.number() });
const duplicatesRow = z.object({ identical: z.number(), conflicting: z.number(), unexplained: z.number() });
const countRow = z.object({ rows: z.number() });
const changesRow = z.object({
  day: z.number(),
  added: z.number(),
  changed: z.number(),
  unchanged: z.number(),
  outdated: z.number(),
  removed: z.number(),
  foreign: z.number(),
  rivals: z.array(z.string()),
});
type Changes = z.infer<typeof changesRow>;

const differs = ({ added, changed, removed }: Changes): boolean => added + changed + removed > 0;

export interface RatesStage extends RunStage<ExchangeRate> {
  /** Tells of a rate of which only the key could be read: what is stored of it stays. */
  keep(record: ExchangeRate): void;
}

/**
 * Stages exchange rates; see `Stage`. A rate is known by its day, base and quote. A day is replaced by itself: days that the feed
 * does not have keep their rates, since a feed can be of one day whatever it is asked for.
 *
 * `changes`, `weigh` and `apply` throw UtmqlError SOURCE_MALFORMED where `duplicates` is `fail` and one key has several rates.
 */
export function createRatesStage(
  options: StageOptions & { readonly store: Store; readonly duplicates: DuplicateRule },
): RatesStage {
  const { store, runId, requestId } = options;
  const rows = createStagedRows({ ...options, table: 'staged_exchange_rates', row: stagedRow });
  const select = <T>(row: z.ZodType<T>, statement: Sql): Promise<T[]> =>
    retryWhileAway(() => store.select(row, statement, { requestId, settings: readSettings }));
  const duplicates = { identical: 0, conflicting: 0 };
  const overwritten = new Map<Day, number>();
  const rivals = new Set<string>();
  let keys: Promise<ReadonlyMap<Day, number>> | undefined;
  let unread = 0;

  const add = (record: ExchangeRate, isUnread: boolean): void =>
    rows.add(record, { updated: (record.updatedAt ?? 0) * 1_000, isUnread });
  const groupsOf = (days: Iterable<Day>): Day[][] => groupDays(days, (day) => rows.days.get(day) ?? 0);

  /** How many keys each day has. */
  const countKeys = async (): Promise<ReadonlyMap<Day, number>> => {
    const found = new Map<Day, number>();
    let seen = 0;
    let unexplained = 0;
    Object.assign(duplicates, { identical: 0, conflicting: 0 });
    await inLanes(groupsOf(rows.days.keys()), async (days) => {
      for (const row of await select(keysRow, rateKeysStatement(runId, days))) {
        found.set(row.day, row.keys);
        seen += row.rows;
      }
      for (const counted of await select(duplicatesRow, rateDuplicatesStatement(runId, days))) {
        duplicates.identical += counted.identical;
        duplicates.conflicting += counted.conflicting;
        unexplained += counted.unexplained;
      }
    });
    expectAll(rows.count, seen);
    if (options.duplicates === 'fail' && unexplained > 0) await refuseConflict(unexplained);
    return found;
  };
  const refuseConflict = async (count: number): Promise<never> => {
    for (const days of groupsOf(rows.days.keys())) {
      const [example] = await select(rateConflict, rateConflictStatement(runId, days));
      if (example !== undefined) throw rateConflictError(options.source, count, example);
    }
    throw rateConflictError(options.source, count, undefined);
  };
  const look = (): Promise<ReadonlyMap<Day, number>> => {
    keys ??= countKeys().catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    return keys;
  };

  /** Days of one statement each: those of which the feed may lack something apart. */
  const partsOf = ({ skipDays, unclearDays }: Extent): RateDays[] => {
    const days = [...rows.days.keys()].filter((day) => !skipDays?.has(day));
    const isWhole = (day: Day): boolean => unclearDays !== 'all' && !unclearDays?.has(day);
    return [true, false].flatMap((areWhole) =>
      groupsOf(days.filter((day) => isWhole(day) === areWhole)).map((group) => ({ days: group, areWhole })),
    );
  };
  const compare = async (apply: RatesApply, part: RateDays): Promise<Changes[]> => {
    const found = await select(changesRow, rateChangesStatement(apply, part));
    for (const row of found) {
      if (row.foreign > 0) overwritten.set(row.day, row.foreign);
      for (const rival of row.rivals) rivals.add(rival);
    }
    return found;
  };
  const applyOf = (mode: IngestMode): RatesApply => ({ ...options, mode });

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
      overlap: { days: overwritten, sources: rivals },
      days: new Set(rows.days.keys()),
    }),
    async changes(extent) {
      await look();
      const found: Changes[] = [];
      await inLanes(partsOf(extent), async (part) => {
        found.push(...(await compare(applyOf(extent.mode), part)).filter(differs));
      });
      return found
        .sort((a, b) => a.day - b.day)
        .map(({ day, added, changed, removed }) => ({
          day,
          added,
          changed,
          removed,
          costBefore: 0,
          costAfter: 0,
        }));
    },
    async weigh(extent) {
      if (extent.mode === 'upsert') return takesNothing;
      const counted = await look();
      const weights = { stored: { rows: 0, cost: 0 }, staged: { rows: 0, cost: 0 } };
      let days = 0;
      await inLanes(partsOf(extent), async (part) => {
        const [row] = await select(countRow, ownRatesStatement(applyOf(extent.mode), part.days));
        weights.stored.rows += row?.rows ?? 0;
        for (const day of part.days) weights.staged.rows += counted.get(day) ?? 0;
        days += part.days.length;
      });
      return { ...weights, days };
    },
    async apply({ onDays, signal, ...extent }) {
      signal.throwIfAborted();
      const counted = await look();
      const parts = partsOf(extent);
      const apply = applyOf(extent.mode);
      const touched = new Set<Day>();
      const result = { written: 0, changed: 0, removed: 0, outdated: 0 };
      await inLanes(parts, async (part) => {
        signal.throwIfAborted();
        const found = await compare(apply, part);
        const differing = found.filter(differs);
        const days = differing.map(({ day }) => day);
        if (days.length > 0) {
          await onDays(days);
          signal.throwIfAborted();
          const removes = differing.some(({ removed }) => removed > 0);
          await store.command(insertRatesStatement(apply, { ...part, days }, removes), {
            requestId,
            settings: writeSettings,
            repeatable: true,
            queryIdPrefix: `${runId}.`,
            changesAnswersOf: [options.workspace],
          });
          for (const day of days) touched.add(day);
        }
        for (const row of found) {
          result.written += row.added + row.changed + row.unchanged;
          result.changed += row.added + row.changed;
          result.removed += row.removed;
          result.outdated += row.outdated;
        }
      });
      const taken = new Set(parts.flatMap(({ days }) => days));
      const superseded = [...counted].reduce((sum, [day, count]) => (taken.has(day) ? sum : sum + count), 0);
      return { ...result, superseded, touched };
    },
    discard: () => rows.discard([]),
  };
}
