import type { InnerField, RootField } from '../access/grants.ts';
import {
  loadDaysWithoutData,
  loadFreshness,
  loadRejectedCounts,
  loadRunCounts,
  type RejectedCount,
  type SourceFreshness,
} from '../explore/feed-quality.ts';
import type { MoneyScope } from '../explore/money.ts';
import { loadOrphanedSources } from '../explore/orphaned-sources.ts';
import { loadOverlappingSources, type OverlappingSource } from '../explore/overlapping-sources.ts';
import { loadMatchShares } from '../explore/revenue-quality.ts';
import { loadSharedIds } from '../explore/shared-ids.ts';
import { loadSpendWithoutUtm, nearDuplicateList } from '../explore/utm-quality.ts';
import { builder } from './builder.ts';
import { currencyArgument } from './currency.ts';
import { DateRangeInput } from './dates.ts';
import { MatchShareType, RevenueWithoutSpend } from './explore-revenue-quality.ts';
import { daysDescription, readMoneyScope } from './explore-scope.ts';
import { NearDuplicates, SpendWithoutUtmType } from './explore-utm-quality.ts';
import { CountType, listed, StatusEnum } from './ingest-runs.ts';
import { OrphanedSourceType, SharedIdsType } from './orphaned-sources.ts';
import { loadListPage, pageArguments } from './pages.ts';
import { RecordKindEnum } from './record-kind.ts';

const SourceFreshnessType = builder.objectRef<SourceFreshness>('SourceFreshness').implement({
  description:
    'How fresh the data of one source is. Before its first run, all fields except the name are null.',
  fields: (t) => ({
    source: t.exposeString('source', { description: 'Name of the source.' }),
    lastSucceededAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When its last successful run ended. Null if none has succeeded yet.',
      resolve: (row) => row.lastSucceededAt,
    }),
    lastFinishedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When its last finished run ended, whatever its status. Null if none has finished yet.',
      resolve: (row) => row.lastFinishedAt,
    }),
    lastStatus: t.field({
      type: StatusEnum,
      nullable: true,
      description: 'Status of its last run. Null before the first run.',
      resolve: (row) => row.lastStatus,
    }),
  }),
});

const RejectedCountType = builder.objectRef<RejectedCount>('RejectedCount').implement({
  description: 'Number of open rejected records of one source, kind and reason.',
  fields: (t) => ({
    source: t.exposeString('source', {
      description: 'Where they came from: the name of a configured source, or `push`.',
    }),
    kind: t.field({ type: RecordKindEnum, description: 'Kind of record.', resolve: ({ kind }) => kind }),
    reason: t.exposeString('reason', {
      description: 'The reason; `IngestRun.rejectedByReason` explains each one.',
    }),
    count: t.field({ type: 'SafeInt', description: 'Number of records.', resolve: ({ count }) => count }),
  }),
});

const OverlappingSourceType = builder.objectRef<OverlappingSource>('OverlappingSource').implement({
  description: 'An ads source whose runs took the place of records of other sources.',
  fields: (t) => ({
    source: t.exposeString('source', { description: 'Its name.' }),
    others: t.exposeStringList('others', {
      description: 'The sources whose records it overwrote; `push` for pushed records.',
    }),
    days: t.exposeInt('days', { description: 'Number of days of the range on which it did.' }),
    records: t.field({
      type: 'SafeInt',
      description: 'Number of its records on these days that have the key of a record of another source.',
      resolve: ({ records }) => records,
    }),
  }),
});

const countedRuns =
  'Covers the finished runs that were created on days (UTC) of the range. A record that was in two runs counts twice.';

/** Runs and rejected records have no channel. */
const ofAllRows = { keepsPolicy: false } as const satisfies InnerField;

