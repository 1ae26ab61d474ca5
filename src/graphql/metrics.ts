import { badInput } from '../errors.ts';
import {
  type Having,
  type MetricsQuery,
  type MetricsResult,
  type MetricsRow,
  numberOperators,
  type Order,
} from '../metrics/query.ts';
import { formatDay } from '../records/day.ts';
import { builder, enumValues } from './builder.ts';
import { DateRangeInput, GranularityEnum, readRange, WeekdayEnum } from './dates.ts';
import { DimensionEnum, dimensionFields, MeasureEnum, measureFields } from './measures.ts';
import { buildQuery, defaultFirst, maxFirst, writeCursor } from './metrics-arguments.ts';
import { readSelection } from './selection.ts';
import { MetricsWhere, readWhere } from './where.ts';

interface Answer {
  readonly query: MetricsQuery;
  readonly result: MetricsResult;
}

const DirectionEnum = builder.enumType('SortDirection', {
  description: 'Which end comes first. Rows without a value come last either way.',
  values: enumValues(['asc', 'desc'] as const, (name) =>
    name === 'asc' ? 'Smallest first.' : 'Largest first.',
  ),
});

const HavingInput = builder.inputType('HavingInput', {
  description:
    'A condition on a measure of the finished rows; all that are given must hold. A null ratio meets none.',
  fields: (t) => ({
    measure: t.field({ type: MeasureEnum, required: true, description: 'Which measure.' }),
    gt: t.float({ description: 'Greater than.' }),
    gte: t.float({ description: 'Greater than or equal to.' }),
    lt: t.float({ description: 'Less than.' }),
    lte: t.float({ description: 'Less than or equal to.' }),
    eq: t.float({ description: 'Equal to.' }),
  }),
});

const OrderByInput = builder.inputType('OrderByInput', {
  description: 'A measure, or a dimension of `groupBy`: exactly one of them.',
  fields: (t) => ({
    measure: t.field({ type: MeasureEnum, description: 'Order by this measure.' }),
    dimension: t.field({ type: DimensionEnum, description: 'Order by this dimension.' }),
    direction: t.field({ type: DirectionEnum, defaultValue: 'asc', description: 'Which end comes first.' }),
  }),
});

const MetricsNode = builder.objectRef<MetricsRow>('MetricsNode').implement({
  description: 'A row: one combination of the dimensions in `groupBy`, with its measures.',
  fields: (t) => ({ ...dimensionFields(t), ...measureFields(t) }),
});

const MetricsTotals = builder.objectRef<MetricsRow>('MetricsTotals').implement({
  description:
    'The measures over all rows, of every page. Sums are the sums of the rows; ratios are worked out anew.',
  fields: (t) => measureFields(t),
});

const PageInfo = builder.objectRef<Answer>('PageInfo').implement({
  description: 'Where this page ends.',
  fields: (t) => ({
    endCursor: t.string({
      nullable: true,
      description: 'Pass it as `after` to get the next page. Null on an empty page.',
      resolve: ({ query, result }) =>
        result.rows.length === 0 ? null : writeCursor(query, result.rows.length),
    }),
    hasNextPage: t.boolean({
      description: 'Whether there is a next page.',
      resolve: ({ result }) => result.hasNextPage,
    }),
  }),
});

const Warning = builder.objectRef<{ code: string; message: string }>('MetricsWarning').implement({
  description: 'Something that a reader of these figures should know.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable name of the warning.' }),
    message: t.exposeString('message', { description: 'The warning in a sentence.' }),
  }),
});

const MetricsMeta = builder.objectRef<Answer>('MetricsMeta').implement({
  description: 'About the answer itself.',
  fields: (t) => ({
    from: t.field({
      type: 'LocalDate',
      description: 'First day of the range.',
      resolve: ({ query }) => formatDay(query.range.from),
    }),
    to: t.field({
      type: 'LocalDate',
      description: 'Last day of the range.',
      resolve: ({ query }) => formatDay(query.range.to),
    }),
    freshness: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the last run that stored something ended. Null before the first.',
      resolve: async ({ query }, _args, { ingest }) => {
        const at = await ingest.runs.freshness(query.workspace);
        return at === undefined ? null : new Date(at);
      },
    }),
    rowsRead: t.field({
      type: 'SafeInt',
      description: 'Rows that the database read.',
      resolve: ({ result }) => result.rowsRead,
    }),
    elapsedMs: t.float({
      description: 'Time from plan to rows, milliseconds.',
      resolve: ({ result }) => result.elapsedMs,
    }),
    queries: t.int({
      description: 'Database queries behind this answer.',
      resolve: ({ result }) => result.queries,
    }),
    warnings: t.field({
      type: [Warning],
      description: 'What to mind about these figures.',
      resolve: () => [],
    }),
  }),
});

