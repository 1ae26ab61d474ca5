import { dataScope } from '../access/caller.ts';
import type { InnerField } from '../access/grants.ts';
import { warningsOfConflicts } from '../explore/conflicting-rows.ts';
import type { Measures, MetricsQuery, MetricsResult, MetricsRow } from '../metrics/query.ts';
import { describeMeasure, isSum, measureNames } from '../metrics/registry.ts';
import type { Warning } from '../metrics/warnings.ts';
import { formatDay } from '../records/day.ts';
import { builder } from './builder.ts';
import { dimensionFields, measureFields } from './measures.ts';
import type { LimitBy } from './metrics-arguments.ts';

/** What the fields below `metrics` are resolved from. */
export interface Answer {
  readonly query: MetricsQuery;
  readonly result: MetricsResult;
  readonly warnings: readonly Warning[];
  readonly limitBy: LimitBy | undefined;
}

const PreviousMeasures = builder.objectRef<MetricsRow>('PreviousMeasures').implement({
  description: 'The measures over the range in `compareTo`.',
  fields: (t) => measureFields(t),
});

const MeasureChanges = builder.objectRef<Measures>('MeasureChanges').implement({
  description: 'Current minus previous, in the unit of the measure. Null where either is null.',
  fields: (t) =>
    Object.fromEntries(
      measureNames.map((name) => [
        name,
        isSum(name)
          ? t.float({
              description: `Change of ${name}, ${describeMeasure(name).unit}.`,
              resolve: (row) => row[name] ?? 0,
            })
          : t.float({
              nullable: true,
              description: `Change of ${name}.`,
              resolve: (row) => row[name] ?? null,
            }),
      ]),
    ),
});

const RelativeMeasureChanges = builder.objectRef<Measures>('RelativeMeasureChanges').implement({
  description:
    'Current minus previous, divided by previous: 0.1 is ten per cent more. Null where previous is zero or null.',
  fields: (t) =>
    Object.fromEntries(
      measureNames.map((name) => [
        name,
        t.float({
          nullable: true,
          description: `Relative change of ${name}.`,
          resolve: (row) => row[name] ?? null,
        }),
      ]),
    ),
});

type RowFields = Parameters<typeof measureFields>[0];
const withoutComparison = 'Null without `compareTo`.';
const comparisonFields = (t: RowFields) => ({
  previous: t.field({
    type: PreviousMeasures,
    nullable: true,
    description: `The measures over the range in \`compareTo\`. ${withoutComparison}`,
    resolve: (row) => row.compared?.previous ?? null,
  }),
  change: t.field({
    type: MeasureChanges,
    nullable: true,
    description: `Current minus previous. ${withoutComparison}`,
    resolve: (row) => row.compared?.change ?? null,
  }),
  relativeChange: t.field({
    type: RelativeMeasureChanges,
    nullable: true,
    description: `Current minus previous, divided by previous. ${withoutComparison}`,
    resolve: (row) => row.compared?.relativeChange ?? null,
  }),
});

export const MetricsNode = builder.objectRef<MetricsRow>('MetricsNode').implement({
  description: 'A row: one combination of the dimensions in `groupBy`, with its measures.',
  fields: (t) => ({
    ...dimensionFields(t),
    isOther: t.boolean({
      description:
        'True: the row is the rest that `limitBy` folds, and not a value that is itself named `(other)`.',
      resolve: (row) => row.isOther === true,
    }),
    ...measureFields(t),
    ...comparisonFields(t),
  }),
});

export const MetricsTotals = builder.objectRef<MetricsRow>('MetricsTotals').implement({
  description:
    'The measures over all rows, of every page. Sums are the sums of the rows; ratios are worked out anew.',
  fields: (t) => ({ ...measureFields(t), ...comparisonFields(t) }),
});

const WarningType = builder.objectRef<Warning>('MetricsWarning').implement({
  description: 'Something that a reader of these figures should know.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description:
        'PARTIAL_FIRST_BUCKET, PARTIAL_LAST_BUCKET, COMPARED_LONGER, TIMEZONE_NOT_APPLIED or CONFLICTING_ROWS.',
    }),
    message: t.exposeString('message', { description: 'The warning in a sentence.' }),
  }),
});

export const MetricsMeta = builder.objectRef<Answer>('MetricsMeta').implement({
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
    comparedFrom: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'First day of the range compared to.',
      resolve: ({ query }) => (query.compareTo ? formatDay(query.compareTo.range.from) : null),
    }),
    comparedTo: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'Last day of the range compared to.',
      resolve: ({ query }) => (query.compareTo ? formatDay(query.compareTo.range.to) : null),
    }),
    freshness: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the last run that stored something ended. Null before the first.',
      resolve: async (_answer, _args, { runs }) => {
        const at = await runs.freshness();
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
      description: 'Database queries behind rows and totals. Subtotals are queries of their own.',
      resolve: ({ result }) => result.queries,
    }),
    sql: t.string({
      description: 'The statement that was sent, with placeholders for the values. For the role admin.',
      extensions: { access: 'admin' } satisfies InnerField,
      resolve: ({ result }) => result.sql,
    }),
    warnings: t.field({
      type: [WarningType],
      description: 'What to mind about these figures.',
      // Whoever sees some rows only is not told of feeds, which have no channel.
      resolve: async ({ warnings, query }, _args, { caller, explore: { reader }, ingest }) => {
        if (caller.policy !== undefined) return warnings;
        const own = ingest.sources.filter(({ workspace }) => workspace === caller.workspace);
        return [...warnings, ...(await warningsOfConflicts(reader, dataScope(caller), query.range, own))];
      },
    }),
  }),
});
