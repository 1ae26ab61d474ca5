import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { breakdownNameList, type DimensionValue, dimensionValueList } from '../explore/dimension-values.ts';
import { type DimensionName, labelNames, type TextDimension } from '../metrics/registry.ts';
import { breakdownDescription } from './breakdowns.ts';
import { builder, toEnumName } from './builder.ts';
import { DimensionEnum } from './catalogue.ts';
import { DateRangeInput } from './dates.ts';
import { daysDescription, readScope } from './explore-scope.ts';
import { readDimension } from './metrics-inputs.ts';
import { loadListPage, pageArguments, pageType } from './pages.ts';
import { MetricsWhere } from './where.ts';

const DimensionValueType = builder.objectRef<DimensionValue>('DimensionValue').implement({
  description: 'A value of a dimension, with its number of records and its cost.',
  fields: (t) => ({
    value: t.exposeString('value', {
      nullable: true,
      description: 'The value, as `where` takes it. Null stands for records without a value.',
    }),
    rows: t.field({
      type: 'SafeInt',
      description: 'Stored ads rows and CRM records with this value. Unit: count.',
      resolve: (row) => row.record_count,
    }),
    cost: t.float({
      description: 'Cost of the ads rows with this value. Unit: money, in the currency of the records.',
      resolve: (row) => row.total_cost,
    }),
  }),
});

const DimensionValues = pageType(
  'DimensionValues',
  'Values of a dimension, for filter drop-downs.',
  DimensionValueType,
);

builder.queryField('dimensionValues', (t) =>
  t.field({
    type: DimensionValues,
    description:
      'The values that stored records have for a dimension. Ordered by cost (highest first), then by number of records, then by value.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dimension: t.arg({ type: DimensionEnum, description: 'Any dimension except DATE.' }),
      breakdown: t.arg.string({
        description: `Use this instead of \`dimension\` to list the values of a breakdown. ${breakdownDescription}`,
      }),
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Only records of these days'),
      }),
      where: t.arg({ type: MetricsWhere, description: 'Only values of records that match this filter.' }),
      search: t.arg.string({
        description: 'Only values that contain this text (case-insensitive). Null never matches.',
      }),
      ...pageArguments,
    },
    resolve: (_root, args, context) => {
      const { reader } = context.explore;
      const query = {
        ...readScope(args, context),
        dimension: readLabel(readDimension(args, 'dimensionValues')),
        search: args.search ?? '',
      };
      return loadListPage(['dimensionValues', query], args, reader, dimensionValueList(query));
    },
  }),
);

builder.queryField('breakdowns', (t) =>
  t.field({
    type: DimensionValues,
    description:
      'The names of the breakdowns in stored ads rows, highest cost first. `dimensionValues(breakdown:)` lists the values of one.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Only ads rows of these days'),
      }),
      where: t.arg({ type: MetricsWhere, description: 'Only ads rows that match this filter.' }),
      ...pageArguments,
    },
    resolve: (_root, args, context) => {
      const query = readScope(args, context);
      return loadListPage(['breakdowns', query], args, context.explore.reader, breakdownNameList(query));
    },
  }),
);

function readLabel(dimension: DimensionName | undefined): TextDimension {
  if (dimension === undefined) throw badInput('dimensionValues: give dimension or breakdown.');
  if (dimension !== 'date') return dimension;
  throw badInput(
    `dimension: DATE has no list of values; choose one of ${labelNames.map(toEnumName).join(', ')}.`,
  );
}
