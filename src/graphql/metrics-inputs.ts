import { badInput } from '../errors.ts';
import type { ComparisonInput } from '../metrics/comparison.ts';
import {
  type Alignment,
  alignments,
  type FigureKind,
  figureKinds,
  type Having,
  numberOperators,
  type Order,
} from '../metrics/query.ts';
import { type AskedDimension, type DimensionName, isMeasure } from '../metrics/registry.ts';
import { breakdownDescription, readBreakdown } from './breakdowns.ts';
import { builder, enumValues } from './builder.ts';
import { DimensionEnum, MeasureEnum } from './catalogue.ts';
import { BetweenInput, readBetween } from './dates.ts';

export const DirectionEnum = builder.enumType('SortDirection', {
  description: 'Sort direction. Rows without a value always come last.',
  values: enumValues(['asc', 'desc'] as const, (name) =>
    name === 'asc' ? 'Smallest first.' : 'Largest first.',
  ),
});

const figureDescriptions: Readonly<Record<FigureKind, string>> = {
  current: 'The value in the range itself.',
  previous: 'The value in the comparison range.',
  change: 'Current value minus previous value.',
  relativeChange: 'Current value minus previous value, divided by the previous value: 0.1 means 10% more.',
};

const FigureEnum = builder.enumType('Figure', {
  description: 'Which value of a measure to use. All except CURRENT require `compareTo`.',
  values: enumValues(figureKinds, (name) => figureDescriptions[name]),
});

const FloatRangeInput = builder.inputType('FloatRangeInput', {
  description: 'Numbers from `min` to `max`, both included.',
  fields: (t) => ({
    min: t.float({ required: true, description: 'Lower bound.' }),
    max: t.float({ required: true, description: 'Upper bound.' }),
  }),
});

export const HavingInput = builder.inputType('HavingInput', {
  description:
    'Conditions on a measure of the finished rows. All given conditions must hold. A null ratio satisfies no condition.',
  fields: (t) => ({
    measure: t.field({ type: MeasureEnum, required: true, description: 'The measure.' }),
    of: t.field({
      type: FigureEnum,
      defaultValue: 'current',
      description: 'Which value of the measure to use.',
    }),
    gt: t.float({ description: 'Greater than.' }),
    gte: t.float({ description: 'Greater than or equal to.' }),
    lt: t.float({ description: 'Less than.' }),
    lte: t.float({ description: 'Less than or equal to.' }),
    eq: t.float({ description: 'Equal to.' }),
    between: t.field({ type: FloatRangeInput, description: 'Between these bounds, both included.' }),
  }),
});

export const OrderByInput = builder.inputType('OrderByInput', {
  description:
    'What to order by. Give exactly one of: a measure, a dimension of `groupBy`, a breakdown of `breakdowns`.',
  fields: (t) => ({
    measure: t.field({ type: MeasureEnum, description: 'Order by this measure.' }),
    of: t.field({
      type: FigureEnum,
      defaultValue: 'current',
      description: 'Which value of the measure to use.',
    }),
    dimension: t.field({ type: DimensionEnum, description: 'Order by this dimension.' }),
    breakdown: t.string({ description: `Order by this breakdown. ${breakdownDescription}` }),
    direction: t.field({
      type: DirectionEnum,
      defaultValue: 'asc',
      description: 'Smallest or largest first.',
    }),
  }),
});

const alignmentMeanings: Readonly<Record<Alignment, string>> = {
  weekday: 'The days 52 weeks earlier: Monday to Sunday with Monday to Sunday.',
  date: 'The same calendar days: 1 to 7 March with 1 to 7 March.',
};

export const AlignmentEnum = builder.enumType('CompareAlign', {
  description: 'Which days of the previous year a range is compared with.',
  values: enumValues(alignments, (alignment) => alignmentMeanings[alignment]),
});

export const CompareToInput = builder.inputType('CompareToInput', {
  description:
    'The range to compare with. Give exactly one of `previousPeriod`, `previousYear` and `between`.',
  fields: (t) => ({
    previousPeriod: t.boolean({
      description:
        'True compares with the same number of days just before the range. A range of weeks, months, quarters or years is compared with as many units before; if the current unit is unfinished, up to the same day of the unit.',
    }),
    previousYear: t.boolean({
      description:
        'True compares with one year earlier: with the same calendar days, and whole months with whole months (29 February is compared with 28 February), or with the same weekdays, as `align` says.',
    }),
    align: t.field({
      type: AlignmentEnum,
      description:
        'For `previousYear`. Default: WEEKDAY for rows by week and for ranges of whole weeks, else DATE. `meta { comparedAlign }` tells.',
    }),
    between: t.field({
      type: BetweenInput,
      description:
        'Compares with these days. When grouped by DATE, the first day is compared with the first day of the range, and so on; days beyond the length of the range count towards its last day.',
    }),
  }),
});

