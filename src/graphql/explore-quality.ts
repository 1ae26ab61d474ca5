import type { InnerField, RootField } from '../access/grants.ts';
import {
  loadDaysWithoutData,
  loadFreshness,
  loadRejectedCounts,
  loadRunCounts,
  type RejectedCount,
  type SourceFreshness,
} from '../explore/feed-quality.ts';
import { loadOrphanedSources } from '../explore/orphaned-sources.ts';
import type { Scope } from '../explore/records.ts';
import { loadMatchShares } from '../explore/revenue-quality.ts';
import { loadSharedIds } from '../explore/shared-ids.ts';
import { loadSpendWithoutUtm, nearDuplicateList } from '../explore/utm-quality.ts';
import { builder } from './builder.ts';
import { DateRangeInput } from './dates.ts';
import { MatchShareType, RevenueWithoutSpend } from './explore-revenue-quality.ts';
import { daysDescription, readScope } from './explore-scope.ts';
import { NearDuplicates, SpendWithoutUtmType } from './explore-utm-quality.ts';
import { CountType, listed, StatusEnum } from './ingest-runs.ts';
import { OrphanedSourceType, SharedIdsType } from './orphaned-sources.ts';
import { loadListPage, pageArguments } from './pages.ts';
import { RecordKindEnum } from './record-kind.ts';

const SourceFreshnessType = builder.objectRef<SourceFreshness>('SourceFreshness').implement({
  description: 'How fresh the data of one source is. All fields but the name are null before its first run.',
  fields: (t) => ({
    source: t.exposeString('source', { description: 'Name of the source.' }),
    lastSucceededAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When its last run that succeeded ended. Null before the first.',
      resolve: (row) => row.lastSucceededAt,
    }),
    lastFinishedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When its last finished run ended, however it ended. Null before the first.',
      resolve: (row) => row.lastFinishedAt,
    }),
    lastStatus: t.field({
      type: StatusEnum,
      nullable: true,
      description: 'How far its last run is, or how it ended. Null before the first.',
      resolve: (row) => row.lastStatus,
    }),
  }),
});

const RejectedCountType = builder.objectRef<RejectedCount>('RejectedCount').implement({
  description: 'How many rejected records of one source, kind and reason there are.',
  fields: (t) => ({
    source: t.exposeString('source', { description: 'Who sent them: a configured source, or push.' }),
    kind: t.field({ type: RecordKindEnum, description: 'What they are.', resolve: ({ kind }) => kind }),
    reason: t.exposeString('reason', { description: 'Why; those of `IngestRun.rejectedByReason`.' }),
    count: t.field({ type: 'SafeInt', description: 'How many.', resolve: ({ count }) => count }),
  }),
});

const countedRuns =
  'Over the finished runs that were asked for on days (UTC) of the range; a record that came in two of them counts twice.';

/** Runs and rejected records have no channel. */
const ofAllRows = { keepsPolicy: false } as const satisfies InnerField;

const DataQuality = builder.objectRef<Scope>('DataQuality').implement({
  description: 'What to mind about the data of some days. Only the parts selected are looked into.',
  fields: (t) => ({
    spendWithoutUtm: t.field({
      type: SpendWithoutUtmType,
      description: 'Spend whose UTM parameters are unknown.',
      resolve: (scope, _args, { explore }) => loadSpendWithoutUtm(explore.reader, scope),
    }),
    revenueWithoutSpend: t.field({
      type: RevenueWithoutSpend,
      description: 'Revenue that stands beside no cost.',
      resolve: (scope) => scope,
    }),
    nearDuplicateUtms: t.field({
      type: NearDuplicates,
      description: 'UTM values that are probably one, spelled in several ways.',
      args: {
        ...pageArguments,
      },
      resolve: (scope, args, { explore: { reader } }) =>
        loadListPage(['nearDuplicateUtms', scope], args, reader, nearDuplicateList(scope)),
    }),
    matches: t.field({
      type: [MatchShareType],
      description: 'How CRM records were attributed: always EXACT, WINDOW, CAMPAIGN, UNATTRIBUTED.',
      resolve: (scope, _args, { explore }) => loadMatchShares(explore.reader, scope),
    }),
    repairs: t.field({
      type: [CountType],
      extensions: ofAllRows,
      description: `What was changed in records so that they could be stored, by kind. ${countedRuns}`,
      resolve: async (scope, _args, { explore }) =>
        listed(await loadRunCounts(explore.reader, scope, 'repairs')),
    }),
    rejects: t.field({
      type: [CountType],
      extensions: ofAllRows,
      description: `Records that could not be stored, by reason. ${countedRuns}`,
      resolve: async (scope, _args, { explore }) =>
        listed(await loadRunCounts(explore.reader, scope, 'rejects')),
    }),
    rejectedRecords: t.field({
      type: [RejectedCountType],
      extensions: ofAllRows,
      description:
        'Records that were rejected on days (UTC) of the range and have not been accepted since, by source and reason; `rejectedRecords` shows them.',
      resolve: (scope, _args, { explore }) => loadRejectedCounts(explore.reader, scope),
    }),
    skips: t.field({
      type: [CountType],
      extensions: ofAllRows,
      description:
        'Records that are neither wrong nor stored as rows of their own, by reason. With `conflicting_duplicate` a feed may ' +
        `be finer than its key, so that spend is missing. ${countedRuns}`,
      resolve: async (scope, _args, { explore }) =>
        listed(await loadRunCounts(explore.reader, scope, 'skips')),
    }),
    daysWithoutData: t.field({
      type: ['LocalDate'],
      description: 'Days of the range without ads rows, although there are some before and after.',
      resolve: (scope, _args, { explore }) => loadDaysWithoutData(explore.reader, scope),
    }),
    orphanedSources: t.field({
      type: [OrphanedSourceType],
      extensions: ofAllRows,
      description:
        'Sources that have records on days of the range and are no longer configured. `formerly` of a source takes them over; ' +
        '`settleOrphanedSource` hands them to one, or removes them.',
      resolve: (scope, _args, { explore, ingest }) => {
        const configured = ingest.sources.filter(({ workspace }) => workspace === scope.workspace);
        const owned = configured.flatMap(({ name, formerly }) => [name, ...formerly]);
        return loadOrphanedSources(explore.reader, scope, owned);
      },
    }),
    sharedIds: t.field({
      type: [SharedIdsType],
      extensions: ofAllRows,
      description: 'Which namespaces have opportunities of the same ids, the most frequent first.',
      resolve: (scope, _args, { explore }) => loadSharedIds(explore.reader, scope),
    }),
    sources: t.field({
      type: [SourceFreshnessType],
      extensions: ofAllRows,
      description: 'Every source that is configured or has run, by name; whatever the range.',
      resolve: (scope, _args, { explore, ingest }) => {
        const configured = ingest.sources.filter(({ workspace }) => workspace === scope.workspace);
        return loadFreshness(
          explore.reader,
          scope,
          configured.map(({ name }) => name),
        );
      },
    }),
  }),
});

builder.queryField('dataQuality', (t) =>
  t.field({
    type: DataQuality,
    description: 'What to mind before trusting the figures of some days.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dateRange: t.arg({ type: DateRangeInput, required: true, description: daysDescription('Which days') }),
    },
    resolve: (_root, args, context) => readScope(args, context),
  }),
);
