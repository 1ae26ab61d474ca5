import type { FieldReader } from './fields.ts';
import { displayValue, RejectError, type Repairs } from './outcome.ts';

/** The custom dimensions of an ads row: values by name, sorted by name; undefined if the row has none. */
export type Breakdowns = Readonly<Record<string, string>>;

/** Limits for the breakdowns of one record. Lengths are in characters. */
export const breakdownLimits = { names: 8, nameLength: 40, valueLength: 200 } as const;

const namePattern = /^[a-z][a-z0-9_]{0,39}$/;

export const isBreakdownName = (name: string): boolean => namePattern.test(name);

/** The pattern of a breakdown name, for JSON Schemas. */
export const breakdownNameSource = namePattern.source;

/** The pattern of a breakdown name in words, for messages. */
export const breakdownNameText = `a lower-case letter, then up to ${breakdownLimits.nameLength - 1} of a–z, 0–9 and _`;

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
  const given = typeof value === 'string' ? parse(value) : value;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid(`breakdowns is ${displayValue(value)}; expected an object of names and values.`);
  }
  const entries = Object.entries(given);
  if (entries.length === 0) return undefined;
  if (entries.length > breakdownLimits.names) {
    throw invalid(`breakdowns has ${entries.length} names; at most ${breakdownLimits.names} are kept.`);
  }
  const wrong = entries.find(([name]) => !isBreakdownName(name));
  if (wrong !== undefined) {
    throw invalid(`breakdowns has the name ${displayValue(wrong[0])}; expected ${breakdownNameText}.`);
  }
  entries.sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(
    entries.map(([name, text]) => [
      name,
      reader.groupName(text, `breakdowns.${name}`, breakdownLimits.valueLength, repairs),
    ]),
  );
}

const invalid = (detail: string): RejectError => new RejectError('invalid_breakdowns', 'breakdowns', detail);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
