import type { RootField } from '../access/grants.ts';
import { formatDay } from '../records/day.ts';
import type { Source } from '../sources/source.ts';
import { builder } from './builder.ts';
import { columnsOf, FeedColumnType, ModeEnum } from './ingest-runs.ts';
import { RecordKindEnum } from './record-kind.ts';

const IngestSourceType = builder.objectRef<Source>('IngestSource').implement({
  description: 'A configured source. Its address and credentials are the operator’s alone.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What `triggerIngest(sources)` calls it.' }),
    kind: t.field({
      type: RecordKindEnum,
      description: 'What its records are.',
      resolve: ({ kind }) => kind,
    }),
    adapter: t.string({
      description: 'How its answers are read: `generic_json`, `csv`, `google_ads`, …',
      resolve: ({ adapter }) => adapter.name,
    }),
    mode: t.field({
      type: ModeEnum,
      description: 'The mode of runs that name none.',
      resolve: ({ defaultMode }) => defaultMode,
    }),
    schedule: t.string({
      nullable: true,
      description: 'Cron expression; runs by it where SCHEDULER is on.',
      resolve: ({ schedule }) => schedule ?? null,
    }),
    circuit: t.string({
      description:
        '`closed`, or `open` or `half-open` after failures in a row, when it is left alone for a while.',
      resolve: (source) => source.state(),
    }),
    watermark: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'Up to which day its data are complete; runs without `since` begin some days before.',
      resolve: async (source, _args, { runs }) => {
        const day = await runs.watermark(source);
        return day === undefined ? null : formatDay(day);
      },
    }),
    shape: t.field({
      type: [FeedColumnType],
      description: 'The columns of its feed as its last good run saw them; empty before that.',
      resolve: async (source, _args, { runs }) => columnsOf(await runs.columns(source)),
    }),
  }),
});

builder.queryField('ingestSources', (t) =>
  t.field({
    type: [IngestSourceType],
    description: 'The sources that can be pulled.',
    extensions: { volatile: true, access: 'follow' } satisfies RootField,
    resolve: (_root, _args, { caller, ingest }) =>
      ingest.sources.filter(({ workspace }) => workspace === caller.workspace),
  }),
);
