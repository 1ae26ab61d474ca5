import type { RootField } from '../access/grants.ts';
import { formatDay } from '../records/day.ts';
import type { Source } from '../sources/source.ts';
import { builder } from './builder.ts';
import { FeedColumnType, feedColumnsOf, ModeEnum } from './ingest-runs.ts';
import { RecordKindEnum } from './record-kind.ts';

const IngestSourceType = builder.objectRef<Source>('IngestSource').implement({
  description: 'A configured source. The API never shows its address or credentials.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, as `triggerIngest(sources)` takes it.' }),
    kind: t.field({
      type: RecordKindEnum,
      description: 'Kind of its records.',
      resolve: ({ kind }) => kind,
    }),
    adapter: t.string({
      description: 'The adapter that reads its responses: `generic_json`, `csv`, `google_ads`, …',
      resolve: ({ adapter }) => adapter.name,
    }),
    mode: t.field({
      type: ModeEnum,
      description: 'The mode of runs that do not give one.',
      resolve: ({ defaultMode }) => defaultMode,
    }),
    schedule: t.string({
      nullable: true,
      description: 'Cron expression. utmql runs the source by it if SCHEDULER is on.',
      resolve: ({ schedule }) => schedule ?? null,
    }),
    circuit: t.string({
      description:
        'State of the circuit breaker: `closed` is normal; `open` and `half-open` follow repeated failures, and utmql then leaves the source alone for a while.',
      resolve: (source) => source.state(),
    }),
    watermark: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'The last day with complete data. Runs without `since` start some days before it.',
      resolve: async (source, _args, { runs }) => {
        const day = await runs.watermark(source);
        return day === undefined ? null : formatDay(day);
      },
    }),
    shape: t.field({
      type: [FeedColumnType],
      description: 'The columns of its feed in its last good run. Empty before the first good run.',
      resolve: async (source, _args, { runs }) => feedColumnsOf(await runs.columns(source)),
    }),
  }),
});

interface IngestWorkspace {
  readonly name: string;
  readonly sources: readonly string[];
}

const IngestWorkspaceType = builder.objectRef<IngestWorkspace>('IngestWorkspace').implement({
  description: 'A workspace with sources.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, as the header X-Workspace takes it.' }),
    sources: t.exposeStringList('sources', { description: 'Names of its sources.' }),
  }),
});

builder.queryField('ingestWorkspaces', (t) =>
  t.field({
    type: [IngestWorkspaceType],
    description:
      'The workspaces that the caller may use and that have sources, by name. X-Workspace does not limit it.',
    extensions: { volatile: true, access: 'follow' } satisfies RootField,
    resolve: (_root, _args, { caller: { workspaces }, ingest }) => {
      const own = ingest.sources.filter(
        ({ workspace }) => workspaces === 'all' || workspaces.includes(workspace),
      );
      return [...new Set(own.map(({ workspace }) => workspace))].sort().map((name) => ({
        name,
        sources: own.filter(({ workspace }) => workspace === name).map((source) => source.name),
      }));
    },
  }),
);

builder.queryField('ingestSources', (t) =>
  t.field({
    type: [IngestSourceType],
    description: 'The sources that can be pulled.',
    extensions: { volatile: true, access: 'follow' } satisfies RootField,
    resolve: (_root, _args, { caller, ingest }) =>
      ingest.sources.filter(({ workspace }) => workspace === caller.workspace),
  }),
);
