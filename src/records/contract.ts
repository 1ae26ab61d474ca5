import { adPerformanceContract } from './ad-performance.ts';
import type { Contract, Field } from './contract-field.ts';
import { eventContract } from './event.ts';
import { exchangeRateContract } from './exchange-rate.ts';
import { opportunityContract } from './opportunity.ts';

/**
 * The contracts of all record kinds. They define the known fields, the JSON Schemas in `schema/records`, and the field names that
 * normalisers may read. Other fields are kept as `extra` and cause no error.
 */
export const contracts = {
  ad_performance: adPerformanceContract,
  opportunity: opportunityContract,
  event: eventContract,
  exchange_rate: exchangeRateContract,
} as const satisfies Record<string, Contract>;

export type RecordKind = keyof typeof contracts;

export const contractOf = (kind: RecordKind): Contract => contracts[kind];

/** Returns how a record of this kind is marked as deleted; undefined if it cannot be. */
export const deletionOf = (kind: RecordKind): Contract['deletion'] => contractOf(kind).deletion;

export const recordKinds = Object.keys(contracts) as readonly RecordKind[];

/** Returns the fields of a kind in the order of its contract. */
export const fieldsOf = (kind: RecordKind): readonly (readonly [name: string, field: Field])[] =>
  Object.entries<Field>(contracts[kind].fields);

export const knownFields = (kind: RecordKind): ReadonlySet<string> =>
  new Set(Object.keys(contracts[kind].fields));
