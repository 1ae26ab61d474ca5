import type { InputShapeFromFields } from '@pothos/core';
import { dataScope } from '../access/caller.ts';
import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import type { Conversion } from '../metrics/currency/conversion.ts';
import { amountsOf, reportMoney } from '../metrics/currency/money-report.ts';
import { withKnownComparison } from '../metrics/data-presence.ts';
import type { ExportFormat, ExportOptions, MetricsExport } from '../metrics/export.ts';
import type { Filter } from '../metrics/filter.ts';
import { catalogueOf } from '../metrics/model.ts';
import type { MetricsQuery, MetricsResult, MetricsRow } from '../metrics/query.ts';
import { type AskedDimension, breakdownOf, type DimensionName, isBreakdown } from '../metrics/registry.ts';
import { warningsFor } from '../metrics/warnings.ts';
import { breakdownLimits } from '../records/breakdowns.ts';
import { readBreakdowns } from './breakdowns.ts';
import { builder } from './builder.ts';
import { DimensionEnum } from './catalogue.ts';
import type { Context } from './context.ts';
import { crmDateArgument } from './crm-date.ts';
import { currencyArgument } from './currency.ts';
import { DateRangeInput, GranularityEnum, readRange, WeekdayEnum } from './dates.ts';
import {
  argumentsAddress,
  documentAddress,
  ExportFormatEnum,
  exportedField,
  fieldIn,
} from './export-address.ts';
import { columnsOf } from './export-columns.ts';
import {
  type CountedList,
  countLevels,
  countMetricsReads,
  countSubtotals,
  type ReadingField,
} from './list-rows.ts';
import {
  buildQuery,
  defaultFirst,
  foldOf,
  type LimitBy,
  type MetricsArguments,
  pageOf,
  rankingQuery,
  readLevels,
  shownBy,
} from './metrics-arguments.ts';
import {
  CompareToInput,
  HavingInput,
  LimitByInput,
  OrderByInput,
  readComparison,
  readDimension,
  readHavings,
  readOrder,
} from './metrics-inputs.ts';
import {
  type MetricsAnswer,
  MetricsMeta,
  MetricsNode,
  MetricsTotals,
  UnconvertedType,
} from './metrics-types.ts';
import {
  afterDescription,
  edgesDescription,
  edgesOf,
  edgeType,
  maxFirst,
  PageInfo,
  readFirst,
  rowPaths,
} from './pages.ts';
import { readSelection, type Selection } from './selection.ts';
import { MetricsWhere, readWhere } from './where.ts';

interface Subtotals {
  readonly by: readonly DimensionName[];
  readonly nodes: readonly MetricsRow[];
}

const SubtotalsType = builder.objectRef<Subtotals>('MetricsSubtotals').implement({
  description:
    'All rows, grouped by fewer dimensions. Sums add up the rows; ratios are recalculated from those sums.',
  fields: (t) => ({
    by: t.field({
      type: [DimensionEnum],
      description: 'The dimensions of this level, without its breakdowns.',
      resolve: ({ by }) => by.filter((name): name is AskedDimension => !isBreakdown(name)),
    }),
    breakdowns: t.stringList({
      description: 'The breakdowns of this level.',
      resolve: ({ by }) => by.filter(isBreakdown).map(breakdownOf),
    }),
    nodes: t.field({
      type: [MetricsNode],
      description: `One row for each combination of values, at most ${maxFirst}.`,
      resolve: ({ nodes }) => nodes,
    }),
  }),
});

const MetricsEdge = edgeType(MetricsNode);

