import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import type { OrphanedSource } from '../explore/orphaned-sources.ts';
import type { SharedIds } from '../explore/shared-ids.ts';
import type { OrphanedRecords } from '../ingest/ownership/orphaned-rows.ts';
import { builder } from './builder.ts';
import { RecordKindEnum } from './record-kind.ts';

export const OrphanedSourceType = builder.objectRef<OrphanedSource>('OrphanedSource').implement({
  description:
    'The records of a source that is no longer configured. Nothing updates them. If another source now delivers the same records, they count twice.',
  fields: (t) => ({
    source: t.exposeString('source', { description: 'Its name.' }),
    kind: t.field({
      type: RecordKindEnum,
      description: 'Kind of its records.',
      resolve: ({ kind }) => kind,
    }),
    records: t.field({
      type: 'SafeInt',
      description: 'Number of its records on days of the range.',
      resolve: ({ records }) => records,
    }),
    from: t.field({
      type: 'LocalDate',
      description: 'First of these days.',
      resolve: (row) => row.first_day,
    }),
    to: t.field({
      type: 'LocalDate',
      description: 'Last of these days.',
      resolve: (row) => row.last_day,
    }),
    cost: t.exposeFloat('cost', {
      description: 'Cost of these records, regardless of currency. Unit: money.',
    }),
    revenue: t.exposeFloat('revenue', {
      description: 'Amount of these records at CLOSED_WON, regardless of currency. Unit: money.',
    }),
  }),
});

export const SharedIdsType = builder.objectRef<SharedIds>('SharedIds').implement({
  description:
    'Opportunity ids that occur in several namespaces. Either this is chance, or the same records come from two sources (or from a source and pushes) and count twice. If they are the same records, configure the same `namespace` for both.',
  fields: (t) => ({
    namespaces: t.exposeStringList('namespaces', { description: 'The namespaces, ordered by name.' }),
    ids: t.field({
      type: 'SafeInt',
      description: 'Number of ids that they have in common on days of the range.',
      resolve: ({ records }) => records,
    }),
    revenue: t.exposeFloat('revenue', {
      description: 'Amount at CLOSED_WON of all records with these ids, regardless of currency. Unit: money.',
    }),
  }),
});

const OrphanedRecordsType = builder.objectRef<OrphanedRecords>('OrphanedRecords').implement({
  description: 'Records of one kind, on all days.',
  fields: (t) => ({
    kind: t.field({ type: RecordKindEnum, description: 'Kind of record.', resolve: ({ kind }) => kind }),
    records: t.field({
      type: 'SafeInt',
      description: 'Number of records.',
      resolve: ({ records }) => records,
    }),
    days: t.exposeInt('days', { description: 'Number of days that have such records.' }),
  }),
});

interface Settled {
  /** What the audit log tells, too. */
  readonly orphan: { readonly source: string; readonly handedOverTo: string | undefined };
  readonly dryRun: boolean;
  readonly records: readonly OrphanedRecords[];
}

const Payload = builder.objectRef<Settled>('SettleOrphanedSourcePayload').implement({
  description: 'What was transferred or deleted, or would be with `dryRun`. Empty if no records are left.',
  fields: (t) => ({
    source: t.string({
      description: 'The source that had the records.',
      resolve: ({ orphan }) => orphan.source,
    }),
    handedOverTo: t.string({
      nullable: true,
      description: 'The source that has the records now. Null if they were deleted.',
      resolve: ({ orphan }) => orphan.handedOverTo ?? null,
    }),
    dryRun: t.exposeBoolean('dryRun', { description: 'True if nothing was changed.' }),
    records: t.field({
      type: [OrphanedRecordsType],
      description: 'The records, by kind.',
      resolve: ({ records }) => [...records],
    }),
  }),
});

const Input = builder.inputType('SettleOrphanedSourceInput', {
  description: 'Which source, and what to do with its records. Give either `handOverTo` or `remove: true`.',
  fields: (t) => ({
    source: t.string({
      required: true,
      description:
        'Name of a source that is no longer configured. `dataQuality { orphanedSources }` lists them.',
    }),
    handOverTo: t.string({
      description:
        'The configured source that takes over the records of its own kind. From then on, its runs update them, and its REPLACE runs can delete them. If both have a record, the newest state stays.',
    }),
    remove: t.boolean({ defaultValue: false, description: 'True deletes its records.' }),
    dryRun: t.boolean({ defaultValue: false, description: 'True only reports what would happen.' }),
  }),
});

builder.mutationField('settleOrphanedSource', (t) =>
  t.field({
    type: Payload,
    description:
      'Transfers the records of a source that is no longer configured to another source, or deletes them. Check with `dryRun: true` first. Repeating the call is harmless. Errors: BAD_USER_INPUT if the source is still configured, or if the receiving source is not.',
    extensions: { access: 'admin' } satisfies RootField,
    args: {
      input: t.arg({
        type: Input,
        required: true,
        description: 'Which source, and what to do with its records.',
      }),
    },
    resolve: async (_root, { input }, { caller, orphanedRows }) => {
      const { source, handOverTo, dryRun } = readInput(input);
      const { workspace, requestId } = caller;
      const records = await orphanedRows.settle({ workspace, requestId, source, handOverTo, dryRun });
      return { orphan: { source, handedOverTo: handOverTo }, dryRun, records };
    },
  }),
);

function readInput({ source, handOverTo, remove, dryRun }: typeof Input.$inferInput) {
  const isHandedOver = handOverTo !== null && handOverTo !== undefined;
  if (isHandedOver === (remove ?? false)) throw badInput('input: give either handOverTo or remove: true.');
  return { source, handOverTo: handOverTo ?? undefined, dryRun: dryRun ?? false };
}