const MetricsAnswer = builder.objectRef<Answer>('Metrics').implement({
  description: 'The answer to one question. Only what is selected is worked out.',
  fields: (t) => ({
    nodes: t.field({
      type: [MetricsNode],
      description: 'The rows of this page.',
      resolve: ({ result }) => result.rows,
    }),
    totals: t.field({
      type: MetricsTotals,
      description: 'Over all rows, of every page.',
      resolve: ({ result }) => result.totals,
    }),
    totalCount: t.field({
      type: 'SafeInt',
      description: 'Rows of all pages.',
      resolve: ({ result }) => result.totalCount,
    }),
    pageInfo: t.field({ type: PageInfo, description: 'Where this page ends.', resolve: (answer) => answer }),
    meta: t.field({
      type: MetricsMeta,
      description: 'About the answer itself.',
      resolve: (answer) => answer,
    }),
  }),
});

builder.queryField('metrics', (t) =>
  t.field({
    type: MetricsAnswer,
    description: 'Spend and what came of it: any measures, by any dimensions, over any days.',
    args: {
      dateRange: t.arg({ type: DateRangeInput, required: true, description: 'Which days.' }),
      groupBy: t.arg({
        type: [DimensionEnum],
        defaultValue: [],
        description: 'One row for each combination; one row in all when empty.',
      }),
      granularity: t.arg({
        type: GranularityEnum,
        defaultValue: 'day',
        description: 'Size of the buckets of DATE.',
      }),
      weekStart: t.arg({ type: WeekdayEnum, defaultValue: 'monday', description: 'First day of weeks.' }),
      where: t.arg({ type: MetricsWhere, description: 'Which records count.' }),
      having: t.arg({
        type: [HavingInput],
        defaultValue: [],
        description: 'Which rows are shown, by their measures. `totals` are of these rows.',
      }),
      orderBy: t.arg({
        type: [OrderByInput],
        defaultValue: [],
        description: 'Order of the rows; then by the dimensions of groupBy.',
      }),
      first: t.arg.int({ defaultValue: defaultFirst, description: `Rows a page, up to ${maxFirst}.` }),
      after: t.arg.string({ description: '`endCursor` of the page before.' }),
    },
    resolve: async (_root, args, { caller, metrics, today }, info) => {
      const read = {
        range: readRange(args.dateRange),
        groupBy: args.groupBy ?? [],
        granularity: args.granularity ?? 'day',
        weekStart: args.weekStart ?? 'monday',
        where: readWhere(args.where),
        having: (args.having ?? []).flatMap(readHaving),
        orderBy: (args.orderBy ?? []).map(readOrder),
        first: args.first ?? defaultFirst,
        after: args.after ?? undefined,
      } as const;
      const query = buildQuery(caller.workspace, read, readSelection(info), today());
      return { query, result: await metrics.load(query) };
    },
  }),
);

function readHaving(input: typeof HavingInput.$inferInput, index: number): Having[] {
  const conditions = numberOperators.flatMap((operator) => {
    const value = input[operator];
    return value === undefined || value === null ? [] : [{ measure: input.measure, operator, value }];
  });
  if (conditions.length === 0)
    throw badInput(`having[${index}] has no condition; give one of ${numberOperators.join(', ')}.`);
  return conditions;
}

function readOrder(input: typeof OrderByInput.$inferInput, index: number): Order {
  const by = input.measure ?? input.dimension;
  if (!by || (input.measure && input.dimension))
    throw badInput(`orderBy[${index}]: give exactly one of measure, dimension.`);
  return { by, direction: input.direction ?? 'asc' };
}
