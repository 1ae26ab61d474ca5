import { createDateReader, type ReadDate } from './dates.ts';
import { createDayOfInstant, type Day, firstDay, formatDay, lastDay, millisecondsPerDay } from './day.ts';
import { type FieldRules, maxFigureLength, memoized, type RawFields } from './field-rules.ts';
import { createInstantOfLocal } from './local-time.ts';
import { createMissingTest } from './missing-values.ts';
import { displayValue, RejectError } from './outcome.ts';

/** An instant in epoch milliseconds, and its day. */
interface InstantAndDay {
  readonly instant: number;
  readonly day: Day;
}

/** Reads days and instants of raw records. Each method throws RejectError. */
export interface DateFields<Name extends string> {
  /** Returns the day of an ads row: the written day, or the day of an instant or offset date-time in the time zone of the rules. */
  day(raw: RawFields, field: Name): Day;
  /** Returns the instant and its day. A date without a time keeps its day in zones west of UTC, too. */
  instantAndDay(raw: RawFields, field: Name): InstantAndDay;
  /** Like `instantAndDay`, but uses `standIn` if the field is missing. */
  instantAndDayOr(raw: RawFields, field: Name, standIn: () => number): InstantAndDay;
  /** Returns the instant, or undefined if the field is missing. */
  optionalInstant(raw: RawFields, field: Name): number | undefined;
}

export function createDateFields<Name extends string>(rules: FieldRules): DateFields<Name> {
  const isMissing = createMissingTest(rules.missing);
  const dates = createDateReader(rules.dateFormats);
  const dayOfInstant = createDayOfInstant(rules.timezone);
  const instantOfLocal = createInstantOfLocal(rules.timezone);

  const dateOf = (value: unknown, field: string): ReadDate => {
    if (isMissing(value)) throw new RejectError('missing_field', field, `${field} is missing.`);
    const isTooLong = typeof value === 'string' && value.length > maxFigureLength;
    const date = isTooLong ? undefined : dates.read(value);
    if (date !== undefined) return date;
    throw new RejectError(
      'invalid_date',
      field,
      `${field} is ${displayValue(value)}; ${dates.accepted}; the day must exist.`,
    );
  };

  const instantOfClock = ({ day, time, offset }: Exclude<ReadDate, { instant: number }>): number => {
    if (time === undefined) return day * millisecondsPerDay;
    const local = day * millisecondsPerDay + time;
    return offset === undefined ? instantOfLocal(local) : local - offset;
  };

  const instantOf = (date: ReadDate, field: string, value: unknown): number => {
    const instant = 'instant' in date ? date.instant : instantOfClock(date);
    if (instant >= Date.UTC(1999, 11, 31) && instant < Date.UTC(2149, 0, 2)) return instant;
    throw new RejectError(
      'date_out_of_range',
      field,
      `${field} is ${displayValue(value)}; dates go from 2000 to 2148.`,
    );
  };

  const readDay = (value: unknown, field: string): Day => {
    const date = dateOf(value, field);
    const isWritten = !('instant' in date) && date.offset === undefined;
    return checkRange(isWritten ? date.day : dayOfInstant(instantOf(date, field, value)), field, value);
  };
  const readDayOfText = memoized(readDay);

  const instantAndDay = (raw: RawFields, field: Name): InstantAndDay => {
    const value = raw[field];
    const date = dateOf(value, field);
    let instant = instantOf(date, field, value);
    if (!('instant' in date) && date.time === undefined && dayOfInstant(instant) !== date.day) {
      instant += millisecondsPerDay / 2;
    }
    return { instant, day: checkRange(dayOfInstant(instant), field, value) };
  };

  return {
    day(raw, field) {
      const value = raw[field];
      return typeof value === 'string' ? readDayOfText(value, field) : readDay(value, field);
    },
    instantAndDay,
    instantAndDayOr(raw, field, standIn) {
      if (!isMissing(raw[field])) return instantAndDay(raw, field);
      const instant = standIn();
      return { instant, day: dayOfInstant(instant) };
    },
    optionalInstant(raw, field) {
      const value = raw[field];
      return isMissing(value) ? undefined : instantOf(dateOf(value, field), field, value);
    },
  };
}

function checkRange(day: Day, field: string, value: unknown): Day {
  if (day < firstDay || day > lastDay) {
    throw new RejectError(
      'date_out_of_range',
      field,
      `${field} is ${displayValue(value)}; dates go from ${formatDay(firstDay)} to ${formatDay(lastDay)}.`,
    );
  }
  return day;
}
