import { badInput } from '../errors.ts';
import { type DayChanges, type IngestRun, ingestModes, runStatuses } from '../ingest/runs/run.ts';
import { formatDay } from '../records/day.ts';
import { rejectReasons, repairKinds } from '../records/outcome.ts';
import { builder, enumValues } from './builder.ts';

const modes = {
  upsert: 'Adds new records and updates records with the same key. Deletes nothing. Default for CRM sources.',
  replace:
    'Replaces each day that the source returns: stored records of that source and day that it no longer returns are deleted. Readers see either the old day or the new one, never a mixture. Default for ads sources.',
} as const;

export const ModeEnum = builder.enumType('IngestMode', {
  description: 'What a run does with records that are already stored.',
  values: enumValues(ingestModes, (name) => modes[name]),
});

const statuses = {
  queued: 'Waiting to start.',
  running: 'Reading and storing records.',
  succeeded: 'All records that the source sent are stored, except rejected records and duplicates.',
  partial:
    'Only part of the data is stored. Either the source broke off (see `error`): the records before that are stored, and the same call again completes the run. Or a `REPLACE` run rejected records (see `rejectedByReason`): their stored versions stay.',
  held: 'Nothing was stored. The run would remove more than half of what is stored, and waits for `approveRun` or `cancelIngest`. `changes` shows what it would do.',
  failed: 'Nothing was stored.',
  cancelled: 'A caller or a shutdown ended the run.',
} as const;

export const StatusEnum = builder.enumType('IngestRunStatus', {
  description: 'The status of a run.',
  values: enumValues(runStatuses, (name) => statuses[name]),
});

interface Count {
  readonly name: string;
  readonly count: number;
}

export const CountType = builder.objectRef<Count>('NamedCount').implement({
  description: 'A count with its name.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of what is counted.' }),
    count: t.field({ type: 'SafeInt', description: 'The count.', resolve: ({ count }) => count }),
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
  description: 'A column of a source’s feed.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'Its name. For a mapped column, the field that it maps to.',
    }),
    share: t.exposeFloat('share', {
      description:
        'records with a value in this column / all records. Unit: ratio. Based on a sample if there are more than 1,000 records.',
    }),
  }),
});

export const feedColumnsOf = (columns: IngestRun['columns']): FeedColumn[] =>
  Object.entries(columns)
    .map(([name, share]) => ({ name, share }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

const DayChangesType = builder.objectRef<DayChanges>('IngestDayChanges').implement({
  description: 'What a dry or held run would change on one day.',
  fields: (t) => ({
    date: t.field({ type: 'LocalDate', description: 'The day.', resolve: ({ day }) => formatDay(day) }),
    added: t.field({ type: 'SafeInt', description: 'New records.', resolve: ({ added }) => added }),
    changed: t.field({
      type: 'SafeInt',
      description: 'Records with changed values.',
      resolve: ({ changed }) => changed,
    }),
    removed: t.field({
      type: 'SafeInt',
      description: 'Records that `REPLACE` would delete because the source no longer returns them.',
      resolve: ({ removed }) => removed,
    }),
    costBefore: t.exposeFloat('costBefore', {
      description: 'Stored cost of the source on this day. 0 for CRM sources.',
    }),
    costAfter: t.exposeFloat('costAfter', { description: 'Cost after the run.' }),
  }),
});

const RunError = builder.objectRef<{ code: string; message: string }>('IngestError').implement({
  description: 'The error of a run that did not succeed.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description:
        'The error code: SOURCE_UNAVAILABLE, SOURCE_REFUSED, SOURCE_MALFORMED, STORE_UNAVAILABLE, …',
    }),
    message: t.exposeString('message', { description: 'What happened and what to do.' }),
  }),
});

