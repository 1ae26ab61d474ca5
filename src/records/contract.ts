import { adPerformanceContract } from './ad-performance.ts';
import type { Contract, Field } from './contract-field.ts';
import { eventContract } from './event.ts';
import { opportunityContract } from './opportunity.ts';

export type RecordKind = 'ad_performance' | 'opportunity' | 'event';

/**
 * The records that are taken in, each field once. What is a known field, what the JSON Schemas in `schema/records` say and
 * which names the normalisers may read all come from here. Fields beyond these are kept aside, never an error.
 */
export const contracts = {
  ad_performance: adPerformanceContract,
  opportunity: opportunityContract,
  event: eventContract,
} as const satisfies Record<RecordKind, Contract>;

/** How a record of a kind says that it is deleted, where it can. */
export const deletionOf = (kind: RecordKind): Contract['deletion'] => {
  const contract: Contract = contracts[kind];
  return contract.deletion;
};

export const recordKinds: readonly RecordKind[] = ['ad_performance', 'opportunity', 'event'];

/** The fields of a kind, in the order in which the contract names them. */
export const fieldsOf = (kind: RecordKind): readonly (readonly [name: string, field: Field])[] =>
  Object.entries<Field>(contracts[kind].fields);

export const knownFields = (kind: RecordKind): ReadonlySet<string> =>
  new Set(Object.keys(contracts[kind].fields));
