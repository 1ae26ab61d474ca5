import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import type { TriggerInput } from '../ingest/pull/trigger-input.ts';
import type { IngestRun } from '../ingest/runs/run.ts';
import type { Day } from '../records/day.ts';
import { builder } from './builder.ts';
import { readDay } from './dates.ts';
import { IngestRunType, ModeEnum, readRunId, StatusEnum } from './ingest-runs.ts';
import { maxLargeRows, readFirst } from './pages.ts';

const mostLastDays = 3_650;

const GuardEnum = builder.enumType('IngestGuard', {
  description: 'What happens to a run that would remove more than half of what is stored for its source.',
  values: {
    ON: { value: 'on', description: 'The run waits with the status `HELD`.' },
    OFF: { value: 'off', description: 'The run writes its changes.' },
  } as const,
});

const TriggerIngestInput = builder.inputType('TriggerIngestInput', {
  description: 'What to pull.',
  fields: (t) => ({
    sources: t.stringList({ description: 'Names of sources, such as `ads` and `crm`. Default: all.' }),
    since: t.field({
      type: 'LocalDate',
      description:
        'First day. utmql sends it to the source and also filters the response by it. Default for ads sources: the watermark of the last good run minus the days that the platform restates (WATERMARK_OVERLAP_DAYS), which is only sent to the source; everything if there was no good run.',
    }),
    until: t.field({
      type: 'LocalDate',
      description: 'Last day. utmql sends it to the source and also filters the response by it.',
    }),
    lastDays: t.int({
      description:
        'The last days before today, in REPORTING_TIMEZONE, 1 to 3650, instead of `since` and `until`. A repeated call with the same `idempotencyKey` means the days of the first, also on a later day.',
    }),
    mode: t.field({
      type: ModeEnum,
      description: 'What to do with records that are already stored. Default: the mode of each source.',
    }),
    dryRun: t.boolean({
      defaultValue: false,
      description: 'True only reports what would change, by day, in `changes`. Use it with `wait: true`.',
    }),
    guard: t.field({
      type: GuardEnum,
      defaultValue: 'on',
      description:
        'ON holds a run (status `HELD`) that would remove more than half of what is stored. With `REPLACE`: more than half of the cost or rows that the source has stored on the days of the run. With `UPSERT`: more than half of the records of the source, if the feed marks more than 20 records as deleted. `guard: off` in the sources file also turns this off.',
    }),
    wait: t.boolean({ defaultValue: false, description: 'True returns only after all runs have ended.' }),
    idempotencyKey: t.string({
      description:
        'Repeated calls with the same key return the same runs; those that are `FAILED`, `CANCELLED` or `PARTIAL` start again, as new runs. Without a key, a call returns the run that is already working on the same request.',
    }),
  }),
});

const TriggerIngestPayload = builder
  .objectRef<{ runs: readonly IngestRun[] }>('TriggerIngestPayload')
  .implement({
    description: 'The runs of this call.',
    fields: (t) => ({
      runs: t.field({
        type: [IngestRunType],
        description: 'One run for each source. Follow them with `ingestRun(id)`.',
        resolve: ({ runs }) => runs,
      }),
    }),
  });

builder.mutationField('triggerIngest', (t) =>
  t.field({
    type: TriggerIngestPayload,
    description:
      'Pulls records from sources, with one run for each source. Repeating a call changes no figures.',
    extensions: { access: 'ingest' } satisfies RootField,
    args: { input: t.arg({ type: TriggerIngestInput, defaultValue: {}, description: 'What to pull.' }) },
    resolve: async (_root, { input }, { caller, ingest, today }) => ({
      runs: await ingest.trigger(
        {
          sources: input?.sources ?? undefined,
          ...readDays(input ?? {}, today()),
          mode: input?.mode ?? undefined,
          dryRun: input?.dryRun ?? false,
          guard: input?.guard !== 'off',
          wait: input?.wait ?? false,
          idempotencyKey: readKey(input?.idempotencyKey),
          retriesRuns: true,
        },
        caller,
      ),
    }),
  }),
);

builder.mutationField('cancelIngest', (t) =>
  t.field({
    type: IngestRunType,
    description:
      'Cancels a run, no matter which process works on it, and returns its last state. A running run stops between two steps; each step changes whole days. A held run is discarded. A run that has ended does not change. Errors: NOT_FOUND.',
    extensions: { access: 'ingest' } satisfies RootField,
    args: { id: t.arg.id({ required: true, description: 'Id of the run.' }) },
    resolve: (_root, { id }, { caller, ingest }) => ingest.cancel(readRunId(String(id), 'id'), caller),
  }),
);

