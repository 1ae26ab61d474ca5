import type { Granularity } from '../../../schema/generated/dashboard/graphql.ts';
import type { Formats } from './formats.ts';
import type { Say } from './messages.ts';

/** A group of days, by its first day, as readers call it. */
export function bucketText(say: Say, formats: Formats, day: string, granularity: Granularity): string {
  switch (granularity) {
    case 'DAY':
      return formats.day(day);
    case 'WEEK':
      return say('weekOf', { day: formats.day(day) });
    case 'MONTH':
      return formats.month(day);
    case 'QUARTER':
      return `Q${Math.floor((Number(day.slice(5, 7)) - 1) / 3) + 1} ${day.slice(0, 4)}`;
    case 'YEAR':
      return day.slice(0, 4);
  }
}
