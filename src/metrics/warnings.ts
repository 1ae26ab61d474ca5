import { formatDay } from '../records/day.ts';
import type { MetricsQuery } from './query.ts';
import { addUnits, bucketsOf } from './range.ts';

/** What each code says. */
export const warningMeanings = {
  PARTIAL_FIRST_BUCKET: 'the range begins within the first week, month, quarter or year of the rows',
  PARTIAL_LAST_BUCKET: 'the range ends within the last week, month, quarter or year of the rows',
  COMPARED_LONGER: 'the range compared to has more days than the range; they count towards the last row',
  TIMEZONE_NOT_APPLIED: 'the time zone of the request only decided which day is today',
  NO_DATA:
    'part of the range, or of what it is compared to, lies before the first stored day or has no rows: days without ads rows, and ranges without CRM records',
  BEYOND_RETENTION:
    'part of the range, or of what it is compared to, is older than DATA_RETENTION_DAYS, or than EVENT_RETENTION_DAYS where events are counted',
  STALE_SOURCE: 'the last good run of a source is older than its schedule says',
  HELD_RUN: 'a run that read days of the range is held: their figures are those of before',
  MIXED_CURRENCIES:
    'money is in several currencies and there are no exchange rates: figures over more than one currency are null',
  MISSING_RATE:
    'some days have no exchange rate of a currency: figures with money of it are null, and `unconverted` says how much',
  NOT_A_NUMBER: 'a sum of MODEL_FILE over events has values that are no numbers; they count as 0',
  CONFLICTING_ROWS: 'rows of one key had different figures and only the last counts, so spend may be missing',
} as const;

/** Something that readers of the figures should know. */
export interface Warning {
  readonly code: keyof typeof warningMeanings;
  readonly message: string;
}

/**
 * Returns the warnings that apply to a query's result.
 *
 * @param timezones `asked`: the time zone that the request names; `reporting`: the one that decided the day of each record
 */
export function warningsFor(
  query: MetricsQuery,
  timezones: { asked: string | undefined; reporting: string },
): Warning[] {
  const warnings: Warning[] = [];
  const { range, granularity, weekStart } = query;
  if (query.groupBy.includes('date') && granularity !== 'day') {
    const buckets = bucketsOf(range, granularity, weekStart);
    const first = buckets[0] ?? range.from;
    const last = buckets.at(-1) ?? range.from;
    const end = (addUnits(granularity, last, 1) ?? last) - 1;
    if (first < range.from) {
      warnings.push({
        code: 'PARTIAL_FIRST_BUCKET',
        message: `The first ${granularity} begins on ${formatDay(first)}, the range on ${formatDay(range.from)}: it is not whole.`,
      });
    }
    if (end > range.to) {
      warnings.push({
        code: 'PARTIAL_LAST_BUCKET',
        message: `The last ${granularity} ends on ${formatDay(end)}, the range on ${formatDay(range.to)}: it is not whole.`,
      });
    }
  }
  const previous = query.compareTo?.range;
  const beyond = previous === undefined ? 0 : previous.to - previous.from - (range.to - range.from);
  if (query.groupBy.includes('date') && query.compareTo?.shift.unit === 'day' && beyond > 0) {
    warnings.push({
      code: 'COMPARED_LONGER',
      message: `The days compared to are ${beyond} more than those of the range; these count towards the last row.`,
    });
  }
  if (timezones.asked !== undefined && timezones.asked !== timezones.reporting) {
    warnings.push({
      code: 'TIMEZONE_NOT_APPLIED',
      message: `Days are those of ${timezones.reporting} (REPORTING_TIMEZONE), in which records were stored; ${timezones.asked} only decided which day is today.`,
    });
  }
  return warnings;
}
