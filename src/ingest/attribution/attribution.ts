import { z } from 'zod';
import type { Aliases } from '../../aliases/aliases.ts';
import type { Lock } from '../../clickhouse/leases/store-lock.ts';
import type { Sql } from '../../clickhouse/sql.ts';
import type { CallOptions, Store } from '../../clickhouse/store.ts';
import type { DayRange } from '../../metrics/query.ts';
import type { Day } from '../../records/day.ts';
import {
  attributeEventsStatement,
  attributeOpportunitiesStatement,
  daysOfNewSetsStatement,
  daysWithRowsStatement,
  newSetsByWorkspaceStatement,
} from './attribution-statement.ts';
import { daysOfNewNamesStatement, newNamesStatement, rememberNamesStatement } from './campaign-names.ts';
import { type AttributionRules, type KnownNames, knownNamesStatement } from './matching.ts';

/** Days of leads worked out by one statement: bounds its memory and stays below 100 partitions. */
const daysPerStatement = 31;

const newNamesRow = z.object({ names: z.number() });
const newEventsRow = z.object({ workspace: z.string(), days: z.array(z.number()) });
const dayRow = z.object({ day: z.number() });
const knownNamesRow = z
  .object({ spellings: z.number(), templates: z.number(), renamed: z.number() })
  .transform(
    ({ spellings, templates, renamed }): KnownNames => ({
      haveSpellings: spellings > 0,
      haveTemplates: templates > 0,
      haveRenamed: renamed > 0,
    }),
  );
/** What there may be. */
const anyNames: KnownNames = { haveSpellings: true, haveTemplates: true, haveRenamed: true };

/** Works out which (channel, campaign) each opportunity and event belongs to, whenever either side has changed. */
export interface Attribution {
  /**
   * Ads rows of these days have changed: opportunities and events of the same and the following days may match anew, and those of any
   * day that carry a name which a campaign has for the first time. Returns the ranges of opportunities that were looked at.
   *
   * @param markFurther makes days durable that are to be attributed as well, before anything tells that they are
   */
  afterAds(
    workspace: string,
    days: Iterable<Day>,
    call: CallOptions,
    markFurther: (days: readonly Day[]) => Promise<void>,
  ): Promise<readonly DayRange[]>;
  /** Opportunities of these days have changed. Returns the ranges that were looked at. */
  afterOpportunities(workspace: string, days: Iterable<Day>, call: CallOptions): Promise<readonly DayRange[]>;
  /** Days of events that nobody has looked at: of before this version, or of a process that has lost what it had noted. */
  daysOfNewEvents(
    call: CallOptions,
  ): Promise<readonly { readonly workspace: string; readonly days: readonly Day[] }[]>;
  /** Events of these days have come. Returns nothing: no opportunity is looked at. */
  afterEvents(workspace: string, days: Iterable<Day>, call: CallOptions): Promise<readonly DayRange[]>;
}

export function createAttribution(options: {
  store: Store;
  windowDays: number;
  /** Asked for each time: a reload changes them. */
  aliases: () => Aliases;
  /** The lock of `createOpportunityWriter`: rows are read, matched and written back with no writer in between. */
  lock: Lock;
  /** The same for the attribution of events, which waits for no run that writes opportunities. */
  eventLock: Lock;
}): Attribution {
  const { store, windowDays } = options;
  // All run over days of a whole feed.
  const unbounded = { max_execution_time: 0, max_memory_usage: '0' };

  const execute = async (
    lock: Lock,
    workspace: string,
    call: CallOptions,
    statementOf: (rules: AttributionRules, known: KnownNames) => Sql,
  ): Promise<void> =>
    lock.runExclusive(async () => {
      const rules = { windowDays, aliases: options.aliases() };
      const [known = anyNames] = await store.select(
        knownNamesRow,
        knownNamesStatement(workspace, rules.aliases),
        call,
      );
      await store.command(statementOf(rules, known), {
        ...call,
        changesAnswersOf: [workspace],
        // A figure that goes from A to B and back to A gives the first block again; it must not be taken for a repeat.
        settings: { insert_deduplicate: 0, ...unbounded },
      });
    });

  const daysOf = async (statement: Sql, call: CallOptions): Promise<readonly Day[]> => {
    const rows = await store.select(dayRow, statement, { ...call, settings: { max_rows_to_read: '0' } });
    return rows.map(({ day }) => day);
  };

  /** Does something for each range, of the part of it that holds the days which a statement finds. */
  const forDays = async (
    ranges: readonly DayRange[],
    call: CallOptions,
    found: (range: DayRange) => Sql,
    work: (range: DayRange) => Promise<void>,
  ): Promise<void> => {
    for (const range of ranges) {
      const days = await daysOf(found(range), call);
      if (days.length > 0) await work({ from: Math.min(...days), to: Math.max(...days) });
    }
  };

  const opportunities = (workspace: string, ranges: readonly DayRange[], call: CallOptions): Promise<void> =>
    forDays(
      ranges,
      call,
      (range) => daysWithRowsStatement('opportunities', workspace, range),
      (range) =>
        execute(options.lock, workspace, call, (rules, known) =>
          attributeOpportunitiesStatement(workspace, range, rules, known),
        ),
    );

  const events = (
    workspace: string,
    ranges: readonly DayRange[],
    call: CallOptions,
    which: 'known' | 'new',
  ): Promise<void> =>
    forDays(
      ranges,
      call,
      (range) =>
        which === 'new'
          ? daysOfNewSetsStatement(workspace, range)
          : daysWithRowsStatement('event_attributions', workspace, range),
      (range) =>
        execute(options.eventLock, workspace, call, (rules, known) =>
          attributeEventsStatement(workspace, range, rules, known, which),
        ),
    );

  /** Days of leads, outside of the ranges, that carry a name which the days give a campaign for the first time. */
  const furtherDays = async (
    workspace: string,
    days: readonly Day[],
    ranges: readonly DayRange[],
    call: CallOptions,
  ): Promise<readonly Day[]> => {
    const [found] = await store.select(newNamesRow, newNamesStatement(workspace, days), call);
    if (found === undefined || found.names === 0) return [];
    const rules = { windowDays, aliases: options.aliases() };
    const all = await daysOf(daysOfNewNamesStatement(workspace, days, rules), call);
    return all.filter((day) => !ranges.some(({ from, to }) => day >= from && day <= to));
  };

  return {
    async afterAds(workspace, days, call, markFurther) {
      const changed = [...days];
      const near = toRanges(changed, windowDays);
      const further = await furtherDays(workspace, changed, near, call);
      await markFurther(further);
      await store.command(rememberNamesStatement(workspace, changed), {
        ...call,
        changesAnswersOf: [],
        settings: { insert_deduplicate: 0, ...unbounded },
      });
      const ranges = [...near, ...toRanges(further, 0)];
      await opportunities(workspace, ranges, call);
      await events(workspace, ranges, call, 'known');
      return ranges;
    },
    async afterOpportunities(workspace, days, call) {
      const ranges = toRanges(days, 0);
      await opportunities(workspace, ranges, call);
      return ranges;
    },
    daysOfNewEvents: (call) =>
      store.select(newEventsRow, newSetsByWorkspaceStatement, {
        ...call,
        settings: { max_execution_time: 0, max_rows_to_read: '0' },
      }),
    async afterEvents(workspace, days, call) {
      await events(workspace, toRanges(days, 0), call, 'new');
      return [];
    },
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
