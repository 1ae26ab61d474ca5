import { isObject } from '../../formats/json/parse.ts';
import { type AdField, adFigures, isCount } from '../../records/ad-performance.ts';
import { formatDay } from '../../records/day.ts';
import type { FieldRules } from '../../records/field-rules.ts';
import { createFieldReader } from '../../records/fields.ts';
import { RejectError, Repairs } from '../../records/outcome.ts';
import { type ElementPath, valueAt } from './element-path.ts';

/** Longest span. A longer one is taken for an error. */
const maxDays = 1_100;

/** Paths of the first and last day that a row covers. */
export interface DaySpan {
  readonly start: ElementPath;
  readonly end: ElementPath;
}

/**
 * Creates a function that splits a row over the days of its span: one record a day, whose figures sum exactly to the row's.
 * The remainder goes to the first days. A row with an unreadable span becomes one record with that text as its date, for the
 * normaliser to reject.
 */
export function createSpread(
  span: DaySpan,
  rules: FieldRules,
): (element: unknown, record: unknown) => readonly unknown[] {
  const read = createFieldReader<AdField>(rules);

  return (element, record) => {
    if (!isObject(element) || !isObject(record)) return [record];
    const [start, end] = [valueAt(element, span.start), valueAt(element, span.end)];
    try {
      const [first, last] = [read.day({ date: start }, 'date'), read.day({ date: end }, 'date')];
      const days = last - first + 1;
      if (days < 1 || days > maxDays) return [{ ...record, date: `${shown(start)} – ${shown(end)}` }];
      const shares = Object.fromEntries(
        adFigures
          .filter((name) => !read.isMissing(record[name]))
          .map((name) => {
            const repairs = new Repairs();
            const value = isCount(name)
              ? read.count(record, name, repairs)
              : read.money(record, name, repairs);
            return [name, sharesOf(value, days, isCount(name) ? 0 : decimalsOf(value), rules.scale?.[name])];
          }),
      );
      return Array.from({ length: days }, (_, index) => ({
        ...record,
        date: formatDay(first + index),
        ...Object.fromEntries(Object.entries(shares).map(([name, values]) => [name, values[index]])),
      }));
    } catch (error) {
      if (!(error instanceof RejectError)) throw error;
      const isOfDates = error.reject.field === 'date';
      return [{ ...record, date: isOfDates ? `${shown(start)} – ${shown(end)}` : start }];
    }
  };
}

const shown = (value: unknown): string => (value === undefined ? '(nothing)' : String(value).slice(0, 40));

/**
 * Splits `value` into parts, in the units of the source, since the normaliser scales them.
 *
 * @param decimals decimals of the parts
 * @param power the power of ten by which the source's figures are scaled
 */
function sharesOf(value: number, parts: number, decimals: number, power = 0): readonly number[] {
  const units = BigInt(Math.round(Number(`${value}e${decimals}`)));
  const each = units / BigInt(parts);
  const more = Number(units % BigInt(parts));
  return Array.from({ length: parts }, (_, index) =>
    Number(`${each + (index < more ? 1n : 0n)}e${-decimals - power}`),
  );
}

/** Returns the decimals of an amount, at least two: the smallest payment is a cent. */
const decimalsOf = (value: number): number => Math.max(2, /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 0);
