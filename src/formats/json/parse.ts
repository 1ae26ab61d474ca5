const mayBegin = /^[ \t\r\n]*[[{"\-0-9tfn]/;

/** Parses JSON; returns `undefined`, which is no JSON value, for invalid text. */
export function parseJson(text: string): unknown {
  // An exception costs as much as thousands of characters; the first character rules out most text that is not JSON.
  if (!mayBegin.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export type JsonObject = Readonly<Record<string, unknown>>;
