import { badInput } from '../errors.ts';
import type { DayRange } from '../metrics/query.ts';
import { presets, type RangeInput } from '../metrics/range.ts';
import { granularities, weekdays } from '../metrics/registry.ts';
import { type Day, parseIsoDay } from '../records/day.ts';
import { builder, enumValues } from './builder.ts';

export const GranularityEnum = builder.enumType('Granularity', {
  description: 'How days are put together.',
  values: enumValues(granularities, (name) => `By ${name}.`),
});

export const WeekdayEnum = builder.enumType('Weekday', {
  description: 'A day of the week.',
  values: enumValues(weekdays, (name) => `Weeks start on ${name[0]?.toUpperCase()}${name.slice(1)}.`),
});

const PresetEnum = builder.enumType('DatePreset', {
  description:
    'Ranges by name, counted from today in REPORTING_TIMEZONE. LAST_… ends yesterday, THIS_… ends today.',
  values: enumValues(presets, (name) => `${name.replace(/[A-Z]|\d+/g, (part) => ` ${part.toLowerCase()}`)}.`),
});

export const BetweenInput = builder.inputType('DaysBetweenInput', {
  description: 'Days from `from` to `to`, both included.',
  fields: (t) => ({
    from: t.field({ type: 'LocalDate', required: true, description: 'First day.' }),
    to: t.field({ type: 'LocalDate', required: true, description: 'Last day.' }),
  }),
});

const LastInput = builder.inputType('LastUnitsInput', {
  description: 'The last complete days, weeks, months, … before the current one.',
  fields: (t) => ({
    count: t.int({ required: true, description: 'How many, from 1.' }),
    unit: t.field({ type: GranularityEnum, required: true, description: 'Of what.' }),
    includeToday: t.boolean({
      defaultValue: false,
      description: 'Count the current, unfinished day, week, … as the last one; the range then ends today.',
    }),
  }),
});

export const DateRangeInput = builder.inputType('DateRangeInput', {
  description: 'Which days. Exactly one of the fields.',
  isOneOf: true,
  fields: (t) => ({
    between: t.field({ type: BetweenInput, description: 'From a day to a day.' }),
    last: t.field({ type: LastInput, description: 'Counted back from today.' }),
    preset: t.field({ type: PresetEnum, description: 'A range by name.' }),
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
