import { type Day, formatDay } from '../records/day.ts';
import type { DayRange } from './query.ts';

/** A message names so many stretches of days. */
const mostNamed = 5;

export const spanOf = ({ from, to }: DayRange): string =>
  from === to ? formatDay(from) : `${formatDay(from)} to ${formatDay(to)}`;

/** The stretches in a sentence: the first few, and how many days the others have. */
export function spansOf(ranges: readonly DayRange[]): string {
  const named = ranges.slice(0, mostNamed).map(spanOf).join(', ');
  const others = ranges.slice(mostNamed).reduce((sum, { from, to }) => sum + to - from + 1, 0);
  return others === 0 ? named : `${named} and ${others} more days`;
}

/** Days as stretches of days that follow each other. @param days in ascending order */
export function stretchesOf(days: readonly Day[]): DayRange[] {
  const stretches: { from: Day; to: Day }[] = [];
  for (const day of days) {
    const last = stretches.at(-1);
    if (last !== undefined && day <= last.to + 1) last.to = day;
    else stretches.push({ from: day, to: day });
  }
  return stretches;
}
