import { adPerformanceContract } from './ad-performance.ts';
import type { Contract, Field } from './contract-field.ts';
import { eventContract } from './event.ts';
import { opportunityContract } from './opportunity.ts';

/**
 * The records that are taken in, each field once. What is a known field, what the JSON Schemas in `schema/records` say and
 * which names the normalisers may read all come from here. Fields beyond these are kept aside, never an error.
 */
export const contracts = {
  ad_performance: adPerformanceContract,
  opportunity: opportunityContract,
  event: eventContract,
} as const satisfies Record<string, Contract>;

export type RecordKind = keyof typeof contracts;

export const contractOf = (kind: RecordKind): Contract => contracts[kind];

/** How a record of a kind says that it is deleted, where it can. */
export const deletionOf = (kind: RecordKind): Contract['deletion'] => contractOf(kind).deletion;

export const recordKinds = Object.keys(contracts) as readonly RecordKind[];

/** The fields of a kind, in the order in which the contract names them. */
export const fieldsOf = (kind: RecordKind): readonly (readonly [name: string, field: Field])[] =>
  Object.entries<Field>(contracts[kind].fields);

export const knownFields = (kind: RecordKind): ReadonlySet<string> =>
  new Set(Object.keys(contracts[kind].fields));
