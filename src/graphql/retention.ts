import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { type Day, formatDay } from '../records/day.ts';
import type { RetainedTable } from '../retention/retention.ts';
import { builder } from './builder.ts';
import { readDay } from './dates.ts';

/** Days that always stay: they are still restated, attributed and looked at. */
const keptDays = 7;

const RetainedTableType = builder.objectRef<RetainedTable>('RetainedTable').implement({
  description: 'What of a table is older than the day.',
  fields: (t) => ({
    table: t.exposeString('table', { description: 'Name of the table.' }),
    rows: t.field({
      type: 'SafeInt',
      description: 'Rows as they are stored, older versions that are not merged yet among them.',
      resolve: ({ rows }) => rows,
    }),
    days: t.exposeInt('days', { description: 'Days that have some.' }),
  }),
});

const RetentionPayload = builder
  .objectRef<{ dryRun: boolean; tables: readonly RetainedTable[] }>('ApplyRetentionPayload')
  .implement({
    description: 'What was deleted, or with `dryRun` would be.',
    fields: (t) => ({
      dryRun: t.exposeBoolean('dryRun', { description: 'True: nothing was deleted.' }),
      tables: t.field({
        type: [RetainedTableType],
        description:
          'Ads rows, opportunities and events by their day; rejects and landed feeds by the day they came.',
        resolve: ({ tables }) => [...tables],
      }),
    }),
  });

builder.mutationField('applyRetention', (t) =>
  t.field({
    type: RetentionPayload,
    description:
      'Deletes for good what the workspace has from before a day, ahead of DATA_RETENTION_DAYS and its like. Other workspaces keep ' +
      'theirs; runs and the audit log stay; attributions that were made stay as they are. Look with `dryRun: true` first. A source ' +
      'that is asked for those days again brings them back. Errors: BAD_USER_INPUT for a day within the last week.',
    extensions: { access: 'admin' } satisfies RootField,
    args: {
      before: t.arg({ type: 'LocalDate', required: true, description: 'The first day that stays.' }),
      dryRun: t.arg.boolean({ defaultValue: false, description: 'Only tell what there is.' }),
    },
    resolve: async (_root, args, { caller, retention, today }) => {
      const dryRun = args.dryRun ?? false;
      const before = readBefore(args.before, today());
      const { workspace, requestId } = caller;
      return { dryRun, tables: await retention.apply({ workspace, before, dryRun, requestId }) };
    },
  }),
);

function readBefore(text: string, today: Day): Day {
  const before = readDay(text);
  const latest = today - keptDays;
  if (before > latest) {
    throw badInput(
      `before: the last ${keptDays} days always stay; give ${formatDay(latest)} or an earlier day.`,
    );
  }
  return before;
}
