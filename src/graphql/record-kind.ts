import { contractOf, recordKinds } from '../records/contract.ts';
import { builder, enumValues } from './builder.ts';

export const RecordKindEnum = builder.enumType('RecordKind', {
  description: 'The kinds of records.',
  values: enumValues(recordKinds, (kind) => contractOf(kind).meaning),
});
