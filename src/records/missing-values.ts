/**
 * Words that databases, spreadsheets, forms and analytics exports write instead of a value. They match whole values in any case.
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

/** Returns a test whether a text as a whole is one of `words`, in any case. It is true for empty text. */
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

/** Returns a test whether a value is missing: null, blank, or a word that means "no value". */
export function createMissingTest(words?: readonly string[]): (value: unknown) => boolean {
  const isGap = createMissingTextTest(words);
  return (value) => value === undefined || value === null || (typeof value === 'string' && isGap(value));
}
