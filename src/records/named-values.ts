import { displayValue, RejectError, type RejectReason } from './outcome.ts';

/** The most characters of a name. */
export const maxNameLength = 40;

const namePattern = /^[a-z][a-z0-9_]{0,39}$/;

/** Whether a text names a breakdown or an extra measure. */
export const isValueName = (name: string): boolean => namePattern.test(name);

/** The pattern of such a name, for JSON Schemas. */
export const valueNameSource = namePattern.source;

/** The same in words, for messages. */
export const valueNameText = `a lower-case letter, then up to ${maxNameLength - 1} of a–z, 0–9 and _`;

/**
 * The entries of a field that holds values by name, as an object or its JSON text, sorted by name: equal ones are written equally.
 *
 * @throws RejectError if `value` is no such object, or has more names than `most`
 */
export function readNamedValues(
  value: unknown,
  field: {
    readonly name: string;
    readonly reason: RejectReason;
    readonly most: number;
    readonly values: string;
  },
): (readonly [name: string, value: unknown])[] {
  const given = typeof value === 'string' ? parse(value) : value;
  const invalid = (detail: string): RejectError =>
    new RejectError(field.reason, field.name, `${field.name} ${detail}`);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid(`is ${displayValue(value)}; expected an object of names and ${field.values}.`);
  const entries = Object.entries(given);
  if (entries.length > field.most)
    throw invalid(`has ${entries.length} names; at most ${field.most} are kept.`);
  const wrong = entries.find(([name]) => !isValueName(name));
  if (wrong !== undefined)
    throw invalid(`has the name ${displayValue(wrong[0])}; expected ${valueNameText}.`);
  return entries.sort(([one], [other]) => (one < other ? -1 : 1));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
