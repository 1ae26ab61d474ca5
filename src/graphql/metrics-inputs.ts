import { badInput } from '../errors.ts';
import type { ComparisonInput } from '../metrics/comparison.ts';
import { type FigureKind, figureKinds, type Having, numberOperators, type Order } from '../metrics/query.ts';
import { type DimensionName, isMeasure, type NamedDimension } from '../metrics/registry.ts';
import { breakdownDescription, readBreakdown } from './breakdowns.ts';
import { builder, enumValues } from './builder.ts';
import { BetweenInput, readBetween } from './dates.ts';
import { DimensionEnum, MeasureEnum } from './measures.ts';

export const DirectionEnum = builder.enumType('SortDirection', {
  description: 'Which end comes first. Rows without a value come last either way.',
  values: enumValues(['asc', 'desc'] as const, (name) =>
    name === 'asc' ? 'Smallest first.' : 'Largest first.',
  ),
});

const figureDescriptions: Readonly<Record<FigureKind, string>> = {
  current: 'Of the range itself.',
  previous: 'Of the range in `compareTo`.',
  change: 'Current minus previous.',
  relativeChange: 'Current minus previous, divided by previous: 0.1 is ten per cent more.',
};

const FigureEnum = builder.enumType('Figure', {
  description: 'Which figure of a measure. All but CURRENT need `compareTo`.',
  values: enumValues(figureKinds, (name) => figureDescriptions[name]),
});

const FloatRangeInput = builder.inputType('FloatRangeInput', {
  description: 'Numbers from `min` to `max`, both included.',
  fields: (t) => ({
    min: t.float({ required: true, description: 'Smallest.' }),
    max: t.float({ required: true, description: 'Largest.' }),
  }),
});

export const HavingInput = builder.inputType('HavingInput', {
  description:
    'A condition on a measure of the finished rows; all that are given must hold. A null ratio meets none.',
  fields: (t) => ({
    measure: t.field({ type: MeasureEnum, required: true, description: 'Which measure.' }),
    of: t.field({ type: FigureEnum, defaultValue: 'current', description: 'Which figure of it.' }),
    gt: t.float({ description: 'Greater than.' }),
    gte: t.float({ description: 'Greater than or equal to.' }),
    lt: t.float({ description: 'Less than.' }),
    lte: t.float({ description: 'Less than or equal to.' }),
    eq: t.float({ description: 'Equal to.' }),
    between: t.field({ type: FloatRangeInput, description: 'Within these bounds.' }),
  }),
});

export const OrderByInput = builder.inputType('OrderByInput', {
  description: 'A measure, a dimension of `groupBy` or a breakdown of `breakdowns`: exactly one of them.',
  fields: (t) => ({
    measure: t.field({ type: MeasureEnum, description: 'Order by this measure.' }),
    of: t.field({ type: FigureEnum, defaultValue: 'current', description: 'Which figure of the measure.' }),
    dimension: t.field({ type: DimensionEnum, description: 'Order by this dimension.' }),
    breakdown: t.string({ description: `Order by this breakdown. ${breakdownDescription}` }),
    direction: t.field({ type: DirectionEnum, defaultValue: 'asc', description: 'Which end comes first.' }),
  }),
});

export const CompareToInput = builder.inputType('CompareToInput', {
  description: 'Which days to compare to. Exactly one of the fields.',
  isOneOf: true,
  fields: (t) => ({
    previousPeriod: t.boolean({
      description:
        'True: as many days just before. For weeks, months, quarters and years as many units before, up to the same day where the current one is unfinished.',
    }),
    previousYear: t.boolean({
      description:
        'True: the same days of the calendar a year before; of whole months, whole months. 29 February stands beside 28 February.',
    }),
    between: t.field({
      type: BetweenInput,
      description:
        'These days. By DATE, the first of them stands beside the first of the range, and so on; days beyond the range count towards its last.',
    }),
  }),
});

export const LimitByInput = builder.inputType('LimitByInput', {
  description: 'Only the largest values of one dimension, or of one breakdown, get rows of their own.',
  fields: (t) => ({
    n: t.int({ required: true, description: 'How many, from 1 to 1000.' }),
    dimension: t.field({
      type: DimensionEnum,
      description: 'Of which dimension of `groupBy`; not DATE.',
    }),
    breakdown: t.string({ description: 'Of which breakdown of `breakdowns`, in place of `dimension`.' }),
    measure: t.field({
      type: MeasureEnum,
      description:
        'Largest by this measure, over the range; the first of `orderBy`, else COST, when left out.',
    }),
    others: t.boolean({
      defaultValue: false,
      description:
        'True: the rest is folded into rows named `(other)`, which have `isOther`. False: it is left out.',
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
    readonly dimension?: NamedDimension | null | undefined;
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
  if (input.between) return { between: readBetween(input.between) };
  if (input.previousPeriod) return { previousPeriod: true };
  if (input.previousYear) return { previousYear: true };
  throw badInput('compareTo: set previousPeriod or previousYear to true, or leave compareTo out.');
}
