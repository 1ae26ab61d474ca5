import type { Measure } from '../../../schema/generated/dashboard/graphql.ts';
import { infoOf, type Unit } from './measures.ts';

/** Figures and days as the reader's locale writes them. A figure that is missing is an en dash, never 0. */
export interface Formats {
  readonly locale: string;
  measure(measure: Measure, value: number | null | undefined, currency?: string | null): string;
  /** Short, for an axis: 12K. */
  short(measure: Measure, value: number, currency?: string | null): string;
  count(value: number): string;
  percent(value: number | null | undefined): string;
  money(value: number | null | undefined, currency?: string | null): string;
  /** With its sign: +4.2 %. */
  change(value: number): string;
  /** `2025-08-01` as the locale writes a day. */
  day(day: string, length?: 'short' | 'long'): string;
  month(day: string): string;
  instant(instant: string): string;
  /** How long ago, in the largest unit that is not 0. */
  ago(instant: string, now: number): string;
}

const none = '–';

export function createFormats(locale: string): Formats {
  const number = cached((options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options));
  const date = cached((options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options));
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const currencyOptions = (currency: string | null | undefined): Intl.NumberFormatOptions =>
    currency && /^[A-Z]{3}$/.test(currency)
      ? { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }
      : {};
  const money = (value: number | null | undefined, currency?: string | null): string => {
    if (value === null || value === undefined) return none;
    const digits = Math.abs(value) < 1_000 ? 2 : 0;
    return number({
      ...currencyOptions(currency),
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);
  };
  const percent = (value: number | null | undefined): string =>
    value === null || value === undefined
      ? none
      : number({
          style: 'percent',
          minimumFractionDigits: 1,
          maximumFractionDigits: Math.abs(value) < 0.01 ? 2 : 1,
        }).format(value);
  const ofUnit = (unit: Unit, value: number, currency: string | null | undefined): string => {
    switch (unit) {
      case 'money':
        return money(value, currency);
      case 'percent':
        return percent(value);
      case 'factor':
        return `${number({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value)}×`;
      case 'quantity':
        return number({ maximumFractionDigits: 1 }).format(value);
      case 'count':
        return number({}).format(value);
    }
  };
  const utc = (day: string): Date => new Date(`${day}T00:00:00Z`);
  return {
    locale,
    measure: (measure, value, currency) =>
      value === null || value === undefined ? none : ofUnit(infoOf(measure).unit, value, currency),
    short(measure, value, currency) {
      const { unit } = infoOf(measure);
      if (unit === 'percent') return number({ style: 'percent', maximumFractionDigits: 2 }).format(value);
      const compact = { notation: 'compact', maximumFractionDigits: 1 } as const;
      if (unit === 'money') return number({ ...compact, ...currencyOptions(currency) }).format(value);
      return number(compact).format(value) + (unit === 'factor' ? '×' : '');
    },
    count: (value) => number({}).format(value),
    percent,
    money,
    change: (value) =>
      number({
        style: 'percent',
        signDisplay: 'exceptZero',
        maximumFractionDigits: Math.abs(value) < 0.1 ? 1 : 0,
      }).format(value),
    day: (day, length = 'long') =>
      date({
        day: 'numeric',
        month: 'short',
        ...(length === 'long' && { year: 'numeric' }),
        timeZone: 'UTC',
      }).format(utc(day)),
    month: (day) => date({ month: 'short', year: 'numeric', timeZone: 'UTC' }).format(utc(day)),
    instant: (instant) => date({ dateStyle: 'medium', timeStyle: 'short' }).format(new Date(instant)),
    ago(instant, now) {
      const seconds = (Date.parse(instant) - now) / 1_000;
      for (const [unit, length] of units)
        if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
      return relative.format(0, 'minute');
    },
  };
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** Formatters are costly to make: each is made once. */
function cached<Options extends object, Made>(make: (options: Options) => Made): (options: Options) => Made {
  const kept = new Map<string, Made>();
  return (options) => {
    const key = JSON.stringify(options);
    const known = kept.get(key) ?? make(options);
    kept.set(key, known);
    return known;
  };
}
