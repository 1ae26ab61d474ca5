/** The choice that `name` was most likely meant to be; undefined where none is close. */
export function nearest(name: string, choices: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  const [best] = choices
    .map((choice) => ({ choice, edits: editsBetween(wanted, choice.toLowerCase()) }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits);
  return best?.choice;
}

/** `feild` → there is no such key; did you mean field? … */
export function noSuch(what: string, name: string, accepted: readonly string[]): string {
  const close = nearest(name, accepted);
  const hint = close === undefined ? '' : `; did you mean ${close}?`;
  return `there is no such ${what}${hint || ';'} accepted: ${accepted.join(', ')}`;
}

/** Letters to add, drop, change or swap with the next one to make one of the other (Damerau–Levenshtein). */
function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      const isSwap = i > 0 && j > 0 && letter === b[j - 1] && other === a[i - 1];
      const swapped = isSwap ? (before[j - 1] ?? 0) + 1 : changed;
      next.push(Math.min(changed, swapped, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row.at(-1) ?? 0;
}
