import { badInput } from '../errors.ts';
import { type DayChanges, type IngestRun, ingestModes, runStatuses } from '../ingest/runs/run.ts';
import { formatDay } from '../records/day.ts';
import { rejectReasons, repairKinds } from '../records/outcome.ts';
import { builder, enumValues } from './builder.ts';

const modes = {
  upsert:
    'Adds new records and changes those with the same key; deletes nothing. The default for CRM sources.',
  replace:
    'Each day that the source returns becomes what the source now says: its records that the source no longer has are ' +
    'deleted. A reader sees the old day or the new one. The default for ads sources.',
} as const;

export const ModeEnum = builder.enumType('IngestMode', {
  description: 'What a run does with what is stored already.',
  values: enumValues(ingestModes, (name) => modes[name]),
});

const statuses = {
  queued: 'Waits for its turn.',
  running: 'Reads and stores.',
  succeeded: 'Everything that the source sent is stored, but for rejects and duplicates.',
  partial:
    'The source broke off, and what came before is stored (`error` says so): the same call again completes it. Or records of a ' +
    '`REPLACE` could not be read (`rejectedByReason`), and what is stored of them stays.',
  held:
    'Nothing was stored: the run would take away more than half of what is stored, and waits for `approveRun` or `cancelIngest`. ' +
    '`changes` says what it would do.',
  failed: 'Nothing was stored.',
  cancelled: 'Was ended by a caller or a shutdown.',
} as const;

export const StatusEnum = builder.enumType('IngestRunStatus', {
  description: 'How far a run is, or how it ended.',
  values: enumValues(runStatuses, (name) => statuses[name]),
});

interface Count {
  readonly name: string;
  readonly count: number;
}

export const CountType = builder.objectRef<Count>('NamedCount').implement({
  description: 'How often something happened in a run.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What happened.' }),
    count: t.field({ type: 'SafeInt', description: 'How often.', resolve: ({ count }) => count }),
  }),
});

export const listed = (counts: Readonly<Record<string, number>>): Count[] =>
  Object.entries(counts)
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || a.name.localeCompare(b.name));
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
const instant = (epochMs: number | undefined): Date | null =>
  epochMs === undefined ? null : new Date(epochMs);
const dayOrNull = (day: number | undefined): string | null => (day === undefined ? null : formatDay(day));
const inWords = (texts: Readonly<Record<string, string>>): string =>
  Object.entries(texts)
    .map(([name, text]) => `\`${name}\`: ${text}`)
    .join('\n');

interface FeedColumn {
  readonly name: string;
  readonly share: number;
}

export const FeedColumnType = builder.objectRef<FeedColumn>('FeedColumn').implement({
  description: 'A column of a feed.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'Its name; of a mapped one, the field that it is mapped to.',
    }),
    share: t.exposeFloat('share', {
      description:
        'Records that have a value in it / all. Unit: ratio. Of a sample where there are more than 1,000.',
    }),
  }),
});

export const columnsOf = (columns: IngestRun['columns']): FeedColumn[] =>
  Object.entries(columns)
    .map(([name, share]) => ({ name, share }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

const DayChangesType = builder.objectRef<DayChanges>('IngestDayChanges').implement({
  description: 'What a run that is dry or held would change on one day.',
  fields: (t) => ({
    date: t.field({ type: 'LocalDate', description: 'The day.', resolve: ({ day }) => formatDay(day) }),
    added: t.field({ type: 'SafeInt', description: 'New records.', resolve: ({ added }) => added }),
    changed: t.field({
      type: 'SafeInt',
      description: 'Records with other figures.',
      resolve: ({ changed }) => changed,
    }),
    removed: t.field({
      type: 'SafeInt',
      description: 'Records that the source no longer has (`REPLACE`).',
      resolve: ({ removed }) => removed,
    }),
    costBefore: t.exposeFloat('costBefore', {
      description: 'Cost of the source on this day as it is stored; 0 for CRM.',
    }),
    costAfter: t.exposeFloat('costAfter', { description: 'Cost as it would be.' }),
  }),
});

const RunError = builder.objectRef<{ code: string; message: string }>('IngestError').implement({
  description: 'Why a run did not succeed.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description: 'SOURCE_UNAVAILABLE, SOURCE_REFUSED, SOURCE_MALFORMED, STORE_UNAVAILABLE, …',
    }),
    message: t.exposeString('message', { description: 'What happened and what to do.' }),
  }),
});

