import { epochSeconds, parseDateFormat } from './date-formats.ts';
import { type Day, dayOf } from './day.ts';

/** A parsed date: an instant in epoch milliseconds, or a day with an optional time of day. */
export type ReadDate =
  | { readonly instant: number }
  | {
      readonly day: Day;
      /** Milliseconds since midnight; undefined without a time. */
      readonly time: number | undefined;
      /** Milliseconds east of UTC; undefined without an offset. */
      readonly offset: number | undefined;
    };

export interface DateReader {
  /** Returns undefined if the value has no accepted form or names a day that does not exist. */
  read(value: unknown): ReadDate | undefined;
  /** The accepted forms as text for a message. */
  readonly accepted: string;
}

const time =
  /^(?:[Tt]|,?\s{1,2})(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?:\s?([AaPp])\.?[Mm]\.?)?\s?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/i;

/** @param formats valid formats of the source; they take precedence over the usual forms */
export function createDateReader(formats: readonly string[] = []): DateReader {
  const hasSeconds = formats.includes(epochSeconds);
  const own = formats.map(parseDateFormat).filter((format) => format !== undefined);

  const readText = (text: string): ReadDate | undefined => {
    for (const format of own) {
      const found = format.read(text);
      const read = found && withTime(found.day, text.slice(found.length));
      if (read !== undefined) return read === 'none' ? undefined : read;
    }
    if (/^\d{12,14}$/.test(text)) return { instant: Number(text) };
    if (hasSeconds && /^\d{1,11}(\.\d+)?$/.test(text)) return { instant: Math.trunc(Number(text) * 1_000) };
    const usual = /^(\d{4})([-/])(\d{2})\2(\d{2})(?!\d)/.exec(text);
    if (usual === null) return undefined;
    const day = dayOf(Number(usual[1]), Number(usual[3]), Number(usual[4]));
    const read = withTime(day, text.slice(usual[0].length));
    return read === 'none' ? undefined : read;
  };

  return {
    read(value) {
      if (typeof value === 'string') return readText(value.trim());
      if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
      const format = own.find(({ isDigits, read }) => isDigits && read(String(value)) !== undefined);
      if (format !== undefined) return readText(String(value));
      return { instant: Math.trunc(hasSeconds && Math.abs(value) < 1e11 ? value * 1_000 : value) };
    },
    accepted: `accepted are ${['YYYY-MM-DD', 'YYYY/MM/DD', 'RFC 3339 date-times', 'YYYY-MM-DD HH:MM:SS', 'epoch milliseconds', ...formats].join(', ')}`,
  };
}

/** Returns `none` if the date or time does not exist; undefined if the text after the date is not a time. */
function withTime(day: Day | undefined, rest: string): ReadDate | 'none' | undefined {
  if (rest === '') return day === undefined ? 'none' : { day, time: undefined, offset: undefined };
  const match = time.exec(rest);
  if (match === null) return undefined;
  const [, hours, minutes, seconds = '0', fraction = '0', half, zone] = match;
  const hour = hourOf(Number(hours), half?.toLowerCase());
  const offset = zone === undefined ? undefined : offsetOf(zone);
  const isTime = hour !== undefined && Number(minutes) <= 59 && Number(seconds) <= 60;
  if (day === undefined || !isTime || Number.isNaN(offset)) return 'none';
  const milliseconds = Math.trunc(Number(`0.${fraction.slice(0, 9)}`) * 1_000);
  const sinceMidnight = hour * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1_000 + milliseconds;
  return { day, time: sinceMidnight, offset };
}

/** Converts an hour of a 12-hour clock (`half` is `a` or `p`) or of a 24-hour clock. */
function hourOf(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour <= 23 ? hour : undefined;
  return hour >= 1 && hour <= 12 ? (hour % 12) + (half === 'p' ? 12 : 0) : undefined;
}

/** Returns NaN for an offset that does not exist. */
function offsetOf(zone: string): number {
  if (!/^[+-]/.test(zone)) return 0;
  const digits = zone.slice(1).replace(':', '');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (hours > 23 || minutes > 59) return Number.NaN;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
