const mayBegin = /^[ \t\r\n]*[[{"\-0-9tfn]/;

/** The value that `text` holds; `undefined`, which is no JSON value, when it is not JSON. */
export function parseJson(text: string): unknown {
  // An exception costs as much as thousands of characters; most of what is no JSON shows it at once.
  if (!mayBegin.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export type Raw = Readonly<Record<string, unknown>>;
