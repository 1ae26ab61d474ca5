import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import type { IngestRun } from '../ingest/runs/run.ts';
import { builder } from './builder.ts';
import { readDay } from './dates.ts';
import { IngestRunType, ModeEnum, readRunId, StatusEnum } from './ingest-runs.ts';
import { maxLargeRows, readFirst } from './pages.ts';

const GuardEnum = builder.enumType('IngestGuard', {
  description: 'What becomes of a run that would take away more than half of what is stored of its source.',
  values: {
    ON: { value: 'on', description: 'It waits as `HELD`.' },
    OFF: { value: 'off', description: 'It is written.' },
  } as const,
});

const TriggerIngestInput = builder.inputType('TriggerIngestInput', {
  description: 'What to pull.',
  fields: (t) => ({
    sources: t.stringList({ description: 'Names of sources (`ads`, `crm`); all when left out.' }),
    since: t.field({
      type: 'LocalDate',
      description:
        'First day. Passed on to the source, and applied to what comes back. Left out, for ads sources: the last good run’s watermark less ' +
        'the days that its platform restates (WATERMARK_OVERLAP_DAYS) is passed on; everything when there was none.',
    }),
    until: t.field({
      type: 'LocalDate',
      description: 'Last day. Passed on to the source, and applied to what comes back.',
    }),
    mode: t.field({
      type: ModeEnum,
      description: 'What to do with what is stored already; each source’s own mode when left out.',
    }),
    dryRun: t.boolean({
      defaultValue: false,
      description: 'Only report what would change, by day (`changes`); read it with `wait: true`.',
    }),
    guard: t.field({
      type: GuardEnum,
      defaultValue: 'on',
      description:
        'Whether a run waits as `HELD` that would take away more than half: with `REPLACE` of the cost or rows that its source has ' +
        'stored on the days that it is about; with `UPSERT` of the records of its source, by more than 20 that the feed says are ' +
        'deleted. `guard: off` in the sources file turns it off, too.',
    }),
    wait: t.boolean({ defaultValue: false, description: 'Answer only when every run has ended.' }),
    idempotencyKey: t.string({
      description:
        'The same key gives the same runs, started once, however often the call is repeated. Without a key, a call gets ' +
        'the run that is already at work on the same.',
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
    extensions: { access: 'ingest' } satisfies RootField,
    args: { input: t.arg({ type: TriggerIngestInput, defaultValue: {}, description: 'What to pull.' }) },
    resolve: async (_root, { input }, { caller, ingest }) => ({
      runs: await ingest.trigger(
        {
          sources: input?.sources ?? undefined,
          since: input?.since ? readDay(input.since) : undefined,
          until: input?.until ? readDay(input.until) : undefined,
          mode: input?.mode ?? undefined,
          dryRun: input?.dryRun ?? false,
          guard: input?.guard !== 'off',
          wait: input?.wait ?? false,
          idempotencyKey: readKey(input?.idempotencyKey),
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
      'Ends a run, whichever process works on it, and answers with its last state. It stops between two steps, each of which ' +
      'changes whole days. One that is held is dropped; a run that has ended stays as it is. Errors: NOT_FOUND.',
    extensions: { access: 'ingest' } satisfies RootField,
    args: { id: t.arg.id({ required: true, description: 'Id of the run.' }) },
    resolve: (_root, { id }, { caller, ingest }) => ingest.cancel(readRunId(String(id), 'id'), caller),
  }),
);

builder.mutationField('approveRun', (t) =>
  t.field({
    type: IngestRunType,
    description:
      'Writes what a run had read that is `HELD`, under its own id. Days that newer runs have read stay as those left them; a run ' +
      'that has been approved stays as it is. Errors: NOT_FOUND; CONFLICT when the run failed or was cancelled.',
    extensions: { access: 'ingest' } satisfies RootField,
    args: {
      id: t.arg.id({ required: true, description: 'Id of the run.' }),
      wait: t.arg.boolean({ defaultValue: false, description: 'Answer only when the run has ended.' }),
    },
    resolve: (_root, { id, wait }, { caller, ingest }) =>
      ingest.approve(readRunId(String(id), 'id'), wait ?? false, caller),
  }),
);

builder.mutationField('replayRun', (t) =>
  t.field({
    type: IngestRunType,
    description:
      'Reads again what a run had read, as it came (kept for RAW_RETENTION_DAYS), by today’s rules, as a new run: after a ' +
      'change of the stage map, the time zone or the program. Days that newer runs have read stay as those left them, so ' +
      'runs can be replayed in any order. Errors: NOT_FOUND; CONFLICT when the run did not read its source to the end.',
    extensions: { access: 'ingest' } satisfies RootField,
    args: {
      id: t.arg.id({ required: true, description: 'Id of the run.' }),
      wait: t.arg.boolean({ defaultValue: false, description: 'Answer only when the replay has ended.' }),
    },
    resolve: (_root, { id, wait }, { caller, ingest }) =>
      ingest.replay(readRunId(String(id), 'id'), wait ?? false, caller),
  }),
);

builder.subscriptionType({ description: 'What can be followed, over `text/event-stream`.' });

builder.subscriptionField('ingestRun', (t) =>
  t.field({
    type: IngestRunType,
    description: 'A run’s states, from the present one until it has ended. Errors: NOT_FOUND.',
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
    description: 'One run; null when there is none with this id.',
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
      source: t.arg.string({ description: 'Only of this source.' }),
      status: t.arg({ type: StatusEnum, description: 'Only with this status.' }),
      first: t.arg.int({ defaultValue: 20, description: 'How many, up to 1000.' }),
      before: t.arg.id({
        description: 'Only runs before (older than) the one with this id: the last of the page before.',
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

function readKey(key: string | null | undefined): string | undefined {
  if (key === null || key === undefined) return undefined;
  if (key.trim() === '' || key.length > 256)
    throw badInput('idempotencyKey: give between 1 and 256 characters.');
  return key;
}
