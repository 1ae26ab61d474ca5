import { displayValue, RejectError } from './outcome.ts';

/** Limits for the metadata of one event. `bytes` limits its JSON text in UTF-8. */
export const metadataLimits = { bytes: 16_384, keys: 100, depth: 5 } as const;

/**
 * Returns the metadata of an event as JSON text, or an empty string if there is none. An object is serialised. A JSON text stays
 * as received, so that long numbers keep their digits.
 *
 * @param value an object, or the JSON text of one
 * @throws RejectError if `value` is not an object or exceeds `metadataLimits`
 */
export function readMetadata(value: unknown, field: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') {
    checkObject(value, field);
    const text = JSON.stringify(value);
    checkSize(text, field);
    return text;
  }
  const text = value.trim();
  if (text === '') return '';
  checkSize(text, field);
  checkObject(parse(text, field), field);
  return text;
}

function parse(text: string, field: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RejectError(
      'invalid_metadata',
      field,
      `${field} is ${displayValue(text)}; expected an object, or the JSON text of one.`,
    );
  }
}

function checkSize(text: string, field: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= metadataLimits.bytes) return;
  throw new RejectError(
    'metadata_too_large',
    field,
    `${field} has ${bytes} bytes; at most ${metadataLimits.bytes} are kept.`,
  );
}

/** Stops at the first exceeded limit, because received values can be arbitrarily deep and wide. */
function checkObject(value: unknown, field: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RejectError(
      'invalid_metadata',
      field,
      `${field} is ${displayValue(value)}; expected an object.`,
    );
  }
  let keys = 0;
  const walk = (container: object, depth: number): void => {
    if (depth > metadataLimits.depth) {
      throw new RejectError(
        'metadata_too_deep',
        field,
        `${field} is nested more than ${metadataLimits.depth} levels deep; the outermost object is the first.`,
      );
    }
    if (!Array.isArray(container)) keys += Object.keys(container).length;
    if (keys > metadataLimits.keys) {
      throw new RejectError(
        'metadata_too_many_keys',
        field,
        `${field} has more than ${metadataLimits.keys} keys in all its levels together.`,
      );
    }
    for (const inner of Object.values(container)) {
      if (typeof inner === 'object' && inner !== null) walk(inner, depth + 1);
    }
  };
  walk(value, 1);
}
