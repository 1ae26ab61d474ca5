import type { RootField } from '../access/grants.ts';
import { UtmqlError } from '../errors.ts';
import type { MetricsRow } from '../metrics/query.ts';
import {
  breakdownDimension,
  describeDimension,
  describeMeasure,
  dimensionNames,
  isSum,
  type MeasureName,
  measureNames,
  type NamedDimension,
  type Unit,
} from '../metrics/registry.ts';
import { breakdownDescription } from './breakdowns.ts';
import { builder, enumValues, toEnumName } from './builder.ts';

export const MeasureEnum = builder.enumType('Measure', {
  description: 'Every measure there is. See `metricCatalog`.',
  values: enumValues(measureNames, (name) => describe(name)),
});

export const DimensionEnum = builder.enumType('Dimension', {
  description: 'What figures can be split by.',
  values: enumValues(dimensionNames, describeDimension),
});

const units: Readonly<Record<Unit, string>> = {
  count: 'A whole number.',
  money: 'An amount in the currency of the records.',
  ratio: 'A plain quotient: 0.05 is five per cent.',
};

const UnitEnum = builder.enumType('Unit', {
  description: 'What a measure counts.',
  values: enumValues(['count', 'money', 'ratio'] as const, (name) => units[name]),
});

function describe(name: MeasureName): string {
  const { description, formula, unit } = describeMeasure(name);
  const whenNull = isSum(name) ? '' : ' Null where the denominator is zero.';
  return `${description} ${formula[0]?.toUpperCase()}${formula.slice(1)}. Unit: ${unit}.${whenNull}`;
}

/** Counts that feeds send, each up to 2^53, so that a sum of them can be larger; rows are never so many. */
const isFedCount = (name: MeasureName): boolean => name === 'clicks' || name === 'impressions';

/** @throws UtmqlError FIGURE_TOO_LARGE for a count whose last digits JSON would lose */
function exactCount(name: MeasureName, count: number): number {
  if (Number.isSafeInteger(count)) return count;
  throw new UtmqlError(
    'FIGURE_TOO_LARGE',
    `${name} is about ${count.toExponential(2)}, beyond 2^53, where a JSON number loses digits; ask for fewer days or rows, or mend the feed.`,
  );
}

/** One field a measure, for every type that shows measures. */
type FieldBuilder = PothosSchemaTypes.ObjectFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<typeof builder.$inferSchemaTypes>,
  MetricsRow
>;

export function measureFields(t: FieldBuilder) {
  return Object.fromEntries(
    measureNames.map((name) => {
      const description = describe(name);
      if (!isSum(name))
        return [name, t.float({ nullable: true, description, resolve: (row) => row[name] ?? null })];
      if (describeMeasure(name).unit === 'money')
        return [name, t.float({ description, resolve: (row) => row[name] ?? 0 })];
      if (!isFedCount(name))
        return [name, t.field({ type: 'SafeInt', description, resolve: (row) => row[name] ?? 0 })];
      return [
        name,
        t.field({
          type: 'SafeInt',
          nullable: true,
          description: `${description} Null, with the error FIGURE_TOO_LARGE, beyond 2^53.`,
          resolve: (row) => exactCount(name, row[name] ?? 0),
        }),
      ];
    }),
  );
}

/** One field a dimension, and one for all breakdowns. */
export function dimensionFields(t: FieldBuilder) {
  const named = Object.fromEntries(
    dimensionNames.map((name) => {
      const description = `${describeDimension(name)} Null when ${toEnumName(name)} is not in \`groupBy\`.`;
      return name === 'date'
        ? [
            name,
            t.field({ type: 'LocalDate', nullable: true, description, resolve: (row) => row.date ?? null }),
          ]
        : [name, t.string({ nullable: true, description, resolve: (row) => row[name] ?? null })];
    }),
  );
  return {
    ...named,
    breakdown: t.string({
      nullable: true,
      description: `The value of a breakdown. ${breakdownDescription} Null when it is not in \`breakdowns\`, and for records that lack it, those of the CRM among them.`,
      args: { name: t.arg.string({ required: true, description: 'Its name.' }) },
      resolve: (row, { name }) => row[breakdownDimension(name)] ?? null,
    }),
  };
}

interface CatalogEntry {
  readonly measures: readonly MeasureName[];
  readonly dimensions: readonly NamedDimension[];
}

const MeasureInfo = builder.objectRef<MeasureName>('MeasureInfo').implement({
  description: 'A measure: what it counts and how.',
  fields: (t) => ({
    name: t.field({
      type: MeasureEnum,
      description: 'As in `orderBy` and `having`.',
      resolve: (name) => name,
    }),
    field: t.string({ description: 'As a field of `nodes` and `totals`.', resolve: (name) => name }),
    unit: t.field({
      type: UnitEnum,
      description: 'What it counts.',
      resolve: (name) => describeMeasure(name).unit,
    }),
    formula: t.string({
      description: 'How it is worked out.',
      resolve: (name) => describeMeasure(name).formula,
    }),
    description: t.string({
      description: 'What it means.',
      resolve: (name) => describeMeasure(name).description,
    }),
    additive: t.boolean({ description: 'Whether rows add up to the total. Ratios do not.', resolve: isSum }),
  }),
});

const DimensionInfo = builder.objectRef<NamedDimension>('DimensionInfo').implement({
  description: 'A dimension: what figures can be split by.',
  fields: (t) => ({
    name: t.field({
      type: DimensionEnum,
      description: 'As in `groupBy` and `orderBy`.',
      resolve: (name) => name,
    }),
    field: t.string({ description: 'As a field of `nodes`.', resolve: (name) => name }),
    description: t.string({ description: 'What it means.', resolve: describeDimension }),
  }),
});

const MetricCatalog = builder.objectRef<CatalogEntry>('MetricCatalog').implement({
  description: 'Every measure and dimension of `metrics`.',
  fields: (t) => ({
    measures: t.field({
      type: [MeasureInfo],
      description: 'All measures.',
      resolve: (catalog) => catalog.measures,
    }),
    dimensions: t.field({
      type: [DimensionInfo],
      description: 'All dimensions.',
      resolve: (catalog) => catalog.dimensions,
    }),
  }),
});

builder.queryField('metricCatalog', (t) =>
  t.field({
    type: MetricCatalog,
    description: 'What can be asked of `metrics`: measures with unit and formula, and dimensions.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    resolve: () => ({ measures: measureNames, dimensions: dimensionNames }),
  }),
);