const DataQuality = builder.objectRef<MoneyScope>('DataQuality').implement({
  description: 'Problems in the data of a range of days. utmql checks only the fields that you select.',
  fields: (t) => ({
    spendWithoutUtm: t.field({
      type: SpendWithoutUtmType,
      description: 'Ad spend with unknown UTM parameters.',
      resolve: (scope, _args, { explore }) => loadSpendWithoutUtm(explore.reader, scope),
    }),
    revenueWithoutSpend: t.field({
      type: RevenueWithoutSpend,
      description: 'Revenue of campaigns and channels without cost.',
      resolve: (scope) => scope,
    }),
    nearDuplicateUtms: t.field({
      type: NearDuplicates,
      description: 'UTM values that are probably different spellings of the same value.',
      args: {
        ...pageArguments,
      },
      resolve: (scope, args, { explore: { reader } }) =>
        loadListPage(['nearDuplicateUtms', scope], args, reader, nearDuplicateList(scope)),
    }),
    matches: t.field({
      type: [MatchShareType],
      description:
        'How CRM records were attributed. Always four entries: EXACT, WINDOW, CAMPAIGN, UNATTRIBUTED.',
      resolve: (scope, _args, { explore }) => loadMatchShares(explore.reader, scope),
    }),
    repairs: t.field({
      type: [CountType],
      extensions: ofAllRows,
      description: `Repairs: changes that utmql made to records to store them, by kind. ${countedRuns}`,
      resolve: async (scope, _args, { explore }) =>
        listed(await loadRunCounts(explore.reader, scope, 'repairs')),
    }),
    rejects: t.field({
      type: [CountType],
      extensions: ofAllRows,
      description: `Records that utmql rejected, by reason, whether they are open or have ended; \`rejectedRecords\` counts the open ones. ${countedRuns}`,
      resolve: async (scope, _args, { explore }) =>
        listed(await loadRunCounts(explore.reader, scope, 'rejects')),
    }),
    rejectedRecords: t.field({
      type: [RejectedCountType],
      extensions: ofAllRows,
      description:
        'Records that were rejected on days (UTC) of the range and are open: neither accepted since nor dismissed. By source and reason; `rejectedRecords` lists them.',
      resolve: (scope, _args, { explore }) => loadRejectedCounts(explore.reader, scope),
    }),
    skips: t.field({
      type: [CountType],
      extensions: ofAllRows,
      description: `Records that were neither stored as separate rows nor rejected, by reason. With \`conflicting_duplicate\`, spend may be missing, because the feed may be more detailed than its key. ${countedRuns}`,
      resolve: async (scope, _args, { explore }) =>
        listed(await loadRunCounts(explore.reader, scope, 'skips')),
    }),
    daysWithoutData: t.field({
      type: ['LocalDate'],
      description: 'Days of the range that have no ads rows, between days that have some.',
      resolve: (scope, _args, { explore }) => loadDaysWithoutData(explore.reader, scope),
    }),
    orphanedSources: t.field({
      type: [OrphanedSourceType],
      extensions: ofAllRows,
      description:
        'Sources that have records in the range but are no longer configured. To keep their records, list the old name in `formerly` of a configured source, or transfer them with `settleOrphanedSource`, which can also delete them.',
      resolve: (scope, _args, { explore, ingest }) => {
        const configured = ingest.sources.filter(({ workspace }) => workspace === scope.workspace);
        const owned = configured.flatMap(({ name, formerly }) => [name, ...formerly]);
        return loadOrphanedSources(explore.reader, scope, owned);
      },
    }),
    sharedIds: t.field({
      type: [SharedIdsType],
      extensions: ofAllRows,
      description: 'Namespaces whose opportunities have ids in common, those with the most common ids first.',
      resolve: (scope, _args, { explore }) => loadSharedIds(explore.reader, scope),
    }),
    overlappingSources: t.field({
      type: [OverlappingSourceType],
      extensions: ofAllRows,
      description:
        'Ads sources that have keys in common with another source or with pushes, by the latest run for each day. Of records with one key only the last one counts, so spend is missing. For CRM records, see `sharedIds`.',
      resolve: (scope, _args, { explore, ingest }) => {
        const configured = ingest.sources.filter(({ workspace }) => workspace === scope.workspace);
        return loadOverlappingSources(
          explore.reader,
          scope,
          configured.map(({ name }) => name),
        );
      },
    }),
    sources: t.field({
      type: [SourceFreshnessType],
      extensions: ofAllRows,
      description: 'All sources that are configured or have run, by name. The range does not matter.',
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
    description: 'Problems to check before you trust the figures of a range of days.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: {
      dateRange: t.arg({ type: DateRangeInput, required: true, description: daysDescription('Which days') }),
      ...currencyArgument,
    },
    resolve: (_root, args, context) => readMoneyScope(args, context),
  }),
);
