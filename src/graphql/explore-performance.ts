import type { GraphQLResolveInfo } from 'graphql';
import type { PerformanceQuery, Subject } from '../explore/performance.ts';
import { catalogueOf } from '../metrics/model.ts';
import { resolveRange } from '../metrics/range.ts';
import { fieldOf } from '../metrics/registry.ts';
import { readBreakdowns } from './breakdowns.ts';
import type { builder } from './builder.ts';
import type { Context } from './context.ts';
import { DateRangeInput, GranularityEnum, readRange, WeekdayEnum } from './dates.ts';
import { type CountedList, countAlways, countDates } from './list-rows.ts';
import { MetricsNode, MetricsTotals } from './metrics-types.ts';
import { readSelection } from './selection.ts';
import { MetricsWhere, readWhere } from './where.ts';

/** As many values as the breakdowns of one campaign or channel seldom have. */
const usualBreakdownRows = 100;

type FieldBuilder<T> = PothosSchemaTypes.ObjectFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<typeof builder.$inferSchemaTypes>,
  T
>;

interface PerformanceArguments {
  readonly dateRange: typeof DateRangeInput.$inferInput;
  readonly where?: typeof MetricsWhere.$inferInput | null | undefined;
}

/** `metrics` and `timeseries` for every type whose records can be told by one dimension. */
export function performanceFields<T extends Subject>(t: FieldBuilder<T>, noun: string) {
  const commonArgs = {
    dateRange: t.arg({
      type: DateRangeInput,
      required: true,
      description:
        'The range of days. Weeks in it start on Monday, or on `weekStart` if the field has that argument.',
    }),
    where: t.arg({ type: MetricsWhere, description: `Filter on the records of the ${noun}.` }),
  };
  return {
    metrics: t.field({
      type: MetricsTotals,
      description: `Measures of the ${noun}. utmql batches this field: all ${noun}s of a list are answered together.`,
      args: commonArgs,
      resolve: async (subject, args, context, info) => {
        const [row] = await load(subject, args, { buckets: undefined, breakdowns: [] }, context, info);
        return row ?? {};
      },
    }),
    byBreakdown: t.field({
      type: [MetricsNode],
      description: `Measures of the ${noun}, grouped by breakdowns and ordered by their values. CRM measures are in the row where all breakdowns are null. All dimensions are null except the ${noun} itself. Batched like \`metrics\`.`,
      args: {
        ...commonArgs,
        breakdowns: t.arg.stringList({ required: true, description: 'Names of the breakdowns.' }),
      },
      extensions: { countRows: countAlways(usualBreakdownRows) } satisfies CountedList,
      resolve: (subject, args, context, info) => {
        const breakdowns = readBreakdowns(args.breakdowns, 'breakdowns');
        return load(subject, args, { buckets: undefined, breakdowns }, context, info);
      },
    }),
    timeseries: t.field({
      type: [MetricsNode],
      description: `Measures of the ${noun} by date, oldest first. Dates without records are left out. All dimensions are null except \`date\` and the ${noun} itself. Batched like \`metrics\`.`,
      args: {
        ...commonArgs,
        granularity: t.arg({
          type: GranularityEnum,
          defaultValue: 'day',
          description: 'Grouping of dates: by day, week, month, quarter or year.',
        }),
        weekStart: t.arg({
          type: WeekdayEnum,
          defaultValue: 'monday',
          description: 'First day of the week.',
        }),
      },
      extensions: { countRows: countDates } satisfies CountedList,
      resolve: (subject, args, context, info) => {
        const buckets = { granularity: args.granularity ?? 'day', weekStart: args.weekStart ?? 'monday' };
        return load(subject, args, { buckets, breakdowns: [] }, context, info);
      },
    }),
  };
}

function load(
  subject: Subject,
  args: PerformanceArguments,
  { buckets, breakdowns }: Pick<PerformanceQuery, 'buckets' | 'breakdowns'>,
  { explore, today, model }: Context,
  info: GraphQLResolveInfo,
) {
  // The nodes of a field are one array for all items of a list, and so are their arguments.
  return explore.performance.rows(subject, info.fieldNodes, () => {
    const shown = new Set(readSelection(info).names());
    return {
      range: resolveRange(readRange(args.dateRange), today(), buckets?.weekStart ?? 'monday'),
      where: readWhere(args.where, model),
      buckets,
      breakdowns,
      measures: catalogueOf(model).measures.filter((name) => shown.has(fieldOf(name))),
    };
  });
}