builder.mutationField('approveRun', (t) =>
  t.field({
    type: IngestRunType,
    description:
      'Writes the data that a `HELD` run has read, under the same run id. Days that newer runs have read do not change. Approving a run twice has no further effect. Errors: NOT_FOUND; CONFLICT if the run failed or was cancelled.',
    extensions: { access: 'ingest' } satisfies RootField,
    args: {
      id: t.arg.id({ required: true, description: 'Id of the run.' }),
      wait: t.arg.boolean({ defaultValue: false, description: 'True returns only after the run has ended.' }),
    },
    resolve: (_root, { id, wait }, { caller, ingest }) =>
      ingest.approve(readRunId(String(id), 'id'), wait ?? false, caller),
  }),
);

builder.mutationField('replayRun', (t) =>
  t.field({
    type: IngestRunType,
    description:
      'Processes the original data of a run again, by the current rules, as a new run. Use it after a change of the stage map, the time zone or the program. The original data is kept for RAW_RETENTION_DAYS. Days that newer runs have read do not change, so you can replay runs in any order. Errors: NOT_FOUND; CONFLICT if the run did not read its source to the end.',
    extensions: { access: 'ingest' } satisfies RootField,
    args: {
      id: t.arg.id({ required: true, description: 'Id of the run.' }),
      wait: t.arg.boolean({
        defaultValue: false,
        description: 'True returns only after the replay has ended.',
      }),
    },
    resolve: (_root, { id, wait }, { caller, ingest }) =>
      ingest.replay(readRunId(String(id), 'id'), wait ?? false, caller),
  }),
);

builder.subscriptionType({ description: 'Live updates over `text/event-stream`.' });

builder.subscriptionField('ingestRun', (t) =>
  t.field({
    type: IngestRunType,
    description: 'The states of a run, from the current one until the run ends. Errors: NOT_FOUND.',
    extensions: { access: 'follow' } satisfies RootField,
    args: { id: t.arg.id({ required: true, description: 'Id of the run.' }) },
    subscribe: (_root, { id }, { caller, ingest, signal }) =>
      ingest.follow(readRunId(String(id), 'id'), caller, signal),
    resolve: (run) => run,
  }),
);

builder.queryField('ingestRun', (t) =>
  t.field({
    type: IngestRunType,
    nullable: true,
    description: 'One run, by id. Null if no run has this id.',
    // Whoever follows a run wants its state now, also when another process runs it.
    extensions: { volatile: true, access: 'follow' } satisfies RootField,
    args: { id: t.arg.id({ required: true, description: 'Id of the run.' }) },
    resolve: async (_root, { id }, { runs }) => (await runs.find(readRunId(String(id), 'id'))) ?? null,
  }),
);

builder.queryField('ingestRuns', (t) =>
  t.field({
    type: [IngestRunType],
    description: 'Runs, newest first.',
    extensions: { volatile: true, access: 'follow' } satisfies RootField,
    args: {
      source: t.arg.string({ description: 'Only runs of this source.' }),
      status: t.arg({ type: StatusEnum, description: 'Only runs with this status.' }),
      first: t.arg.int({ defaultValue: 20, description: 'Number of runs to return, 1 to 1000.' }),
      before: t.arg.id({
        description:
          'Only runs older than the run with this id. For the next page, pass the id of the last run of the previous page.',
      }),
    },
    resolve: (_root, args, { runs }) =>
      runs.list({
        source: args.source ?? undefined,
        status: args.status ?? undefined,
        limit: readFirst(args.first, maxLargeRows, 20),
        before: args.before ? readRunId(String(args.before), 'before') : undefined,
      }),
  }),
);

/** @throws UtmqlError BAD_USER_INPUT */
function readDays(
  { since, until, lastDays }: Partial<typeof TriggerIngestInput.$inferInput>,
  today: Day,
): Pick<TriggerInput, 'since' | 'until' | 'countsBack'> {
  if (lastDays === null || lastDays === undefined)
    return {
      since: since ? readDay(since) : undefined,
      until: until ? readDay(until) : undefined,
      countsBack: false,
    };
  if (since || until) throw badInput('lastDays: give either lastDays, or since and until.');
  if (lastDays < 1 || lastDays > mostLastDays)
    throw badInput(`lastDays: ${lastDays} is not between 1 and ${mostLastDays}.`);
  return { since: today - lastDays, until: today - 1, countsBack: true };
}

function readKey(key: string | null | undefined): string | undefined {
  if (key === null || key === undefined) return undefined;
  if (key.trim() === '' || key.length > 256)
    throw badInput('idempotencyKey: give between 1 and 256 characters.');
  return key;
}
