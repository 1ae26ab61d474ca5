import type { FieldReader } from './fields.ts';
import { readNamedValues } from './named-values.ts';
import type { Repairs } from './outcome.ts';

/** Numbers of an ads row that the contract has no field for: by name, sorted, none of them 0; undefined if the row has none. */
export type ExtraMeasures = Readonly<Record<string, number>>;

/** Names of one record, at most. */
export const mostExtraMeasures = 20;

/**
 * Returns the extra measures of a record, given as an object or its JSON text. Zeros are left out: a row without a measure counts
 * as 0, too, and the two must be equal.
 *
 * @throws RejectError if `value` is not such an object, or one of its values is no number
 */
export function parseExtraMeasures<Name extends string>(
  value: unknown,
  reader: Pick<FieldReader<Name | `extra_measures.${string}`>, 'isMissing' | 'optionalQuantity'>,
  repairs: Repairs,
): ExtraMeasures | undefined {
  if (reader.isMissing(value)) return undefined;
  const numbers = readNamedValues(value, {
    name: 'extra_measures',
    reason: 'invalid_extra_measures',
    most: mostExtraMeasures,
    values: 'numbers',
  }).map(([name, number]) => {
    const field = `extra_measures.${name}` as const;
    return [name, reader.optionalQuantity({ [field]: number }, field, repairs)] as const;
  });
  const kept = numbers.filter(([, number]) => number !== 0);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
