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

/** Letters to add, drop or change to make one of the other (Levenshtein). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
