import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import type { RejectChoice } from '../ingest/rejects/settle-rejects.ts';
import { builder } from './builder.ts';
import { RejectedRecordsWhere, readOpenFilter } from './rejected-records.ts';
import { maxRetried, readIds } from './retry-rejected-records.ts';

const DismissPayload = builder.objectRef<{ dismissed: number }>('DismissRejectedRecordsPayload').implement({
  description: 'The result of the dismissal.',
  fields: (t) => ({
    dismissed: t.field({
      type: 'SafeInt',
      description: 'Number of records that were open and are dismissed now.',
      resolve: ({ dismissed }) => dismissed,
    }),
  }),
});

const DismissInputType = builder.inputType('DismissRejectedRecordsInput', {
  description: 'The rejected records that do not matter. With `ids` and `where`, both must hold.',
  fields: (t) => ({
    ids: t.idList({ description: `Ids of the records, at most ${maxRetried}.` }),
    where: t.field({
      type: RejectedRecordsWhere,
      description: 'Filter that selects the records, however many. Without `ids`, it needs a condition.',
    }),
  }),
});

builder.mutationField('dismissRejectedRecords', (t) =>
  t.field({
    type: DismissPayload,
    description:
      'Ends rejected records that do not matter: they are kept until their retention ends, and count no more. If the source sends such a record again, it is rejected and open again. Repeating the call is harmless.',
    extensions: { access: 'ingest' } satisfies RootField,
    args: {
      input: t.arg({ type: DismissInputType, required: true, description: 'Which rejected records.' }),
    },
    resolve: async (_root, { input }, { caller, push }) => ({
      dismissed: await push.dismissRejects(readChoice(input), caller),
    }),
  }),
);

function readChoice({ ids, where }: typeof DismissInputType.$inferInput): RejectChoice {
  const filter = readOpenFilter(where);
  const hasCondition = Object.values(filter).some((value) => value !== undefined);
  if (!ids && !hasCondition) throw badInput('input: give ids, or where with a condition.');
  return { filter, ids: ids ? readIds(ids) : undefined };
}
