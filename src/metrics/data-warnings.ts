import { type Day, formatDay } from '../records/day.ts';
import { type DataPresence, readsEvents, sidesOf } from './data-presence.ts';
import { spanOf, spansOf } from './day-spans.ts';
import type { DayRange, MetricsQuery } from './query.ts';
import type { Side } from './registry.ts';
import type { Warning } from './warnings.ts';

/** For how many days ads rows and CRM records are kept, and for how many events are. */
export interface KeptDays {
  readonly records: number;
  readonly events: number;
}

const rowsOf: Readonly<Record<Side, string>> = { ads: 'ads rows', crm: 'CRM records' };

/**
 * Returns warnings about days of the range, or of the range that it is compared to, that have no data or are not kept. Whatever
 * the query filters, a day has data if the table has a row of it that the caller may see. Single days without CRM records are
 * usual; single days without ads rows are not.
 *
 * @param kept.today days after it have no data yet
 * @param kept.days how long rows are kept
 */
export async function dataWarnings(
  query: MetricsQuery,
  presence: DataPresence,
  kept: { readonly today: Day; readonly days: KeptDays },
): Promise<readonly Warning[]> {
  const ranges = [
    { range: query.range, role: '' },
    ...(query.compareTo ? [{ range: query.compareTo.range, role: ', which the range is compared to' }] : []),
  ];
  const keptBySide = [
    ...(sidesOf(query).length > 0
      ? [{ what: 'Days', days: kept.days.records, by: 'DATA_RETENTION_DAYS' }]
      : []),
    ...(readsEvents(query) ? [{ what: 'Events', days: kept.days.events, by: 'EVENT_RETENTION_DAYS' }] : []),
  ];
  const found = ranges.map(async ({ range, role }) => {
    const toToday = { from: range.from, to: Math.min(range.to, kept.today) };
    const absent = toToday.from > toToday.to ? [] : await absentDays(query, toToday, presence, kept.today);
    return [
      ...keptBySide.flatMap((rows) => beyondRetention(range, role, kept.today, rows)),
      ...absent.map((text) => ({ code: 'NO_DATA', message: `${text}${role}.` }) as const),
    ];
  });
  return (await Promise.all(found)).flat();
}

function beyondRetention(
  range: DayRange,
  role: string,
  today: Day,
  { what, days, by }: { readonly what: string; readonly days: number; readonly by: string },
): Warning[] {
  const first = today - days;
  if (range.from >= first) return [];
  const span = spanOf({ from: range.from, to: Math.min(range.to, first - 1) });
  const message = `${what} are kept for ${days} days (${by}), since ${formatDay(first)}: nothing is left of ${span}${role}.`;
  return [{ code: 'BEYOND_RETENTION', message }];
}

/** In a sentence for each table: the days that it has no rows of. */
async function absentDays(
  query: MetricsQuery,
  range: DayRange,
  presence: DataPresence,
  today: Day,
): Promise<string[]> {
  const ofSide = async (side: Side): Promise<string[]> => {
    const days = await presence.days(query, side, range);
    const [first] = days;
    if (first === undefined) return [`There are no ${rowsOf[side]} on ${spanOf(range)}`];
    const begins = first > range.from && !(await presence.hasEarlier(query, side, range.from));
    const gaps =
      side === 'crm' ? [] : gapsOf(days, { from: begins ? first : range.from, to: range.to }, today);
    return [
      ...(begins
        ? [
            `The first ${rowsOf[side]} are of ${formatDay(first)}: there are none on ${spanOf({ from: range.from, to: first - 1 })}`,
          ]
        : []),
      ...(gaps.length > 0 ? [`There are no ${rowsOf[side]} on ${spansOf(gaps)}`] : []),
    ];
  };
  return (await Promise.all(sidesOf(query).map(ofSide))).flat();
}

/** The stretches of a range that lack days; what is not there of today may still come. */
function gapsOf(days: readonly Day[], { from, to }: DayRange, today: Day): DayRange[] {
  const gaps: DayRange[] = [];
  let next = from;
  for (const day of [...days, Math.min(to, today - 1) + 1]) {
    if (day > next) gaps.push({ from: next, to: day - 1 });
    next = Math.max(next, day + 1);
  }
  return gaps;
}
