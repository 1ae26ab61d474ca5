import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { breakdownNameList, type DimensionValue, dimensionValueList } from '../explore/dimension-values.ts';
import { type DimensionName, labelNames, type TextDimension } from '../metrics/registry.ts';
import { breakdownDescription } from './breakdowns.ts';
import { builder, toEnumName } from './builder.ts';
import { DateRangeInput } from './dates.ts';
import { daysDescription, readScope } from './explore-scope.ts';
import { DimensionEnum } from './measures.ts';
import { readDimension } from './metrics-inputs.ts';
import { loadListPage, pageArguments, pageType } from './pages.ts';
import { MetricsWhere } from './where.ts';

const DimensionValueType = builder.objectRef<DimensionValue>('DimensionValue').implement({
  description: 'A value of a dimension, and how much there is of it.',
  fields: (t) => ({
    value: t.exposeString('value', {
      nullable: true,
      description: 'As `where` takes it. Null stands for the records that have none.',
    }),
    rows: t.field({
      type: 'SafeInt',
      description: 'Stored records with it, ads rows and CRM records together. Unit: count.',
      resolve: (row) => row.record_count,
    }),
    cost: t.float({
      description: 'Spend on its ads rows. Unit: money, in the currency of the records.',
      resolve: (row) => row.total_cost,
    }),
  }),
});

const DimensionValues = pageType(
  'DimensionValues',
  'Values of a dimension, for the drop-downs of a filter.',
  DimensionValueType,
);

builder.queryField('dimensionValues', (t) =>
  t.field({
    type: DimensionValues,
    description:
      'The values of a dimension that stored records have, with most cost first; then by records, then by value.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dimension: t.arg({ type: DimensionEnum, description: 'Any dimension but DATE.' }),
      breakdown: t.arg.string({ description: `In place of \`dimension\`. ${breakdownDescription}` }),
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Records of which days'),
      }),
      where: t.arg({ type: MetricsWhere, description: 'Only values of these records.' }),
      search: t.arg.string({
        description: 'Only values with this text in them, in upper or lower case. Null has no text in it.',
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
      'The names of the breakdowns that stored ads rows have, those with most cost first. `dimensionValues(breakdown:)` has the values of each.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Ads rows of which days'),
      }),
      where: t.arg({ type: MetricsWhere, description: 'Only of these rows.' }),
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
