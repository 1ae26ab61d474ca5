import type { InnerField } from '../access/grants.ts';
import { standardCatalogue } from '../metrics/catalogue.ts';
import type { MoneyReport, RatesUsed, Unconverted } from '../metrics/currency/money-report.ts';
import { dataWarnings } from '../metrics/data-warnings.ts';
import { eventWarnings } from '../metrics/event-warnings.ts';
import type { ExportFormat } from '../metrics/export.ts';
import {
  type Measures,
  type MetricsQuery,
  type MetricsResult,
  type MetricsRow,
  type MetricsSource,
  metricsSources,
} from '../metrics/query.ts';
import { standardMeasures, sumNames } from '../metrics/registry.ts';
import { type Warning, warningMeanings } from '../metrics/warnings.ts';
import { formatDay } from '../records/day.ts';
import { builder, enumValues } from './builder.ts';
import { amountOf, dimensionFields, measureFields } from './catalogue.ts';
import type { LimitBy } from './metrics-arguments.ts';
import { AlignmentEnum } from './metrics-inputs.ts';

/** What the fields below `metrics` are resolved from. */
export interface MetricsAnswer {
  readonly query: MetricsQuery;
  readonly result: MetricsResult;
  readonly warnings: readonly Warning[];
  readonly limitBy: LimitBy | undefined;
  /** The path of a file with all rows; null where there is none. */
  readonly exportUrl: (format: ExportFormat) => string | null;
  /** Looked at when it is first asked for. */
  readonly money: () => Promise<MoneyReport>;
}

const { isSum, isAmount, describe } = standardCatalogue;

const PreviousMeasures = builder.objectRef<MetricsRow>('PreviousMeasures').implement({
  description: 'The measures over the comparison range (`compareTo`).',
  fields: (t) => measureFields(t),
});

const MeasureChanges = builder.objectRef<Measures>('MeasureChanges').implement({
  description: 'Current value minus previous value, in the unit of the measure. Null if either is null.',
  fields: (t) =>
    Object.fromEntries(
      standardMeasures.map((name) => [
        name,
        isSum(name) && !isAmount(name)
          ? t.float({
              description: `Change of ${name}, ${describe(name).unit}.`,
              resolve: (row) => row[name] ?? 0,
            })
          : t.float({
              nullable: true,
              description: `Change of ${name}, ${describe(name).unit}.`,
              resolve: (row) => (isSum(name) ? amountOf(row[name]) : (row[name] ?? null)),
            }),
      ]),
    ),
});

