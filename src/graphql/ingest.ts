import { badInput } from '../errors.ts';
import { type IngestRun, ingestModes, runStatuses } from '../ingest/run.ts';
import { formatDay } from '../records/day.ts';
import { rejectReasons, repairKinds } from '../records/outcome.ts';
import { builder, enumValues } from './builder.ts';
import { readDay } from './dates.ts';

const ModeEnum = builder.enumType('IngestMode', {
  description: 'What a run does with what is stored already.',
  values: enumValues(
    ingestModes,
    () => 'Adds new records and replaces those with the same key; deletes nothing.',
  ),
});

const statuses = {
  queued: 'Waits for its turn.',
  running: 'Reads and stores.',
  succeeded: 'Everything that the source sent is stored, but for rejects and duplicates.',
  partial: 'The source broke off; what came before is stored. The same call again completes it.',
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
const inWords = (texts: Readonly<Record<string, string>>): string =>
  Object.entries(texts)
    .map(([name, text]) => `\`${name}\`: ${text}`)
    .join('\n');

const RunError = builder.objectRef<{ code: string; message: string }>('IngestError').implement({
  description: 'Why a run did not succeed.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description: 'SOURCE_UNAVAILABLE, SOURCE_REFUSED, SOURCE_MALFORMED, STORE_UNAVAILABLE, …',
    }),
    message: t.exposeString('message', { description: 'What happened and what to do.' }),
  }),
});

const IngestRunType = builder.objectRef<IngestRun>('IngestRun').implement({
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
      description: 'First day asked for.',
      resolve: (run) => dayOrNull(run.since),
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
        'and the feed is finer than its key, so spend may be missing. `outside_range`: not between since and until. ' +
        '`outdated`: the store holds a newer state.',
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

const TriggerIngestInput = builder.inputType('TriggerIngestInput', {
  description: 'What to pull.',
  fields: (t) => ({
    sources: t.stringList({ description: 'Names of sources (`ads`, `crm`); all when left out.' }),
    since: t.field({
      type: 'LocalDate',
      description: 'First day. Passed on to the source, and applied to what comes back.',
    }),
    until: t.field({
      type: 'LocalDate',
      description: 'Last day. Passed on to the source, and applied to what comes back.',
    }),
    mode: t.field({
      type: ModeEnum,
      defaultValue: 'upsert',
      description: 'What to do with what is stored already.',
    }),
    wait: t.boolean({ defaultValue: false, description: 'Answer only when every run has ended.' }),
    idempotencyKey: t.string({
      description: 'The same key gives the same runs, started once, however often the call is repeated.',
    }),
  }),
});

const TriggerIngestPayload = builder
  .objectRef<{ runs: readonly IngestRun[] }>('TriggerIngestPayload')
  .implement({
    description: 'The runs that were started.',
    fields: (t) => ({
      runs: t.field({
        type: [IngestRunType],
        description: 'One for each source; follow them with `ingestRun(id)`.',
        resolve: ({ runs }) => runs,
      }),
    }),
  });

builder.mutationField('triggerIngest', (t) =>
  t.field({
    type: TriggerIngestPayload,
    description: 'Pulls records from sources, each in a run of its own. Repeating it changes no figure.',
    args: { input: t.arg({ type: TriggerIngestInput, defaultValue: {}, description: 'What to pull.' }) },
    resolve: async (_root, { input }, { caller, ingest }) => ({
      runs: await ingest.trigger(
        {
          sources: input?.sources ?? undefined,
          since: input?.since ? readDay(input.since) : undefined,
          until: input?.until ? readDay(input.until) : undefined,
          mode: input?.mode ?? 'upsert',
          wait: input?.wait ?? false,
          idempotencyKey: readKey(input?.idempotencyKey),
        },
        caller,
      ),
    }),
  }),
);

builder.queryField('ingestRun', (t) =>
  t.field({
    type: IngestRunType,
    nullable: true,
    description: 'One run; null when there is none with this id.',
    // Whoever follows a run wants its state now, also when another process runs it.
    extensions: { volatile: true },
    args: { id: t.arg.id({ required: true, description: 'Id of the run.' }) },
    resolve: async (_root, { id }, { caller, ingest }) =>
      (await ingest.runs.find(caller.workspace, readRunId(String(id), 'id'))) ?? null,
  }),
);

builder.queryField('ingestRuns', (t) =>
  t.field({
    type: [IngestRunType],
    description: 'Runs, newest first.',
    extensions: { volatile: true },
    args: {
      source: t.arg.string({ description: 'Only of this source.' }),
      status: t.arg({ type: StatusEnum, description: 'Only with this status.' }),
      first: t.arg.int({ defaultValue: 20, description: 'How many, up to 1000.' }),
      before: t.arg.id({
        description: 'Only runs before (older than) the one with this id: the last of the page before.',
      }),
    },
    resolve: (_root, args, { caller, ingest }) =>
      ingest.runs.list(caller.workspace, {
        source: args.source ?? undefined,
        status: args.status ?? undefined,
        limit: readLimit(args.first ?? 20),
        before: args.before ? readRunId(String(args.before), 'before') : undefined,
      }),
  }),
);

const dayOrNull = (day: number | undefined): string | null => (day === undefined ? null : formatDay(day));

function readLimit(first: number): number {
  if (first < 1 || first > 1_000) throw badInput(`first: ${first} is not between 1 and 1000.`);
  return first;
}

function readRunId(id: string, argument: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    throw badInput(
      `${argument}: ${JSON.stringify(id.slice(0, 60))} is no run id; ids look like 019837c2-1b6e-7000-8000-000000000000.`,
    );
  }
  return id.toLowerCase();
}

function readKey(key: string | null | undefined): string | undefined {
  if (key === null || key === undefined) return undefined;
  if (key.trim() === '' || key.length > 256)
    throw badInput('idempotencyKey: give between 1 and 256 characters.');
  return key;
}
