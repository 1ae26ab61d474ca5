import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import type { OrphanedSource } from '../explore/orphaned-sources.ts';
import type { SharedIds } from '../explore/shared-ids.ts';
import type { OrphanedRecords } from '../ingest/ownership/orphaned-rows.ts';
import { builder } from './builder.ts';
import { RecordKindEnum } from './record-kind.ts';

export const OrphanedSourceType = builder.objectRef<OrphanedSource>('OrphanedSource').implement({
  description:
    'What a source has stored that is no longer configured. Nothing updates it any more; where its records come from another ' +
    'source now, they count twice.',
  fields: (t) => ({
    source: t.exposeString('source', { description: 'Its name.' }),
    kind: t.field({
      type: RecordKindEnum,
      description: 'What its records are.',
      resolve: ({ kind }) => kind,
    }),
    records: t.field({
      type: 'SafeInt',
      description: 'How many there are on days of the range.',
      resolve: ({ records }) => records,
    }),
    from: t.field({
      type: 'LocalDate',
      description: 'The first of these days.',
      resolve: (row) => row.first_day,
    }),
    to: t.field({
      type: 'LocalDate',
      description: 'The last of these days.',
      resolve: (row) => row.last_day,
    }),
    cost: t.exposeFloat('cost', { description: 'Their cost, whatever the currency. Unit: money.' }),
    revenue: t.exposeFloat('revenue', {
      description: 'Their amounts at CLOSED_WON, whatever the currency. Unit: money.',
    }),
  }),
});

export const SharedIdsType = builder.objectRef<SharedIds>('SharedIds').implement({
  description:
    'Ids that opportunities of several namespaces have: by chance, or because the same records come from two sources, or from one ' +
    'and pushes, and count twice. Then let them share a `namespace`.',
  fields: (t) => ({
    namespaces: t.exposeStringList('namespaces', { description: 'The namespaces, by name.' }),
    ids: t.field({
      type: 'SafeInt',
      description: 'How many ids they have in common on days of the range.',
      resolve: ({ records }) => records,
    }),
    revenue: t.exposeFloat('revenue', {
      description: 'Amounts at CLOSED_WON of all records of these ids, whatever the currency. Unit: money.',
    }),
  }),
});

const OrphanedRecordsType = builder.objectRef<OrphanedRecords>('OrphanedRecords').implement({
  description: 'Records of one kind, of all days.',
  fields: (t) => ({
    kind: t.field({ type: RecordKindEnum, description: 'What they are.', resolve: ({ kind }) => kind }),
    records: t.field({ type: 'SafeInt', description: 'How many.', resolve: ({ records }) => records }),
    days: t.exposeInt('days', { description: 'Days that have some.' }),
  }),
});

interface Settled {
  /** What the audit log tells, too. */
  readonly orphan: { readonly source: string; readonly handedOverTo: string | undefined };
  readonly dryRun: boolean;
  readonly records: readonly OrphanedRecords[];
}

const Payload = builder.objectRef<Settled>('SettleOrphanedSourcePayload').implement({
  description: 'What was handed over or removed, or with `dryRun` would be. Nothing, where nothing is left.',
  fields: (t) => ({
    source: t.string({ description: 'Whose it was.', resolve: ({ orphan }) => orphan.source }),
    handedOverTo: t.string({
      nullable: true,
      description: 'Whose it is now. Null: it was removed.',
      resolve: ({ orphan }) => orphan.handedOverTo ?? null,
    }),
    dryRun: t.exposeBoolean('dryRun', { description: 'True: nothing was changed.' }),
    records: t.field({
      type: [OrphanedRecordsType],
      description: 'By kind.',
      resolve: ({ records }) => [...records],
    }),
  }),
});

const Input = builder.inputType('SettleOrphanedSourceInput', {
  description: 'Give either `handOverTo` or `remove: true`.',
  fields: (t) => ({
    source: t.string({
      required: true,
      description:
        'The name of a source that is no longer configured; `dataQuality { orphanedSources }` lists them.',
    }),
    handOverTo: t.string({
      description:
        'The configured source that gets its records of the same kind: what that sends updates them, and its REPLACE deletes of them. ' +
        'Of a record that both have, the newest state stays.',
    }),
    remove: t.boolean({ defaultValue: false, description: 'Delete its records.' }),
    dryRun: t.boolean({ defaultValue: false, description: 'Only tell what there is.' }),
  }),
});

builder.mutationField('settleOrphanedSource', (t) =>
  t.field({
    type: Payload,
    description:
      'Hands what a source that is no longer configured has stored over to another, or removes it. Repeating it is harmless. ' +
      'Look with `dryRun: true` first. Errors: BAD_USER_INPUT for a source that is configured, or a receiver that is not.',
    extensions: { access: 'admin' } satisfies RootField,
    args: {
      input: t.arg({ type: Input, required: true, description: 'Which source, and what becomes of it.' }),
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
