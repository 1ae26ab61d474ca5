import { dataScope } from '../access/caller.ts';
import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import type { Filter } from '../metrics/filter.ts';
import type { MetricsQuery, MetricsRow } from '../metrics/query.ts';
import { breakdownOf, type DimensionName, isBreakdown, type NamedDimension } from '../metrics/registry.ts';
import { warningsOf } from '../metrics/warnings.ts';
import { breakdownLimits } from '../records/breakdowns.ts';
import { readBreakdowns } from './breakdowns.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { DateRangeInput, GranularityEnum, readRange, WeekdayEnum } from './dates.ts';
import {
  type CountedList,
  countLevels,
  countMetricsReads,
  countSubtotals,
  type ReadingField,
} from './list-rows.ts';
import { DimensionEnum } from './measures.ts';
import {
  buildQuery,
  defaultFirst,
  foldOf,
  type LimitBy,
  pageEndOf,
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
import { type Answer, MetricsMeta, MetricsNode, MetricsTotals } from './metrics-types.ts';
import { maxFirst, PageInfo, readFirst } from './pages.ts';
import { readSelection } from './selection.ts';
import { MetricsWhere, readWhere } from './where.ts';

interface Subtotals {
  readonly by: readonly DimensionName[];
  readonly nodes: readonly MetricsRow[];
}

const SubtotalsType = builder.objectRef<Subtotals>('MetricsSubtotals').implement({
  description:
    'The rows put together by fewer dimensions. Sums are the sums of the rows; ratios are worked out anew.',
  fields: (t) => ({
    by: t.field({
      type: [DimensionEnum],
      description: 'The dimensions of this level, but for its breakdowns.',
      resolve: ({ by }) => by.filter((name): name is NamedDimension => !isBreakdown(name)),
    }),
    breakdowns: t.stringList({
      description: 'The breakdowns of this level.',
      resolve: ({ by }) => by.filter(isBreakdown).map(breakdownOf),
    }),
    nodes: t.field({
      type: [MetricsNode],
      description: `One row for each combination, ${maxFirst} at most.`,
      resolve: ({ nodes }) => nodes,
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
    subtotals: t.field({
      type: [SubtotalsType],
      description: 'All rows, of every page, put together by fewer dimensions: one level for each list.',
      args: {
        by: t.arg({
          type: t.arg.listRef(t.arg.listRef(DimensionEnum)),
          defaultValue: [],
          description: 'Lists of dimensions of `groupBy`.',
        }),
        breakdowns: t.arg({
          type: t.arg.listRef(t.arg.listRef('String')),
          defaultValue: [],
          description:
            'Lists of breakdowns of `breakdowns`: the first beside the first list of `by`, and so on.',
        }),
      },
      extensions: { countRows: countSubtotals, countReadsAgain: countLevels } satisfies CountedList &
        ReadingField,
      resolve: ({ query }, args, { metrics }, info) => {
        const levels = readLevels(args.by ?? [], args.breakdowns ?? [], query.groupBy);
        const shown = shownBy(readSelection(info), ['nodes']);
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
    unattributed: t.field({
      type: MetricsTotals,
      description: 'The CRM measures of the range and filter that belong to no (channel, campaign).',
      extensions: { countReadsAgain: () => 1 } satisfies ReadingField,
      resolve: async ({ query }, _args, { metrics }, info) => {
        const shown = shownBy(below(readSelection(info)), ['']);
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
      description: 'Where this page ends.',
      resolve: ({ query, limitBy, result }) => pageEndOf(query, limitBy, result),
    }),
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
    extensions: { access: 'read', keepsPolicy: true, countReads: countMetricsReads } satisfies RootField &
      ReadingField,
    args: {
      dateRange: t.arg({ type: DateRangeInput, required: true, description: 'Which days.' }),
      groupBy: t.arg({
        type: [DimensionEnum],
        defaultValue: [],
        description: 'One row for each combination; one row in all when empty.',
      }),
      breakdowns: t.arg.stringList({
        defaultValue: [],
        description: `Breakdowns beside \`groupBy\`: one row for each combination with their values, read with \`breakdown(name:)\`. Up to ${breakdownLimits.names}. CRM records have none, so that their figures stand in the rows where all are null.`,
      }),
      granularity: t.arg({
        type: GranularityEnum,
        defaultValue: 'day',
        description: 'Size of the buckets of DATE.',
      }),
      weekStart: t.arg({ type: WeekdayEnum, defaultValue: 'monday', description: 'First day of weeks.' }),
      timezone: t.arg.string({
        description:
          'IANA time zone in which today is taken for relative ranges; REPORTING_TIMEZONE when left out. Days themselves are never re-zoned.',
      }),
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
      compareTo: t.arg({
        type: CompareToInput,
        description:
          'Days to compare to: see `previous`, `change`, `relativeChange`. Rows that only those days have appear, too.',
      }),
      fill: t.arg.boolean({
        defaultValue: false,
        description:
          'A row for every bucket of the range, for every series there is: zero for sums, null for ratios.',
      }),
      limitBy: t.arg({
        type: LimitByInput,
        description: 'Only the largest values of one dimension get rows of their own.',
      }),
      first: t.arg.int({ defaultValue: defaultFirst, description: `Rows a page, up to ${maxFirst}.` }),
      after: t.arg.string({ description: '`endCursor` of the page before.' }),
    },
    resolve: async (_root, args, context, info) => {
      const given = {
        range: readRange(args.dateRange),
        groupBy: [...(args.groupBy ?? []), ...readBreakdowns(args.breakdowns ?? [], 'breakdowns')],
        granularity: args.granularity ?? 'day',
        weekStart: args.weekStart ?? 'monday',
        where: readWhere(args.where),
        having: readHavings(args.having ?? []),
        orderBy: (args.orderBy ?? []).map(readOrder),
        compareTo: readComparison(args.compareTo),
        fill: args.fill ?? false,
        first: readFirst(args.first, maxFirst, defaultFirst),
        after: args.after ?? undefined,
        limitBy: args.limitBy ? readLimitBy(args.limitBy) : undefined,
      } as const;
      const asked = args.timezone ?? undefined;
      const query = buildQuery(dataScope(context.caller), given, readSelection(info), context.today(asked));
      return answer(query, given.limitBy, context, asked);
    },
  }),
);

async function answer(
  query: MetricsQuery,
  limitBy: LimitBy | undefined,
  context: Context,
  asked: string | undefined,
): Promise<Answer> {
  const { metrics, reportingTimezone } = context;
  const warnings = warningsOf(query, { asked, reporting: reportingTimezone });
  if (limitBy === undefined) return { query, limitBy, warnings, result: await metrics.load(query) };
  const ranking = await metrics.load(rankingQuery(query, limitBy));
  const folded = {
    ...query,
    fold: foldOf(
      limitBy,
      ranking.rows.map((row) => row[limitBy.dimension]),
    ),
  };
  const result = await metrics.load(folded);
  return {
    query: folded,
    limitBy,
    warnings,
    result: {
      ...result,
      queries: result.queries + ranking.queries,
      rowsRead: result.rowsRead + ranking.rowsRead,
    },
  };
}

function readLimitBy(input: typeof LimitByInput.$inferInput): LimitBy {
  const dimension = readDimension(input, 'limitBy');
  if (dimension === undefined) throw badInput('limitBy: give dimension or breakdown.');
  return { n: input.n, dimension, measure: input.measure ?? undefined, others: input.others ?? false };
}

const both = (first: Filter | undefined, second: Filter): Filter =>
  first === undefined ? second : { and: [first, second] };

/** A selection as if it stood one level deeper, under the empty name. */
const below = (selection: ReturnType<typeof readSelection>): ReturnType<typeof readSelection> => ({
  has: (_place, ...path) => selection.has(...path),
  names: (_place, ...path) => selection.names(...path),
});