export const IngestRunType = builder.objectRef<IngestRun>('IngestRun').implement({
  description: 'One run of one source.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUIDv7; ids sort by time.' }),
    triggerId: t.exposeID('triggerId', { description: 'The same for all runs of one `triggerIngest` call.' }),
    idempotencyKey: t.string({
      nullable: true,
      description: 'The idempotency key of the caller.',
      resolve: (run) => run.idempotencyKey || null,
    }),
    source: t.exposeString('source', {
      description:
        'Name of the source. `push`: records that were pushed within ten minutes. `attribution`: opportunities and UTM sets of events that are attributed anew after a change of aliases; `recordsRead` were looked at, `recordsChanged` have another match, and `since` and `until` are the first and last day.',
    }),
    mode: t.field({
      type: ModeEnum,
      description: 'What it does with records that are already stored.',
      resolve: (run) => run.mode,
    }),
    dryRun: t.exposeBoolean('dryRun', {
      description: 'True if it only reports what would change and writes nothing.',
    }),
    replayOf: t.id({
      nullable: true,
      description: 'For a replay: id of the run whose data it reads again.',
      resolve: (run) => run.replayOf || null,
    }),
    attempt: t.int({
      description:
        '1, plus one for each restart after a crash, and for each earlier run of the same `idempotencyKey` and source.',
      resolve: (run) => run.attempt + run.retry,
    }),
    status: t.field({
      type: StatusEnum,
      description: 'Its status.',
      resolve: (run) => run.status,
    }),
    requestedBy: t.exposeString('requestedBy', { description: 'The caller that requested it.' }),
    requestId: t.exposeString('requestId', {
      description: 'X-Request-Id of the call. Every log line of the run contains it.',
    }),
    since: t.field({
      type: 'LocalDate',
      nullable: true,
      description:
        'First requested day: `since` of the call, or the watermark of the source minus the days that its platform restates (WATERMARK_OVERLAP_DAYS). Null means everything.',
      resolve: (run) => dayOrNull(run.since ?? run.overlapFrom),
    }),
    until: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'Last requested day.',
      resolve: (run) => dayOrNull(run.until),
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was requested.',
      resolve: (run) => new Date(run.createdAt),
    }),
    startedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it started.',
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
      description: 'Time from start to end, in milliseconds. Null until it ends.',
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
      description:
        'Records that were stored. When a run has succeeded, recordsRead = recordsWritten + recordsSkipped + recordsRejected.',
      resolve: (run) => run.recordsWritten,
    }),
    recordsChanged: t.field({
      type: 'SafeInt',
      description: 'Written records that were new or different. 0 for a replay of the same data.',
      resolve: (run) => run.recordsChanged,
    }),
    recordsRemoved: t.field({
      type: 'SafeInt',
      description: 'Stored records that `REPLACE` deleted because the source no longer returns them.',
      resolve: (run) => run.recordsRemoved,
    }),
    recordsSkipped: t.field({
      type: 'SafeInt',
      description:
        'Records that were neither stored as separate rows nor rejected, such as duplicates. See `skippedByReason`.',
      resolve: (run) => total(run.recordsSkipped),
    }),
    recordsRejected: t.field({
      type: 'SafeInt',
      description: 'Records that could not be stored. Each one is kept in full.',
      resolve: (run) => total(run.recordsRejected),
    }),
    recordsRejectedOpen: t.field({
      type: 'SafeInt',
      description:
        'Rejected records of this run that are open: neither accepted since, nor dismissed, nor rejected again by a later run. `rejectedRecords(where: { runId })` lists them.',
      resolve: ({ id }, _args, { runs }) => runs.openRejects(id),
    }),
    recordsRepaired: t.field({
      type: 'SafeInt',
      description: 'Number of field repairs of all kinds.',
      resolve: (run) => total(run.repairs),
    }),
    skippedByReason: t.field({
      type: [CountType],
      description:
        '`duplicate`: the feed has the same row twice. `conflicting_duplicate`: the feed has the same key with different values. The last row counts; if the feed is more detailed than its key, spend is missing. `summed`: added to another row with the same key, as the source is configured. `outside_range`: not between `since` and `until`. `deleted`: the CRM deleted the record, and utmql deleted it too. `outdated`: a newer state is already stored. `superseded`: in a replay, a newer run has already read this day.',
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
        'Fields that the record contract (schema/records) does not name, with the number of records that have them. They are stored with the record.',
      resolve: (run) => listed(run.unknownFields),
    }),
    columns: t.field({
      type: [FeedColumnType],
      description:
        'The columns of the feed, by the field names of the contract. Empty if the run read too few records to tell.',
      resolve: (run) => feedColumnsOf(run.columns),
    }),
    warnings: t.exposeStringList('warnings', {
      description:
        'Warnings, even if the run succeeded: columns of the feed that appeared or disappeared since the last good run, and records whose key another source has stored, too.',
    }),
    changes: t.field({
      type: [DayChangesType],
      description: 'For a dry or held run: what would change, by day. Days without changes are left out.',
      resolve: (run) => run.changes,
    }),
    watermark: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'The last day that was complete when the run ended successfully.',
      resolve: (run) => dayOrNull(run.watermark),
    }),
    bytesRead: t.field({
      type: 'SafeInt',
      description: 'Size of the decompressed feed in bytes.',
      resolve: (run) => run.bytesRead,
    }),
    error: t.field({
      type: RunError,
      nullable: true,
      description: 'The error, if it did not succeed.',
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
