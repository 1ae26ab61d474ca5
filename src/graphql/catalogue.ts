import type { RootField } from '../access/grants.ts';
import { UtmqlError } from '../errors.ts';
import { type Catalogue, type ScanSide, standardCatalogue } from '../metrics/catalogue.ts';
import { catalogueOf, type Model } from '../metrics/model.ts';
import type { MetricsRow } from '../metrics/query.ts';
import {
  type AskedDimension,
  breakdownDimension,
  describeDimension,
  dimensionNames,
  fieldOf,
  isOwnDimension,
  isOwnMeasure,
  type MeasureName,
  standardMeasures,
  type Unit,
} from '../metrics/registry.ts';
import type { RecordKind } from '../records/contract.ts';
import { breakdownDescription } from './breakdowns.ts';
import { builder, enumValues, toEnumName } from './builder.ts';
import { RecordKindEnum } from './record-kind.ts';

/** When a figure with money is null. */
export const nullMoney =
  'Null if it is of several currencies and there are no exchange rates, or a rate is missing.';

export const MeasureEnum = builder.enumType('Measure', {
  description: 'All measures. `metricCatalog` lists them with unit and formula.',
  values: enumValues<MeasureName>(standardMeasures, (name) => describeField(name, standardCatalogue)),
});

export const DimensionEnum = builder.enumType('Dimension', {
  description: 'A dimension to group and filter by.',
  values: enumValues<AskedDimension>(dimensionNames, (name) => describeAsked(name, undefined)),
});

const units: Readonly<Record<Unit, string>> = {
  count: 'A whole number.',
  quantity: 'A number that can have a fraction.',
  money: 'An amount in the asked `currency`, or, where there are no exchange rates, in that of the records.',
  ratio: 'A ratio: 0.05 means 5%.',
};

const UnitEnum = builder.enumType('Unit', {
  description: 'The unit of a measure.',
  values: enumValues(['count', 'quantity', 'money', 'ratio'] as const, (name) => units[name]),
});

/** What the schema says of a measure. */
export function describeField(name: MeasureName, { describe, isSum, isAmount, sumsOf }: Catalogue): string {
  const { description, formula, unit } = describe(name);
  const whenNull = isSum(name) ? '' : ' Null if the denominator is zero.';
  const whenDoubtful = sumsOf(name).some(isAmount) ? ` ${nullMoney}` : '';
  return `${description} Formula: ${formula}. Unit: ${unit}.${whenNull}${whenDoubtful}`;
}

/** What the schema says of a dimension. */
export function describeAsked(name: AskedDimension, model: Model | undefined): string {
  return isOwnDimension(name) ? (model?.dimensions.get(name)?.description ?? '') : describeDimension(name);
}

/** Feeds send the counts of ads, each up to 2^53, so that a sum of them can be larger; CRM records and events are never so many. */
function isFedCount(name: MeasureName, { isSum, sum }: Catalogue): boolean {
  if (!isSum(name)) return false;
  const { from, unit } = sum(name);
  return from === 'ads' && unit === 'count';
}

export const nullCount = 'Null, with the error FIGURE_TOO_LARGE, if it exceeds 2^53.';

/** @throws UtmqlError FIGURE_TOO_LARGE for a count whose last digits JSON would lose */
export function exactCount(name: MeasureName, count: number): number {
  if (Number.isSafeInteger(count)) return count;
  throw new UtmqlError(
    'FIGURE_TOO_LARGE',
    `${fieldOf(name)} is about ${count.toExponential(2)}, beyond 2^53, where a JSON number loses digits; ask for fewer days or rows, or mend the feed.`,
  );
}

/** Absent: there is no row, and so no money. */
export const amountOf = (amount: number | null | undefined): number | null =>
  amount === undefined ? 0 : amount;

/** One field a measure, for every type that shows measures. */
type FieldBuilder = PothosSchemaTypes.ObjectFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<typeof builder.$inferSchemaTypes>,
  MetricsRow
>;