const MetricsResultType = builder.objectRef<MetricsAnswer>('Metrics').implement({
  description: 'The result of a `metrics` query. utmql calculates only the fields that you select.',
  fields: (t) => ({
    nodes: t.field({
      type: [MetricsNode],
      description: 'The rows of this page.',
      resolve: ({ result }) => result.rows,
    }),
    edges: t.field({
      type: [MetricsEdge],
      description: edgesDescription,
      resolve: ({ query, limitBy, result }) => edgesOf(pageOf(query, limitBy, result)),
    }),
    totals: t.field({
      type: MetricsTotals,
      description: 'The measures over the rows of all pages.',
      resolve: ({ result }) => result.totals,
    }),
    totalCount: t.field({
      type: 'SafeInt',
      description: 'Number of rows on all pages.',
      resolve: ({ result }) => result.totalCount,
    }),
    subtotals: t.field({
      type: [SubtotalsType],
      description:
        'Subtotals: the rows of all pages, grouped by fewer dimensions. Each list in the arguments makes one level.',
      args: {
        by: t.arg({
          type: t.arg.listRef(t.arg.listRef(DimensionEnum)),
          defaultValue: [],
          description: 'One list of dimensions for each level. Each dimension must be in `groupBy`.',
        }),
        breakdowns: t.arg({
          type: t.arg.listRef(t.arg.listRef('String')),
          defaultValue: [],
          description:
            'One list of breakdowns for each level: the first list belongs to the same level as the first list of `by`, and so on. Each breakdown must be in the query’s `breakdowns`.',
        }),
      },
      extensions: { countRows: countSubtotals, countReadsAgain: countLevels } satisfies CountedList &
        ReadingField,
      resolve: ({ query }, args, { metrics }, info) => {
        const levels = readLevels(args.by ?? [], args.breakdowns ?? [], query.groupBy);
        const shown = shownBy(readSelection(info), [['nodes']], catalogueOf(query.model));
        return Promise.all(
          levels.map(async (level) => {
            const wants = { rows: true, totals: false, totalCount: false };
            const { rows } = await metrics.load({
              ...query,
              ...shown,
              subtotalBy: level,
              offset: 0,
              limit: maxFirst,
              wants,
            });
            return { by: level, nodes: rows };
          }),
        );
      },
    }),
    unconverted: t.field({
      type: [UnconvertedType],
      description:
        'Money of the range, and of what it is compared to, that has no exchange rate to the asked currency, by currency. Figures with it are null.',
      extensions: { countReadsAgain: () => 1 } satisfies ReadingField,
      resolve: async ({ money }) => (await money()).unconverted,
    }),
    unattributed: t.field({
      type: MetricsTotals,
      description:
        'CRM measures, for the same range and filter, of records that are not attributed to a channel and campaign.',
      extensions: { countReadsAgain: () => 1 } satisfies ReadingField,
      resolve: async ({ query }, _args, { metrics }, info) => {
        const shown = shownBy(below(readSelection(info)), [['']], catalogueOf(query.model));
        const where = both(query.where, { dimension: 'match', operator: 'eq', values: ['UNATTRIBUTED'] });
        const wants = { rows: false, totals: true, totalCount: false };
        const { totals } = await metrics.load({
          ...query,
          ...shown,
          where,
          groupBy: [],
          having: [],
          orderBy: [],
          fold: undefined,
          fill: undefined,
          wants,
        });
        return totals;
      },
    }),
    pageInfo: t.field({
      type: PageInfo,
      description: 'Where this page begins and ends, for paging.',
      resolve: ({ query, limitBy, result }) => pageOf(query, limitBy, result),
    }),
    exportUrl: t.string({
      description:
        'The path from which all rows can be had as a file, with these arguments and the dimensions and measures that are selected in `nodes`: docs/exports.md. Null where no file can be had: in a shared view, and, where the server answers only persisted documents, of a document that asks for more than this one field `metrics`.',
      nullable: true,
      args: {
        format: t.arg({
          type: ExportFormatEnum,
          defaultValue: 'csv',
          description: 'The format of the file.',
        }),
      },
      resolve: ({ exportUrl }, { format }) => exportUrl(format ?? 'csv'),
    }),
    meta: t.field({
      type: MetricsMeta,
      description: 'Information about the result: range, freshness, warnings.',
      resolve: (answer) => answer,
    }),
  }),
});

