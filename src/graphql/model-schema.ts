import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  GraphQLEnumType,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  GraphQLFloat,
  type GraphQLInputFieldConfig,
  GraphQLInputObjectType,
  GraphQLObjectType,
  type GraphQLScalarType,
  type GraphQLSchema,
  GraphQLString,
  isInputObjectType,
  isScalarType,
} from 'graphql';
import type { Catalogue } from '../metrics/catalogue.ts';
import type { Unconverted } from '../metrics/currency/money-report.ts';
import type { Model } from '../metrics/model.ts';
import { valueOfNothing } from '../metrics/own/expression.ts';
import type { MetricsRow } from '../metrics/query.ts';
import { fieldOf, isOwnMeasure, type OwnMeasure } from '../metrics/registry.ts';
import { enumNameOf } from './breakdowns.ts';
import { describeAsked, describeField, exactCount, nullCount } from './catalogue.ts';
import { schema } from './schema.ts';

const grown = new WeakMap<Model, GraphQLSchema>();

/** The schema with a model's dimensions and measures. */
export function schemaOf(model: Model | undefined): GraphQLSchema {
  if (model === undefined) return schema;
  const known = grown.get(model) ?? growBy(model);
  grown.set(model, known);
  return known;
}

type RowFields<Source> = Readonly<Record<string, GraphQLFieldConfig<Source, unknown>>>;

function growBy(model: Model): GraphQLSchema {
  const { catalogue } = model;
  const dimensions = [...model.dimensions.keys()];
  const measures = catalogue.measures.filter(isOwnMeasure);
  if (dimensions.length === 0 && measures.length === 0) return schema;
  const safeInt = schema.getType('SafeInt');
  const textFilter = schema.getType('TextFilter');
  if (!isScalarType(safeInt) || !isInputObjectType(textFilter)) throw new Error('the schema lacks a type');

  const values = {
    Measure: measures.map((name) => [name, describeField(name, catalogue)] as const),
    Dimension: dimensions.map((name) => [name, describeAsked(name, model)] as const),
  };
  const figures = figureFields(measures, model, safeInt);
  const differences = (
    what: string,
    withoutRow: (name: OwnMeasure) => number | null,
  ): RowFields<MetricsRow> =>
    Object.fromEntries(
      measures.map((name) => [
        fieldOf(name),
        {
          type: GraphQLFloat,
          description: `${what} of ${fieldOf(name)}.`,
          resolve: (row) => (row[name] === undefined ? withoutRow(name) : row[name]),
        },
      ]),
    );
  const fields: Readonly<Record<string, RowFields<never>>> = {
    MetricsNode: {
      ...Object.fromEntries(
        dimensions.map((name): [string, GraphQLFieldConfig<MetricsRow, unknown>] => [
          fieldOf(name),
          {
            type: GraphQLString,
            description: `${describeAsked(name, model)} Null when ${enumNameOf(name)} is not in \`groupBy\`.`,
            resolve: (row) => row[name] ?? null,
          },
        ]),
      ),
      ...figures,
    },
    MetricsTotals: figures,
    PreviousMeasures: figures,
    MeasureChanges: differences('Change', (name) => emptyFigure(name, catalogue)),
    RelativeMeasureChanges: differences('Relative change', () => null),
    UnconvertedMoney: Object.fromEntries(
      measures.filter(catalogue.isAmount).map((name): [string, GraphQLFieldConfig<Unconverted, unknown>] => [
        fieldOf(name),
        {
          type: GraphQLFloat,
          description: `${catalogue.describe(name).description} 0 if the query has no measure of it.`,
          resolve: ({ amounts }) => amounts.get(name) ?? 0,
        },
      ]),
    ),
  };
  const conditions = Object.fromEntries(
    dimensions.map((name): [string, GraphQLInputFieldConfig] => [
      fieldOf(name),
      { type: textFilter, description: describeAsked(name, model) },
    ]),
  );
  return mapSchema(schema, {
    [MapperKind.ENUM_TYPE](type) {
      const added = Object.entries(values).find(([name]) => name === type.name)?.[1] ?? [];
      if (added.length === 0) return type;
      const config = type.toConfig();
      const own = added.map(
        ([name, description]) => [enumNameOf(name), { value: name, description }] as const,
      );
      return new GraphQLEnumType({ ...config, values: { ...config.values, ...Object.fromEntries(own) } });
    },
    [MapperKind.OBJECT_TYPE](type) {
      const added = fields[type.name];
      if (added === undefined) return type;
      const config = type.toConfig();
      const own = added as GraphQLFieldConfigMap<unknown, unknown>;
      return new GraphQLObjectType({ ...config, fields: { ...config.fields, ...own } });
    },
    [MapperKind.INPUT_OBJECT_TYPE](type) {
      if (type.name !== 'MetricsWhere') return type;
      const config = type.toConfig();
      return new GraphQLInputObjectType({ ...config, fields: { ...config.fields, ...conditions } });
    },
  });
}

/** Without a row, sums are zero. */
const emptyFigure = (name: OwnMeasure, { expressionOf }: Catalogue): number | null =>
  valueOfNothing(expressionOf(name));

function figureFields(
  measures: readonly OwnMeasure[],
  { catalogue }: Model,
  safeInt: GraphQLScalarType,
): RowFields<MetricsRow> {
  return Object.fromEntries(
    measures.map((name): [string, GraphQLFieldConfig<MetricsRow, unknown>] => {
      const description = describeField(name, catalogue);
      if (catalogue.describe(name).unit === 'count')
        return [
          fieldOf(name),
          {
            type: safeInt,
            description: `${description} ${nullCount}`,
            resolve: (row) => exactCount(name, row[name] ?? 0),
          },
        ];
      return [
        fieldOf(name),
        {
          type: GraphQLFloat,
          description,
          resolve: (row) => (row[name] === undefined ? emptyFigure(name, catalogue) : row[name]),
        },
      ];
    }),
  );
}
