import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { type DimensionValue, dimensionValueList } from '../explore/dimension-values.ts';
import { type DimensionName, type LabelName, labelNames } from '../metrics/registry.ts';
import { builder, toEnumName } from './builder.ts';
import { DateRangeInput } from './dates.ts';
import { daysDescription, readScope } from './explore-scope.ts';
import { DimensionEnum } from './measures.ts';
import { afterDescription, firstDescription, loadListPage, pageType } from './pages.ts';
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
      dimension: t.arg({ type: DimensionEnum, required: true, description: 'Any dimension but DATE.' }),
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Records of which days'),
      }),
      where: t.arg({ type: MetricsWhere, description: 'Only values of these records.' }),
      search: t.arg.string({
        description: 'Only values with this text in them, in upper or lower case. Null has no text in it.',
      }),
      first: t.arg.int({ defaultValue: 50, description: firstDescription() }),
      after: t.arg.string({ description: afterDescription }),
    },
    resolve: (_root, args, context) => {
      const { reader } = context.explore;
      const query = {
        ...readScope(args, context),
        dimension: readLabel(args.dimension),
        search: args.search ?? '',
      };
      return loadListPage(['dimensionValues', query], args, reader, dimensionValueList(query));
    },
  }),
);

function readLabel(dimension: DimensionName): LabelName {
  if (dimension !== 'date') return dimension;
  throw badInput(
    `dimension: DATE has no list of values; choose one of ${labelNames.map(toEnumName).join(', ')}.`,
  );
}
