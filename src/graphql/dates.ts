import { badInput } from '../errors.ts';
import type { DayRange } from '../metrics/query.ts';
import { presets, type RangeInput } from '../metrics/range.ts';
import { granularities, weekdays } from '../metrics/registry.ts';
import { type Day, parseIsoDay } from '../records/day.ts';
import { builder, enumValues } from './builder.ts';

export const GranularityEnum = builder.enumType('Granularity', {
  description: 'How days are grouped.',
  values: enumValues(granularities, (name) => `By ${name}.`),
});

export const WeekdayEnum = builder.enumType('Weekday', {
  description: 'A day of the week.',
  values: enumValues(weekdays, (name) => `Weeks start on ${name[0]?.toUpperCase()}${name.slice(1)}.`),
});

/** `last7Days` → `Last 7 days.` */
function describePreset(name: string): string {
  const words = name.replace(/[A-Z]|\d+/g, (part) => ` ${part.toLowerCase()}`);
  return `${words[0]?.toUpperCase()}${words.slice(1)}.`;
}

const PresetEnum = builder.enumType('DatePreset', {
  description:
    'Relative ranges. “Today” is the current day in REPORTING_TIMEZONE. LAST_<number>_DAYS ends yesterday, LAST_<unit> is the last complete unit, THIS_<unit> ends today.',
  values: enumValues(presets, describePreset),
});

export const BetweenInput = builder.inputType('DaysBetweenInput', {
  description: 'Days from `from` to `to`, both included.',
  fields: (t) => ({
    from: t.field({ type: 'LocalDate', required: true, description: 'First day.' }),
    to: t.field({ type: 'LocalDate', required: true, description: 'Last day.' }),
  }),
});

const LastInput = builder.inputType('LastUnitsInput', {
  description: 'The last complete days, weeks, months, quarters or years before the current one.',
  fields: (t) => ({
    count: t.int({ required: true, description: 'How many units, 1 to 10000.' }),
    unit: t.field({ type: GranularityEnum, required: true, description: 'The unit.' }),
    includeToday: t.boolean({
      defaultValue: false,
      description: 'True counts the current, unfinished unit as the last one. The range then ends today.',
    }),
  }),
});

export const DateRangeInput = builder.inputType('DateRangeInput', {
  description: 'A range of days. Give exactly one field.',
  isOneOf: true,
  fields: (t) => ({
    between: t.field({ type: BetweenInput, description: 'From a first day to a last day.' }),
    last: t.field({ type: LastInput, description: 'A number of units, counted back from today.' }),
    preset: t.field({ type: PresetEnum, description: 'A named range.' }),
  }),
});

/** The argument as the planner takes it. */
export function readRange(input: typeof DateRangeInput.$inferInput): RangeInput {
  if (input.between) return { between: readBetween(input.between) };
  if (input.last) return { last: { ...input.last, includeToday: input.last.includeToday ?? false } };
  if (input.preset) return { preset: input.preset };
  throw badInput('dateRange: give one of between, last, preset.');
}

export const readBetween = (input: typeof BetweenInput.$inferInput): DayRange => ({
  from: readDay(input.from),
  to: readDay(input.to),
});

/** A LocalDate argument as a day; the scalar has checked it. */
export const readDay = (text: string): Day => parseIsoDay(text) ?? Number.NaN;
