import { recordKinds } from '../records/contract.ts';
import { builder, enumValues } from './builder.ts';

const meanings = {
  ad_performance: 'One row a day, channel, campaign and UTM set.',
  opportunity: 'The current state of a CRM record.',
  event: 'Anything that happened.',
} as const satisfies Record<(typeof recordKinds)[number], string>;

export const RecordKindEnum = builder.enumType('RecordKind', {
  description: 'The kinds of records.',
  values: enumValues(recordKinds, (kind) => meanings[kind]),
});
