import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import type { DayRange } from '../metrics/query.ts';
import { resolveRange } from '../metrics/range.ts';
import { type AskedDimension, fieldOf, type MeasureName } from '../metrics/registry.ts';
import { type Day, formatDay } from '../records/day.ts';
import type { MetricsExport } from '../sink/exports.ts';
import { maxExportRows } from '../sink/read-figures.ts';
import { builder, toEnumName } from './builder.ts';
import { DimensionEnum, MeasureEnum } from './catalogue.ts';
import { DateRangeInput, readDay, readRange } from './dates.ts';
import { IngestRunType } from './ingest-runs.ts';

const ExportMetricsInput = builder.inputType('ExportMetricsInput', {
  description: 'What to export. Give exactly one of `date` and `dateRange`.',
  fields: (t) => ({
    date: t.field({ type: 'LocalDate', description: 'One day.' }),
    dateRange: t.field({ type: DateRangeInput, description: 'A range of days.' }),
    groupBy: t.field({
      type: [DimensionEnum],
      description: 'Dimensions of the rows. Default: SINK_GROUP_BY. If empty, the export is a single row.',
    }),
    measures: t.field({ type: [MeasureEnum], description: 'Measures of the rows. Default: SINK_MEASURES.' }),
    dryRun: t.boolean({
      defaultValue: false,
      description: 'True only reads and counts: the run has the rows and bytes that would be sent.',
    }),
    wait: t.boolean({
      defaultValue: false,
      description: 'True returns only after the run has ended.',
    }),
  }),
});

const ExportMetricsPayload = builder.objectRef<MetricsExport>('ExportMetricsPayload').implement({
  description: 'An export, as its run is now.',
  fields: (t) => ({
    run: t.field({
      type: IngestRunType,
      description:
        'The run of this export: `recordsRead` are rows of the export, `recordsWritten` those that the sink has, `bytesRead` the bytes of their messages. Follow it with `ingestRun(id)`.',
      resolve: ({ run }) => run,
    }),
    exportId: t.exposeID('exportId', {
      description: 'Equal for all exports of this question. A newer one replaces an older one at the sink.',
    }),
    from: t.field({
      type: 'LocalDate',
      description: 'First day.',
      resolve: ({ question }) => formatDay(question.range.from),
    }),
    to: t.field({
      type: 'LocalDate',
      description: 'Last day.',
      resolve: ({ question }) => formatDay(question.range.to),
    }),
    pages: t.int({
      nullable: true,
      description: 'Number of messages. Null until the figures are read.',
      resolve: ({ pages }) => pages ?? null,
    }),
  }),
});

builder.mutationField('exportMetrics', (t) =>
  t.field({
    type: ExportMetricsPayload,
    description: `Posts rows of \`metrics\` to SINK_URL, in signed pages, as a run of the source \`sink\`: at most ${maxExportRows} rows. A repeated call has the same ids of messages unless figures have changed; while an export of the same is at work, it returns that run. Errors: BAD_USER_INPUT, also without a sink.`,
    extensions: { access: 'ingest' } satisfies RootField,
    args: { input: t.arg({ type: ExportMetricsInput, required: true, description: 'What to export.' }) },
    resolve: (_root, { input }, { caller, exports, today }) => {
      const groupBy = input.groupBy ?? exports.defaults.groupBy;
      const measures = input.measures ?? exports.defaults.measures;
      refuseRepeated('groupBy', groupBy);
      refuseRepeated('measures', measures);
      if (measures.length === 0) throw badInput('measures: name at least one, or leave it out.');
      const question = { range: readDays(input, today()), groupBy, measures };
      return exports.start({ question, dryRun: input.dryRun ?? false, wait: input.wait ?? false }, caller);
    },
  }),
);

/** @throws UtmqlError BAD_USER_INPUT */
function readDays(
  { date, dateRange }: Pick<typeof ExportMetricsInput.$inferInput, 'date' | 'dateRange'>,
  today: Day,
): DayRange {
  if ((date ?? undefined) !== undefined && dateRange) throw badInput('input: give either date or dateRange.');
  if (date) {
    const day = readDay(date);
    return resolveRange({ between: { from: day, to: day } }, today, 'monday');
  }
  if (dateRange) return resolveRange(readRange(dateRange), today, 'monday');
  throw badInput('input: give date or dateRange.');
}

function refuseRepeated(argument: string, names: readonly (AskedDimension | MeasureName)[]): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined)
    throw badInput(`${argument} names ${toEnumName(fieldOf(repeated))} twice; name each once.`);
}
