import type { RootField } from '../access/grants.ts';
import { type AdRecord, adList, adOrders } from '../explore/record-lists.ts';
import { toCamelCase } from '../ingest/kinds/raw-record.ts';
import { adFigures, adPerformanceContract, isCount } from '../records/ad-performance.ts';
import { BreakdownType, breakdownDescription } from './breakdowns.ts';
import { builder, enumValues } from './builder.ts';
import { currencyArgument } from './currency.ts';
import { DateRangeInput } from './dates.ts';
import { daysDescription, readMoneyScope } from './explore-scope.ts';
import { utmFields } from './explore-utm-fields.ts';
import { DirectionEnum } from './metrics-inputs.ts';
import { loadListPage, pageArguments, pageType, rowPaths } from './pages.ts';
import { readSelection } from './selection.ts';
import { MetricsWhere } from './where.ts';

type FieldBuilder = PothosSchemaTypes.ObjectFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<typeof builder.$inferSchemaTypes>,
  AdRecord
>;

const ExtraMeasureType = builder
  .objectRef<{ readonly name: string; readonly value: number }>('ExtraMeasure')
  .implement({
    description: 'A number of ads rows that utmql has no field for. See `extra_measures` in docs/sources.md.',
    fields: (t) => ({
      name: t.exposeString('name', { description: 'Its name.' }),
      value: t.exposeFloat('value', { description: 'Its value. Unit: quantity.' }),
    }),
  });

const AdPerformance = builder.objectRef<AdRecord>('AdPerformance').implement({
  description:
    'A stored ads row: one day, channel, campaign and UTM set. Feeds with more detail have one row for each ad group or ad.',
  fields: (t) => ({
    date: t.field({ type: 'LocalDate', description: 'The day.', resolve: (row) => row.date }),
    channel: t.exposeString('channel', { description: 'Ad platform or channel, in lower case.' }),
    campaignId: t.exposeString('campaign_id', { description: 'Campaign id of the ad platform.' }),
    adGroupId: t.exposeString('ad_group_id', {
      nullable: true,
      description: 'Ad group id of the ad platform. Null if the feed has no ad groups.',
    }),
    adId: t.exposeString('ad_id', {
      nullable: true,
      description: 'Ad id of the ad platform. Null if the feed has no ads.',
    }),
    ...utmFields(t),
    breakdowns: t.field({
      type: [BreakdownType],
      description: 'The breakdowns of the row, ordered by name. Empty if the feed has none.',
      resolve: (row) => Object.entries(row.breakdowns).map(([name, value]) => ({ name, value })),
    }),
    breakdown: t.string({
      nullable: true,
      description: `The value of one breakdown. ${breakdownDescription} Null if the row does not have it.`,
      args: { name: t.arg.string({ required: true, description: 'Its name.' }) },
      resolve: (row, { name }) => new Map(Object.entries(row.breakdowns)).get(name) ?? null,
    }),
    extraMeasures: t.field({
      type: [ExtraMeasureType],
      description: 'Further numbers that the feed gave, ordered by name, without those that are 0.',
      resolve: (row) => Object.entries(row.extra_measures).map(([name, value]) => ({ name, value })),
    }),
    ...figureFields(t),
    cost: t.exposeFloat('shown_money', {
      nullable: true,
      description: 'Ad spend. Unit: money, in `currency`. Null if there is no exchange rate for it.',
    }),
    conversionValue: t.exposeFloat('shown_value', {
      nullable: true,
      description:
        'Value of the conversions. Unit: money, in `currency`. Null if there is no exchange rate for it.',
    }),
    currency: t.exposeString('shown_currency', {
      description:
        'ISO 4217 code of `cost` and `conversionValue`: the asked currency, or that of the record.',
    }),
    storedCost: t.exposeFloat('cost', {
      description: 'Ad spend as the feed gave it. Unit: money, in `storedCurrency`.',
    }),
    storedConversionValue: t.exposeFloat('conversion_value', {
      description: 'Value of the conversions as the feed gave it. Unit: money, in `storedCurrency`.',
    }),
    storedCurrency: t.exposeString('currency', {
      description: 'ISO 4217 code of the stored amounts.',
    }),
    source: t.exposeString('source', {
      description: 'Where it came from: the name of a configured source, or `push`.',
    }),
  }),
});

/** One field a figure. */
function figureFields(t: FieldBuilder) {
  return Object.fromEntries(
    adFigures.map((figure) => {
      const { description, format } = adPerformanceContract.fields[figure];
      const options = {
        description: `${description} Unit: ${format}.`,
        resolve: (row: AdRecord) => row[figure],
      };
      return [
        toCamelCase(figure),
        isCount(figure) ? t.field({ type: 'SafeInt', ...options }) : t.float(options),
      ];
    }),
  );
}

const AdPerformances = pageType('AdPerformancePage', 'Stored ads rows.', AdPerformance);

const OrderEnum = builder.enumType('AdPerformanceOrderField', {
  description: 'A field to order ads rows by.',
  values: enumValues(adOrders, (name) => (name === 'date' ? 'The day.' : `By ${name}.`)),
});

const OrderInput = builder.inputType('AdPerformanceOrderInput', {
  description: 'Order of ads rows. Ties are ordered by day, then by key.',
  fields: (t) => ({
    by: t.field({ type: OrderEnum, required: true, description: 'The field to order by.' }),
    direction: t.field({
      type: DirectionEnum,
      defaultValue: 'desc',
      description: 'Smallest or largest first.',
    }),
  }),
});

builder.queryField('adPerformance', (t) =>
  t.field({
    type: AdPerformances,
    description:
      'The stored ads rows behind a `metrics` figure. With the same range and filter, they add up to its `impressions`, `clicks` and `cost`.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dateRange: t.arg({
        type: DateRangeInput,
        required: true,
        description: daysDescription('Of these days'),
      }),
      where: t.arg({ type: MetricsWhere, description: 'Filter on rows, as in `metrics`.' }),
      orderBy: t.arg({
        type: OrderInput,
        defaultValue: { by: 'date', direction: 'desc' },
        description: 'Order of the rows. Default: newest first.',
      }),
      ...currencyArgument,
      ...pageArguments,
    },
    resolve: async (_root, args, context, info) => {
      const selection = readSelection(info);
      const shown = rowPaths.flatMap((path) => selection.names(...path));
      const { reader } = context.explore;
      const query = {
        ...(await readMoneyScope(args, context)),
        order: { by: args.orderBy?.by ?? 'date', direction: args.orderBy?.direction ?? 'desc' },
      } as const;
      const showsBreakdowns = shown.includes('breakdowns') || shown.includes('breakdown');
      const showsExtraMeasures = shown.includes('extraMeasures');
      const list = adList({ ...query, showsBreakdowns, showsExtraMeasures });
      return loadListPage(['adPerformance', query], args, reader, list);
    },
  }),
);
