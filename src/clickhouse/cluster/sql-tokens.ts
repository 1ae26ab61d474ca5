// Texts, quoted names, comments, brackets, commas; the rest in stretches.
const token = /'(?:[^'\\]|\\.|'')*'|`[^`]*`|--[^\n]*|[(),]|[^'`(),-]+|-/gs;

/** A statement without its comments, which could hold anything. */
export const withoutComments = (statement: string): string =>
  (statement.match(token) ?? [])
    .filter((part) => !part.startsWith('--'))
    .join('')
    .trim();

/** What stands between the commas that are in no brackets and no text. Takes a statement without comments. */
export function splitAtCommas(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const part of text.match(token) ?? []) {
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    if (part === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += part;
  }
  return parts.map((part) => part.trim());
}
