import type { FieldReader } from './fields.ts';
import { maxNameLength, readNamedValues } from './named-values.ts';
import type { Repairs } from './outcome.ts';

/** The custom dimensions of an ads row: values by name, sorted by name; undefined if the row has none. */
export type Breakdowns = Readonly<Record<string, string>>;

/** Limits for the breakdowns of one record. Lengths are in characters. */
export const breakdownLimits = { names: 8, nameLength: maxNameLength, valueLength: 200 } as const;

/**
 * Returns the breakdowns of a record, given as an object or its JSON text. They are part of the record's key. Equal breakdowns
 * must be equal keys, so the names are sorted, and no breakdowns are undefined.
 *
 * @throws RejectError if `value` is not such an object or exceeds `breakdownLimits`
 */
export function parseBreakdowns(
  value: unknown,
  reader: Pick<FieldReader<never>, 'isMissing' | 'groupName'>,
  repairs: Repairs,
): Breakdowns | undefined {
  if (reader.isMissing(value)) return undefined;
  const entries = readNamedValues(value, {
    name: 'breakdowns',
    reason: 'invalid_breakdowns',
    most: breakdownLimits.names,
    values: 'values',
  });
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map(([name, text]) => [
      name,
      reader.groupName(text, `breakdowns.${name}`, breakdownLimits.valueLength, repairs),
    ]),
  );
}
