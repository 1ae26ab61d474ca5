/** An escape in JSON text, whole; one that stands for half a character in its group. */
const escapes = /\\(?:(ud[89a-f][0-9a-f]{2})|.)/g;

/**
 * A row of a JSONEachRow body. Half characters (lone surrogates, as where a text was cut), which JavaScript's strings can
 * hold and ClickHouse refuses with the whole INSERT, become U+FFFD.
 */
export function jsonRow(row: Readonly<Record<string, unknown>>): Buffer {
  // JSON.stringify writes whole characters as they are and escapes only halves.
  const text = JSON.stringify(row);
  const sound = text.includes('\\ud')
    ? text.replace(escapes, (whole, half?: string) => (half === undefined ? whole : '\uFFFD'))
    : text;
  return Buffer.from(`${sound}\n`);
}
