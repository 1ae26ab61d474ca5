/** A calendar day as the number of days since 1970-01-01, as in ClickHouse's Date. */
export type Day = number;

export const millisecondsPerDay = 86_400_000;

/** The first and last day of records and ranges (ClickHouse's Date ends in 2149). */
export const firstDay: Day = Date.UTC(2000, 0, 1) / millisecondsPerDay;
export const lastDay: Day = Date.UTC(2148, 11, 31) / millisecondsPerDay;

/** Returns the day as `2025-08-01`. */
export function formatDay(day: Day): string {
  return new Date(day * millisecondsPerDay).toISOString().slice(0, 10);
}

/** Returns a day of the Gregorian calendar, or undefined if it does not exist (2025-02-30). */
export function dayOf(year: number, month: number, dayOfMonth: number): Day | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, dayOfMonth);
  const exists =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === dayOfMonth;
  return exists ? date.getTime() / millisecondsPerDay : undefined;
}

/** Parses `YYYY-MM-DD` strictly. */
export function parseIsoDay(text: string): Day | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  return match === null ? undefined : dayOf(Number(match[1]), Number(match[2]), Number(match[3]));
}

/** Returns a function from an instant (epoch milliseconds) to its day in the time zone. Formatters are created once a zone. */
export function createDayOfInstant(timezone: string): (epochMs: number) => Day {
  if (timezone === 'UTC') return (epochMs) => Math.floor(epochMs / millisecondsPerDay);
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return (epochMs) => {
    const day = parseIsoDay(format.format(epochMs));
    return day ?? Math.floor(epochMs / millisecondsPerDay);
  };
}

/** Returns midnight UTC at the start of a day, in epoch milliseconds. */
export const startOfDay = (day: Day): number => day * millisecondsPerDay;
