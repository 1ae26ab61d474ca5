import { type Day, formatDay, startOfDay } from '../../records/day.ts';
import type { AskedRange } from './source.ts';

/** What a template is filled with. */
export interface TemplateValues extends AskedRange {
  /** Behind which id a search goes on. */
  readonly lastId?: string | undefined;
}

/** What may stand behind `since` and `until` in a template. */
const parts: Readonly<Record<string, (day: Day) => string>> = {
  '': formatDay,
  '.year': (day) => formatDay(day).slice(0, 4),
  '.month': (day) => String(Number(formatDay(day).slice(5, 7))),
  '.day': (day) => String(Number(formatDay(day).slice(8))),
  '.ms': (day) => String(startOfDay(day)),
  '.next': (day) => formatDay(day + 1),
  '.next.ms': (day) => String(startOfDay(day + 1)),
};

/** Stands for the last id that came. */
export const lastIdPlaceholder = '{last_id}';

const placeholder = /\{(since|until)((?:\.\w+)*)\}/g;

/**
 * `text` with `{since}` and `{until}` as `YYYY-MM-DD`; also `.year`, `.month`, `.day` (without leading zeros), `.next` (the day
 * after), and `.ms` and `.next.ms` (epoch milliseconds of midnight in UTC); and with `{last_id}`. Other braces stay.
 *
 * @returns undefined where it wants a day that is not given
 */
export function fillTemplate(text: string, { lastId, ...range }: TemplateValues): string | undefined {
  let whole = true;
  const filled = text.replace(placeholder, (_, end: 'since' | 'until', part: string) => {
    const day = range[end];
    if (day === undefined) whole = false;
    return day === undefined ? '' : (parts[part]?.(day) ?? '');
  });
  if (!whole) return undefined;
  return lastId === undefined ? filled : filled.replaceAll(lastIdPlaceholder, lastId);
}

/** Which ends of the range a template wants. */
export const wantedDays = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(placeholder)].map(([, end = '']) => end));

/** A sentence about a placeholder that there is not; undefined when all are right. */
export function templateProblem(text: string): string | undefined {
  const wrong = [...text.matchAll(placeholder)].find(([, , part = '']) => !Object.hasOwn(parts, part));
  return (
    wrong &&
    `has ${wrong[0]}; accepted: ${Object.keys(parts)
      .map((part) => `{${wrong[1]}${part}}`)
      .join(', ')}`
  );
}
