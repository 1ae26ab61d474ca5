import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { type Day, formatDay } from '../records/day.ts';
import type { RetainedTable } from '../retention/retention.ts';
import { builder } from './builder.ts';
import { readDay } from './dates.ts';

/** Days that always stay: they are still restated, attributed and looked at. */
const keptDays = 7;

const RetainedTableType = builder.objectRef<RetainedTable>('RetainedTable').implement({
  description: 'The rows of a table from before the day.',
  fields: (t) => ({
    table: t.exposeString('table', { description: 'Name of the table.' }),
    rows: t.field({
      type: 'SafeInt',
      description: 'Number of stored rows, including older versions that are not merged yet.',
      resolve: ({ rows }) => rows,
    }),
    days: t.exposeInt('days', { description: 'Number of days that have such records.' }),
  }),
});

const RetentionPayload = builder
  .objectRef<{ dryRun: boolean; tables: readonly RetainedTable[] }>('ApplyRetentionPayload')
  .implement({
    description: 'What was deleted, or would be with `dryRun`.',
    fields: (t) => ({
      dryRun: t.exposeBoolean('dryRun', { description: 'True if nothing was deleted.' }),
      tables: t.field({
        type: [RetainedTableType],
        description:
          'The tables: ads rows, opportunities and events by their day; names of campaigns by the last day that they were had; rejected records and kept feeds by the day they arrived.',
        resolve: ({ tables }) => [...tables],
      }),
    }),
  });

builder.mutationField('applyRetention', (t) =>
  t.field({
    type: RetentionPayload,
    description:
      'Permanently deletes the data of this workspace from before a day, earlier than DATA_RETENTION_DAYS and the other retention settings would. Other workspaces, runs, the audit log and existing attributions do not change. Check with `dryRun: true` first. If you pull those days from a source again, they come back. Errors: BAD_USER_INPUT for a day within the last week.',
    extensions: { access: 'admin' } satisfies RootField,
    args: {
      before: t.arg({ type: 'LocalDate', required: true, description: 'The first day to keep.' }),
      dryRun: t.arg.boolean({ defaultValue: false, description: 'True only reports what would happen.' }),
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