export const LimitByInput = builder.inputType('LimitByInput', {
  description: 'Keeps only the top values of one dimension or breakdown.',
  fields: (t) => ({
    n: t.int({ required: true, description: 'How many values to keep, 1 to 1000.' }),
    dimension: t.field({
      type: DimensionEnum,
      description: 'The dimension: one of `groupBy`, except DATE.',
    }),
    breakdown: t.string({ description: 'The breakdown, instead of `dimension`: one of `breakdowns`.' }),
    measure: t.field({
      type: MeasureEnum,
      description:
        'The measure, over the whole range, that ranks the values. Default: the first measure in `orderBy`, else COST.',
    }),
    others: t.boolean({
      defaultValue: false,
      description:
        'True sums up the other values in rows named `(other)`, which have `isOther: true`. False leaves them out.',
    }),
    keepNull: t.boolean({
      defaultValue: false,
      description:
        'True keeps the rows without a value (unattributed), too, whatever their rank: `n` counts the others.',
    }),
  }),
});

/** Conditions on measures, at most; there are not so many measures. */
const maxHaving = 100;

/** @throws UtmqlError BAD_USER_INPUT that names the field */
export function readHavings(inputs: readonly (typeof HavingInput.$inferInput)[]): Having[] {
  const conditions = inputs.flatMap(readHaving);
  if (conditions.length > maxHaving)
    throw badInput(`having has ${conditions.length} conditions; at most ${maxHaving} can be given.`);
  return conditions;
}

function readHaving(input: typeof HavingInput.$inferInput, index: number): Having[] {
  const { measure } = input;
  const of = input.of ?? 'current';
  const conditions: Having[] = numberOperators.flatMap((operator) => {
    const value = input[operator];
    return value === undefined || value === null ? [] : [{ measure, of, operator, value }];
  });
  if (input.between) {
    const { min, max } = input.between;
    if (min > max) throw badInput(`having[${index}].between: min (${min}) is above max (${max}); swap them.`);
    conditions.push(
      { measure, of, operator: 'gte', value: min },
      { measure, of, operator: 'lte', value: max },
    );
  }
  if (conditions.length === 0) {
    throw badInput(
      `having[${index}] has no condition; give one of ${[...numberOperators, 'between'].join(', ')}.`,
    );
  }
  return conditions;
}

export function readOrder(input: typeof OrderByInput.$inferInput, index: number): Order {
  const path = `orderBy[${index}]`;
  const given = [input.measure, readDimension(input, path)].filter(
    (name) => name !== undefined && name !== null,
  );
  const [by] = given;
  if (!by || given.length > 1) throw badInput(`${path}: give exactly one of measure, dimension, breakdown.`);
  return { by, of: isMeasure(by) ? (input.of ?? 'current') : 'current', direction: input.direction ?? 'asc' };
}

/** @throws UtmqlError BAD_USER_INPUT where both are given */
export function readDimension(
  {
    dimension,
    breakdown,
  }: {
    readonly dimension?: AskedDimension | null | undefined;
    readonly breakdown?: string | null | undefined;
  },
  path: string,
): DimensionName | undefined {
  if (typeof breakdown !== 'string') return dimension ?? undefined;
  if (dimension) throw badInput(`${path}: give either dimension or breakdown.`);
  return readBreakdown(breakdown, `${path}.breakdown`);
}

export function readComparison(
  input: typeof CompareToInput.$inferInput | null | undefined,
): ComparisonInput | undefined {
  if (!input) return undefined;
  const { between, previousPeriod, previousYear, align } = input;
  const given = [between, previousPeriod, previousYear].filter(Boolean);
  if (given.length !== 1) {
    throw badInput(
      'compareTo: give exactly one of previousPeriod: true, previousYear: true and between, or leave compareTo out.',
    );
  }
  if (align && !previousYear) throw badInput('compareTo.align goes with previousYear; leave it out.');
  if (between) return { between: readBetween(between) };
  return previousYear ? { previousYear: true, align: align ?? undefined } : { previousPeriod: true };
}
