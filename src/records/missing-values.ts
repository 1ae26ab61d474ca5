/**
 * Words that files write where there is no value, as whole values in any case: of databases, spreadsheets, forms and
 * analytics exports.
 */
export const missingValueWords: readonly string[] = [
  'null',
  'n/a',
  '#n/a',
  'none',
  '(none)',
  '(not set)',
  '(direct)',
  'undefined',
  '-',
  '--',
];

/** Tells whether a text is one of `words` as a whole, in any case; the empty text always is. */
export function createMissingTextTest(
  words: readonly string[] = missingValueWords,
): (text: string) => boolean {
  const gaps = new Set(words.map((word) => word.trim().toLowerCase()));
  const longest = Math.max(0, ...[...gaps].map((word) => word.length));
  return (text) => {
    const trimmed = text.trim();
    return trimmed === '' || (trimmed.length <= longest && gaps.has(trimmed.toLowerCase()));
  };
}

/** Tells whether a value is none: null, blank, or a word that stands for nothing. */
export function createMissingTest(words?: readonly string[]): (value: unknown) => boolean {
  const isGap = createMissingTextTest(words);
  return (value) => value === undefined || value === null || (typeof value === 'string' && isGap(value));
}
