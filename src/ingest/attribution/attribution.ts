import { z } from 'zod';
import type { Aliases } from '../../aliases/aliases.ts';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { CallOptions, Store } from '../../clickhouse/store.ts';
import type { DayRange } from '../../metrics/query.ts';
import type { Day } from '../../records/day.ts';
import { attributionStatement } from './attribution-statement.ts';
import { daysOfNewNamesStatement, newNamesStatement, rememberNamesStatement } from './campaign-names.ts';

/** Days of opportunities worked out by one statement: bounds its memory and stays below 100 partitions. */
const daysPerStatement = 31;

const newNamesRow = z.object({ names: z.number() });
const dayRow = z.object({ day: z.number() });

/** Works out which (channel, campaign) each opportunity belongs to, whenever either side has changed. */
export interface Attribution {
  /**
   * Ads rows of these days have changed: opportunities of the same and the following days may match anew, and those of any day that
   * carry a name which a campaign has for the first time. Returns the ranges that were looked at.
   *
   * @param markFurther makes days of opportunities durable that are to be attributed as well, before anything tells that they are
   */
  afterAds(
    workspace: string,
    days: Iterable<Day>,
    call: CallOptions,
    markFurther: (days: readonly Day[]) => Promise<void>,
  ): Promise<readonly DayRange[]>;
  /** Opportunities of these days have changed. Returns the ranges that were looked at. */
  afterOpportunities(workspace: string, days: Iterable<Day>, call: CallOptions): Promise<readonly DayRange[]>;
}

export function createAttribution(options: {
  store: Store;
  windowDays: number;
  /** Asked for each time: a reload changes them. */
  aliases: () => Aliases;
  /** The lock of `createOpportunityWriter`: rows are read, matched and written back with no writer in between. */
  lock: Lock;
}): Attribution {
  const { store, windowDays, lock } = options;
  const rules = () => ({ windowDays, aliases: options.aliases() });
  // Both run over days of a whole feed.
  const unbounded = { max_execution_time: 0, max_memory_usage: '0' };
  const run = async (workspace: string, ranges: readonly DayRange[], call: CallOptions) => {
    for (const range of ranges) {
      await lock.runExclusive(() =>
        store.command(attributionStatement(workspace, range, rules()), {
          ...call,
          changesAnswersOf: [workspace],
          // A figure that goes from A to B and back to A gives the first block again; it must not be taken for a repeat.
          settings: { insert_deduplicate: 0, ...unbounded },
        }),
      );
    }
    return ranges;
  };
  /** Days of opportunities, outside of the ranges, that carry a name which the days give a campaign for the first time. */
  const furtherDays = async (
    workspace: string,
    days: readonly Day[],
    ranges: readonly DayRange[],
    call: CallOptions,
  ): Promise<readonly Day[]> => {
    const [found] = await store.select(newNamesRow, newNamesStatement(workspace, days), call);
    if (found === undefined || found.names === 0) return [];
    const rows = await store.select(dayRow, daysOfNewNamesStatement(workspace, days, rules()), call);
    return rows
      .map(({ day }) => day)
      .filter((day) => !ranges.some(({ from, to }) => day >= from && day <= to));
  };
  return {
    async afterAds(workspace, days, call, markFurther) {
      const changed = [...days];
      const ranges = toRanges(changed, windowDays);
      const further = await furtherDays(workspace, changed, ranges, call);
      await markFurther(further);
      await store.command(rememberNamesStatement(workspace, changed), {
        ...call,
        changesAnswersOf: [],
        settings: { insert_deduplicate: 0, ...unbounded },
      });
      return run(workspace, [...ranges, ...toRanges(further, 0)], call);
    },
    afterOpportunities: (workspace, days, call) => run(workspace, toRanges(days, 0), call),
  };
}

/** Days, each reaching `reach` days on, as ranges that neither overlap nor exceed `daysPerStatement`. */
export function toRanges(days: Iterable<Day>, reach: number): DayRange[] {
  const ranges: { from: Day; to: Day }[] = [];
  for (const day of [...days].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && day <= last.to + 1) last.to = Math.max(last.to, day + reach);
    else ranges.push({ from: day, to: day + reach });
  }
  return ranges.flatMap(({ from, to }) => {
    const parts: DayRange[] = [];
    for (let start = from; start <= to; start += daysPerStatement) {
      parts.push({ from: start, to: Math.min(start + daysPerStatement - 1, to) });
    }
    return parts;
  });
}