const RelativeMeasureChanges = builder.objectRef<Measures>('RelativeMeasureChanges').implement({
  description:
    'Current value minus previous value, divided by the previous value: 0.1 means 10% more. Null if the previous value is zero or null.',
  fields: (t) =>
    Object.fromEntries(
      standardMeasures.map((name) => [
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
const withoutComparison =
  'Null without `compareTo`, and where there is nothing to compare to: no rows at all, or a date before the first stored day.';

const comparisonFields = (t: RowFields) => ({
  previous: t.field({
    type: PreviousMeasures,
    nullable: true,
    description: `The measures over the comparison range. ${withoutComparison}`,
    resolve: ({ compared }) => compared?.previous ?? null,
  }),
  change: t.field({
    type: MeasureChanges,
    nullable: true,
    description: `Current value minus previous value. ${withoutComparison}`,
    resolve: ({ compared }) => compared?.change ?? null,
  }),
  relativeChange: t.field({
    type: RelativeMeasureChanges,
    nullable: true,
    description: `Current value minus previous value, divided by the previous value. ${withoutComparison}`,
    resolve: ({ compared }) => compared?.relativeChange ?? null,
  }),
});

export const MetricsNode = builder.objectRef<MetricsRow>('MetricsNode').implement({
  description: 'A row: one combination of values of the dimensions in `groupBy`, with its measures.',
  fields: (t) => ({
    ...dimensionFields(t),
    isOther: t.boolean({
      description:
        'True if this row sums up the values that `limitBy` cuts off. It tells that row from a real value named `(other)`.',
      resolve: (row) => row.isOther === true,
    }),
    ...measureFields(t),
    ...comparisonFields(t),
  }),
});

export const MetricsTotals = builder.objectRef<MetricsRow>('MetricsTotals').implement({
  description:
    'The measures over the rows of all pages. Sums add up the rows; ratios are recalculated from those sums.',
  fields: (t) => ({ ...measureFields(t), ...comparisonFields(t) }),
});

const WarningType = builder.objectRef<Warning>('MetricsWarning').implement({
  description: 'Something to know before using these figures.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description: `One of ${Object.keys(warningMeanings).join(', ')}.`,
    }),
    message: t.exposeString('message', { description: 'The warning in a sentence.' }),
  }),
});

const sourceMeanings: Readonly<Record<MetricsSource, string>> = {
  tables: 'Every stored row of the range.',
  rollups: 'Stored sums by day or month.',
  both: 'Stored sums, and the rows of days whose sums are not up to date.',
};

const MetricsSourceEnum = builder.enumType('MetricsSource', {
  description: 'What a result was read from. The figures do not depend on it.',
  values: enumValues(metricsSources, (source) => sourceMeanings[source]),
});

export const UnconvertedType = builder.objectRef<Unconverted>('UnconvertedMoney').implement({
  description: 'Money of rows that have no exchange rate, in its own currency.',
  fields: (t) => ({
    currency: t.exposeString('currency', {
      description: 'ISO 4217 code of the amounts; `unknown` for money of events that do not say.',
    }),
    ...Object.fromEntries(
      sumNames.filter(isAmount).map((name) => [
        name,
        t.float({
          description: `${describe(name).description} 0 if the query has no measure of it.`,
          resolve: ({ amounts }) => amounts.get(name) ?? 0,
        }),
      ]),
    ),
  }),
});

const RatesUsedType = builder.objectRef<RatesUsed>('RatesUsed').implement({
  description: 'The exchange rates that count in an answer.',
  fields: (t) => ({
    from: t.field({
      type: 'LocalDate',
      description: 'Day of the earliest rate.',
      resolve: (rates) => formatDay(rates.from),
    }),
    to: t.field({
      type: 'LocalDate',
      description: 'Day of the latest rate.',
      resolve: (rates) => formatDay(rates.to),
    }),
    oldest: t.int({
      description:
        'By how many days a rate is older than the rows that it converts, at most. 0: each row has a rate of its own day.',
      resolve: (rates) => rates.oldest,
    }),
  }),
});

export const MetricsMeta = builder.objectRef<MetricsAnswer>('MetricsMeta').implement({
  description: 'Information about the result: range, freshness, warnings.',
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
      description: 'First day of the comparison range. Null without `compareTo`.',
      resolve: ({ query }) => (query.compareTo ? formatDay(query.compareTo.range.from) : null),
    }),
    comparedTo: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'Last day of the comparison range. Null without `compareTo`.',
      resolve: ({ query }) => (query.compareTo ? formatDay(query.compareTo.range.to) : null),
    }),
    comparedAlign: t.field({
      type: AlignmentEnum,
      nullable: true,
      description: 'How days are compared with those of the previous year. Null without `previousYear`.',
      resolve: ({ query }) => query.compareTo?.align ?? null,
    }),
    freshness: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the last run that stored data ended. Null if no run has stored data yet.',
      resolve: async (_answer, _args, { runs }) => {
        const at = await runs.freshness();
        return at === undefined ? null : new Date(at);
      },
    }),
    rowsRead: t.field({
      type: 'SafeInt',
      description: 'Rows that the database read for this result.',
      resolve: ({ result }) => result.rowsRead,
    }),
    elapsedMs: t.float({
      description: 'Time from planning the query to receiving its rows, in milliseconds.',
      resolve: ({ result }) => result.elapsedMs,
    }),
    queries: t.int({
      description: 'Number of database queries for rows and totals. Subtotals use additional queries.',
      resolve: ({ result }) => result.queries,
    }),
    source: t.field({
      type: MetricsSourceEnum,
      description: 'What the database read for this result.',
      resolve: ({ result }) => result.source,
    }),
    sql: t.string({
      description: 'The SQL statement, with placeholders for values. Requires the role admin.',
      extensions: { access: 'admin' } satisfies InnerField,
      resolve: ({ result }) => result.sql,
    }),
    currency: t.string({
      nullable: true,
      description:
        'The currency of money in this result. Null if money is of several currencies and there are no exchange rates, or if there is none.',
      resolve: async ({ query, money }) => query.conversion?.currency ?? (await money()).currency,
    }),
    rates: t.field({
      type: RatesUsedType,
      nullable: true,
      description: 'The exchange rates that money was converted by. Null if none was needed.',
      resolve: async ({ money }) => (await money()).rates,
    }),
    warnings: t.field({
      type: [WarningType],
      description: 'Warnings about these figures.',
      resolve: async (
        { warnings, query, money },
        _args,
        { caller, presence, explore, today, retentionDays },
      ) => {
        const found = await Promise.all([
          money().then((report) => report.warnings),
          dataWarnings(query, presence, { today: today(), days: retentionDays }),
          eventWarnings(query, explore.reader.rows),
          // Whoever sees some rows only is not told of feeds, which have no channel; nor is a guest.
          caller.policy === undefined && !caller.isGuest ? explore.feedWarnings(query.range) : [],
        ]);
        return [...warnings, ...found.flat()];
      },
    }),
  }),
});