export const IngestRunType = builder.objectRef<IngestRun>('IngestRun').implement({
  description: 'One run of one source.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'UUIDv7: sorts by time.' }),
    triggerId: t.exposeID('triggerId', { description: 'Shared by the runs of one triggerIngest.' }),
    idempotencyKey: t.string({
      nullable: true,
      description: 'The key that the caller gave.',
      resolve: (run) => run.idempotencyKey || null,
    }),
    source: t.exposeString('source', { description: 'Name of the source.' }),
    mode: t.field({
      type: ModeEnum,
      description: 'What it does with what is stored.',
      resolve: (run) => run.mode,
    }),
    dryRun: t.exposeBoolean('dryRun', { description: 'It reports what would change and writes nothing.' }),
    replayOf: t.id({
      nullable: true,
      description: 'Id of the run whose data it reads again.',
      resolve: (run) => run.replayOf || null,
    }),
    attempt: t.exposeInt('attempt', {
      description: '1, and one more for each time that it was begun again after a crash.',
    }),
    status: t.field({
      type: StatusEnum,
      description: 'How far it is, or how it ended.',
      resolve: (run) => run.status,
    }),
    requestedBy: t.exposeString('requestedBy', { description: 'Who asked for it.' }),
    requestId: t.exposeString('requestId', {
      description: 'X-Request-Id of the call; in every log line of the run.',
    }),
    since: t.field({
      type: 'LocalDate',
      nullable: true,
      description:
        'First day asked for: as called, or the watermark of the source less the days that its platform restates (WATERMARK_OVERLAP_DAYS). Null: everything.',
      resolve: (run) => dayOrNull(run.since ?? run.overlapFrom),
    }),
    until: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'Last day asked for.',
      resolve: (run) => dayOrNull(run.until),
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was asked for.',
      resolve: (run) => new Date(run.createdAt),
    }),
    startedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it began.',
      resolve: (run) => instant(run.startedAt),
    }),
    finishedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ended.',
      resolve: (run) => instant(run.finishedAt),
    }),
    durationMs: t.field({
      type: 'SafeInt',
      nullable: true,
      description: 'From begin to end, milliseconds. Null until it has ended.',
      resolve: (run) =>
        run.startedAt === undefined || run.finishedAt === undefined ? null : run.finishedAt - run.startedAt,
    }),
    recordsRead: t.field({
      type: 'SafeInt',
      description: 'Records that the source sent.',
      resolve: (run) => run.recordsRead,
    }),
    recordsWritten: t.field({
      type: 'SafeInt',
      description: 'Records that are stored. Read = written + skipped + rejected once a run has succeeded.',
      resolve: (run) => run.recordsWritten,
    }),
    recordsChanged: t.field({
      type: 'SafeInt',
      description: 'Of those written, the ones that were new or different. A replay of the same data has 0.',
      resolve: (run) => run.recordsChanged,
    }),
    recordsRemoved: t.field({
      type: 'SafeInt',
      description: 'Stored records that the source no longer has, deleted by `REPLACE`.',
      resolve: (run) => run.recordsRemoved,
    }),
    recordsSkipped: t.field({
      type: 'SafeInt',
      description: 'Records that are neither wrong nor stored as rows of their own.',
      resolve: (run) => total(run.recordsSkipped),
    }),
    recordsRejected: t.field({
      type: 'SafeInt',
      description: 'Records that could not be stored; each is kept whole.',
      resolve: (run) => total(run.recordsRejected),
    }),
    recordsRepaired: t.field({
      type: 'SafeInt',
      description: 'Repairs of fields, all kinds together.',
      resolve: (run) => total(run.repairs),
    }),
    skippedByReason: t.field({
      type: [CountType],
      description:
        '`duplicate`: the same row twice in the feed. `conflicting_duplicate`: the same key with other figures; the last won, ' +
        'and the feed may be finer than its key, so spend may be missing. `summed`: added to the row of its key, as the source says. `outside_range`: not between since and until. ' +
        '`deleted`: the CRM has deleted it, and what was stored of it is gone. `outdated`: the store holds a newer state. `superseded`: a replay, of a day that a newer run has read.',
      resolve: (run) => listed(run.recordsSkipped),
    }),
    rejectedByReason: t.field({
      type: [CountType],
      description: inWords(rejectReasons),
      resolve: (run) => listed(run.recordsRejected),
    }),
    repairsByKind: t.field({
      type: [CountType],
      description: inWords(repairKinds),
      resolve: (run) => listed(run.repairs),
    }),
    unknownFields: t.field({
      type: [CountType],
      description:
        'Fields that the record contract (schema/records) does not name, with the number of records that have them. They are kept beside the record.',
      resolve: (run) => listed(run.unknownFields),
    }),
    columns: t.field({
      type: [FeedColumnType],
      description:
        'The columns of the feed, in the field names of the contract; empty where too few records came to tell.',
      resolve: (run) => columnsOf(run.columns),
    }),
    warnings: t.exposeStringList('warnings', {
      description:
        'What to mind about the run though it may have gone well, in sentences: columns of the feed that have come or gone since the last good run.',
    }),
    changes: t.field({
      type: [DayChangesType],
      description: 'Of a dry run: what would change, by day. Days without a change are left out.',
      resolve: (run) => run.changes,
    }),
    watermark: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'Up to which day the source was complete when the run had ended well.',
      resolve: (run) => dayOrNull(run.watermark),
    }),
    bytesRead: t.field({
      type: 'SafeInt',
      description: 'Bytes of the feed, decompressed.',
      resolve: (run) => run.bytesRead,
    }),
    error: t.field({
      type: RunError,
      nullable: true,
      description: 'Why it did not succeed.',
      resolve: (run) => (run.errorCode === '' ? null : { code: run.errorCode, message: run.errorMessage }),
    }),
  }),
});

/**
 * The id of a run as the store has it.
 *
 * @throws UtmqlError BAD_USER_INPUT
 */
export function readRunId(id: string, argument: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    throw badInput(
      `${argument}: ${JSON.stringify(id.slice(0, 60))} is no run id; ids look like 019837c2-1b6e-7000-8000-000000000000.`,
    );
  }
  return id.toLowerCase();
}