const metricsArguments = builder.args((t) => ({
  dateRange: t.field({ type: DateRangeInput, required: true, description: 'The range of days.' }),
  groupBy: t.field({
    type: [DimensionEnum],
    defaultValue: [],
    description:
      'Dimensions to group by: one row for each combination of values. If empty, the result is a single row.',
  }),
  breakdowns: t.stringList({
    defaultValue: [],
    description: `Breakdowns to group by, in addition to \`groupBy\`. Read their values with \`breakdown(name:)\`. At most ${breakdownLimits.names}. CRM records have no breakdowns: their measures are in the rows where all breakdowns are null.`,
  }),
  granularity: t.field({
    type: GranularityEnum,
    defaultValue: 'day',
    description: 'Grouping of DATE: by day, week, month, quarter or year.',
  }),
  weekStart: t.field({ type: WeekdayEnum, defaultValue: 'monday', description: 'First day of the week.' }),
  timezone: t.string({
    description:
      'IANA time zone that defines “today” for relative ranges. Defaults to REPORTING_TIMEZONE. It never shifts the stored days.',
  }),
  where: t.field({ type: MetricsWhere, description: 'Filter on records.' }),
  having: t.field({
    type: [HavingInput],
    defaultValue: [],
    description: 'Filter on the measures of finished rows. `totals` cover only the rows that pass.',
  }),
  orderBy: t.field({
    type: [OrderByInput],
    defaultValue: [],
    description: 'Order of the rows. Ties are ordered by the dimensions of `groupBy`.',
  }),
  compareTo: t.field({
    type: CompareToInput,
    description:
      'Range to compare with; read the results in `previous`, `change` and `relativeChange`. Rows that exist only in that range are included.',
  }),
  fill: t.boolean({
    defaultValue: false,
    description:
      'True adds the dates of the range that have no data, for each combination of the other dimensions. Sums in these rows are zero, ratios are null.',
  }),
  limitBy: t.field({
    type: LimitByInput,
    description: 'Keeps only the top values of one dimension or breakdown.',
  }),
  ...crmDateArgument,
  ...currencyArgument,
  useRollups: t.boolean({
    defaultValue: true,
    description:
      'False reads every stored row. The figures are the same: compare them if you doubt the rollups.',
  }),
  first: t.int({ defaultValue: defaultFirst, description: `Page size, 1 to ${maxFirst}.` }),
  after: t.string({ description: afterDescription }),
}));
/** The arguments of `metrics`, as graphql-js hands them over. */
export type GivenArguments = InputShapeFromFields<typeof metricsArguments>;

/** What is asked, and what it was read from that the query does not tell. */
interface AskedQuery {
  readonly query: MetricsQuery;
  readonly limitBy: LimitBy | undefined;
  readonly timezone: string | undefined;
}

/** @throws UtmqlError BAD_USER_INPUT with a sentence that names the argument and the valid choices */
async function readQuery(args: GivenArguments, selection: Selection, context: Context): Promise<AskedQuery> {
  const given = {
    range: readRange(args.dateRange),
    groupBy: [...(args.groupBy ?? []), ...readBreakdowns(args.breakdowns ?? [], 'breakdowns')],
    granularity: args.granularity ?? 'day',
    weekStart: args.weekStart ?? 'monday',
    where: readWhere(args.where, context.model),
    having: readHavings(args.having ?? []),
    orderBy: (args.orderBy ?? []).map(readOrder),
    compareTo: readComparison(args.compareTo),
    fill: args.fill ?? false,
    useRollups: args.useRollups ?? true,
    crmDate: args.crmDate ?? 'created',
    first: readFirst(args.first, maxFirst, defaultFirst),
    after: args.after ?? undefined,
    limitBy: args.limitBy ? readLimitBy(args.limitBy) : undefined,
  } as const;
  const timezone = args.timezone ?? undefined;
  const conversion = await conversionFor(args.currency, given, selection, context);
  const query = buildQuery(dataScope(context), { ...given, conversion }, selection, context.today(timezone));
  return { query, limitBy: given.limitBy, timezone };
}

/**
 * Plans the file of the rows that a `metrics` field asks for, from the first to the last, whatever page it asks for.
 *
 * @throws UtmqlError BAD_USER_INPUT
 */
export async function exportMetrics(
  args: GivenArguments,
  selection: Selection,
  context: Context,
  options: ExportOptions,
): Promise<MetricsExport> {
  const asked = await readQuery({ ...args, first: defaultFirst, after: undefined }, selection, context);
  const columns = columnsOf(selection, asked.query);
  if (columns.length === 0)
    throw badInput('The file would have no columns; name dimensions in groupBy, or measures.');
  const { query } = await foldQuery(asked, context);
  return context.exportRows(await withKnownComparison(query, context.presence), columns, options);
}