export function measureFields(t: FieldBuilder) {
  const { isSum, describe } = standardCatalogue;
  return Object.fromEntries(
    standardMeasures.map((name) => {
      const description = describeField(name, standardCatalogue);
      if (!isSum(name))
        return [name, t.float({ nullable: true, description, resolve: (row) => row[name] ?? null })];
      if (describe(name).unit === 'money')
        return [name, t.float({ nullable: true, description, resolve: (row) => amountOf(row[name]) })];
      if (describe(name).unit === 'quantity')
        return [name, t.float({ description, resolve: (row) => row[name] ?? 0 })];
      if (!isFedCount(name, standardCatalogue))
        return [name, t.field({ type: 'SafeInt', description, resolve: (row) => row[name] ?? 0 })];
      return [
        name,
        t.field({
          type: 'SafeInt',
          nullable: true,
          description: `${description} ${nullCount}`,
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
      description: `The value of a breakdown. ${breakdownDescription} Null when it is not in \`breakdowns\`, for ads rows that do not have it, and for all CRM records.`,
      args: { name: t.arg.string({ required: true, description: 'Its name.' }) },
      resolve: (row, { name }) => row[breakdownDimension(name)] ?? null,
    }),
  };
}

interface CatalogEntry {
  readonly measures: readonly MeasureName[];
  readonly dimensions: readonly AskedDimension[];
}

const kindOfSide: Readonly<Record<ScanSide, RecordKind>> = {
  ads: 'ad_performance',
  crm: 'opportunity',
  events: 'event',
};

const kindsOf = (name: MeasureName, { sumsOf, sum }: Catalogue): RecordKind[] => [
  ...new Set(sumsOf(name).map((each) => kindOfSide[sum(each).from])),
];

const MeasureInfo = builder.objectRef<MeasureName>('MeasureInfo').implement({
  description: 'A measure with its unit and formula.',
  fields: (t) => ({
    name: t.field({
      type: MeasureEnum,
      description: 'Its name in `orderBy` and `having`.',
      resolve: (name) => name,
    }),
    field: t.string({ description: 'Its field name in `nodes` and `totals`.', resolve: fieldOf }),
    unit: t.field({
      type: UnitEnum,
      description: 'Its unit.',
      resolve: (name, _args, { model }) => catalogueOf(model).describe(name).unit,
    }),
    formula: t.string({
      description: 'Its formula.',
      resolve: (name, _args, { model }) => catalogueOf(model).describe(name).formula,
    }),
    description: t.string({
      description: 'What it means.',
      resolve: (name, _args, { model }) => catalogueOf(model).describe(name).description,
    }),
    additive: t.boolean({
      description:
        'True if the rows add up to the total. False for ratios and for counts of different values.',
      resolve: (name, _args, { model }) => catalogueOf(model).isAdditive(name),
    }),
    countedFrom: t.field({
      type: [RecordKindEnum],
      description: 'The records that it is worked out of.',
      resolve: (name, _args, { model }) => kindsOf(name, catalogueOf(model)),
    }),
    isOwn: t.boolean({ description: 'True if MODEL_FILE defines it.', resolve: isOwnMeasure }),
  }),
});

const DimensionInfo = builder.objectRef<AskedDimension>('DimensionInfo').implement({
  description: 'A dimension to group and filter by.',
  fields: (t) => ({
    name: t.field({
      type: DimensionEnum,
      description: 'Its name in `groupBy` and `orderBy`.',
      resolve: (name) => name,
    }),
    field: t.string({ description: 'Its field name in `nodes`.', resolve: fieldOf }),
    description: t.string({
      description: 'What it means.',
      resolve: (name, _args, { model }) => describeAsked(name, model),
    }),
    isOwn: t.boolean({ description: 'True if MODEL_FILE defines it.', resolve: isOwnDimension }),
  }),
});

const MetricCatalog = builder.objectRef<CatalogEntry>('MetricCatalog').implement({
  description: 'All measures and dimensions of `metrics`.',
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
    description: 'All measures, with unit and formula, and all dimensions that `metrics` supports.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    resolve: (_root, _args, { model }) => ({
      measures: catalogueOf(model).measures,
      dimensions: [...dimensionNames, ...(model?.dimensions.keys() ?? [])],
    }),
  }),
);
