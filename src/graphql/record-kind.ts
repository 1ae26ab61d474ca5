import { recordKinds } from '../records/contract.ts';
import { builder, enumValues } from './builder.ts';

const meanings = {
  ad_performance: 'Ad performance: one row for each day, channel, campaign and UTM set.',
  opportunity: 'A CRM opportunity in its current state.',
  event: 'An event.',
} as const satisfies Record<(typeof recordKinds)[number], string>;

export const RecordKindEnum = builder.enumType('RecordKind', {
  description: 'The kinds of records.',
  values: enumValues(recordKinds, (kind) => meanings[kind]),
});