builder.queryField('metrics', (t) =>
  t.field({
    type: MetricsResultType,
    description:
      'Ad spend and its outcomes: any measures, grouped by any dimensions, over any range of days.',
    extensions: {
      access: 'read',
      keepsPolicy: true,
      isShareable: true,
      countReads: countMetricsReads,
    } satisfies RootField & ReadingField,
    args: metricsArguments,
    resolve: async (_root, args, context, info) => {
      const asked = await readQuery(args, readSelection(info), context);
      const exportUrl = (format: ExportFormat): string | null => {
        const form = context.exportForm();
        if (form === undefined) return null;
        if (form !== 'arguments')
          return exportedField(info.operation) === undefined ? null : documentAddress(format, form);
        return argumentsAddress(format, {
          field: fieldIn(info.schema),
          args,
          shown: columnsOf(readSelection(info), asked.query),
          isCompared: asked.query.compareTo !== undefined,
        });
      };
      return answer(await foldQuery(asked, context), context, exportUrl);
    },
  }),
);

/** Questions without money need no look at exchange rates. */
async function conversionFor(
  currency: string | null | undefined,
  { having, orderBy, limitBy }: Pick<MetricsArguments, 'having' | 'orderBy' | 'limitBy'>,
  selection: Selection,
  { conversions, model }: Context,
): Promise<Conversion | undefined> {
  const shown = [...rowPaths, ['totals'], ['unattributed'], ['subtotals', 'nodes']];
  const measures = shown.flatMap((place) => shownBy(selection, [place], catalogueOf(model)).measures);
  const showsMoney = ['meta', 'unconverted'].some((name) => selection.has(name));
  // What is kept of a `limitBy` is ranked by cost, where nothing else is said.
  const isOfMoney = limitBy !== undefined || amountsOf({ measures, having, orderBy, model }).length > 0;
  const isAsked = currency !== null && currency !== undefined;
  return isAsked || showsMoney || isOfMoney ? conversions.into(currency) : undefined;
}

interface FoldedQuery extends AskedQuery {
  /** What found the values that are kept; undefined: all are. */
  readonly ranking: MetricsResult | undefined;
}

/** Asks which values `limitBy` keeps. */
async function foldQuery(asked: AskedQuery, { metrics }: Pick<Context, 'metrics'>): Promise<FoldedQuery> {
  const { query, limitBy } = asked;
  if (limitBy === undefined) return { ...asked, ranking: undefined };
  const ranking = await metrics.load(rankingQuery(query, limitBy));
  const values = ranking.rows.map((row) => row[limitBy.dimension]);
  return { ...asked, query: { ...query, fold: foldOf(limitBy, values) }, ranking };
}

async function answer(
  { query, limitBy, timezone, ranking }: FoldedQuery,
  context: Context,
  exportUrl: MetricsAnswer['exportUrl'],
): Promise<MetricsAnswer> {
  const { metrics, reportingTimezone } = context;
  const warnings = warningsFor(query, { asked: timezone, reporting: reportingTimezone });
  const money = once(() => reportMoney(query, metrics));
  const result = await metrics.load(query);
  return {
    query,
    limitBy,
    warnings,
    money,
    exportUrl,
    result:
      ranking === undefined
        ? result
        : {
            ...result,
            queries: result.queries + ranking.queries,
            source: result.source === ranking.source ? result.source : 'both',
            rowsRead: result.rowsRead + ranking.rowsRead,
          },
  };
}

function readLimitBy(input: typeof LimitByInput.$inferInput): LimitBy {
  const dimension = readDimension(input, 'limitBy');
  if (dimension === undefined) throw badInput('limitBy: give dimension or breakdown.');
  return {
    n: input.n,
    dimension,
    measure: input.measure ?? undefined,
    others: input.others ?? false,
    keepNull: input.keepNull ?? false,
  };
}

/** Asks when it is first called, and answers the same from then on. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}

const both = (first: Filter | undefined, second: Filter): Filter =>
  first === undefined ? second : { and: [first, second] };

/** A selection as if it stood one level deeper, under the empty name. */
const below = (selection: ReturnType<typeof readSelection>): ReturnType<typeof readSelection> => ({
  has: (_place, ...path) => selection.has(...path),
  names: (_place, ...path) => selection.names(...path),
});
