/** What `utmql trigger` exits with. Where several apply, the first counts. */
export const exitCodes = {
  succeeded: { code: 0, meaning: 'All runs have SUCCEEDED. With --no-wait: all have been started.' },
  misuse: {
    code: 2,
    meaning: 'The call cannot be: an option, a source, a workspace, or a key that was used for another call.',
  },
  unauthorised: { code: 7, meaning: 'The key is missing or not valid, or may not start runs.' },
  unreachable: { code: 6, meaning: 'utmql cannot be reached, or cannot answer.' },
  timeout: { code: 5, meaning: 'A run has not ended within --timeout. It goes on.' },
  failed: { code: 1, meaning: 'A run has FAILED, or was CANCELLED.' },
  held: {
    code: 4,
    meaning: 'A run is HELD: it would remove much, and waits for approveRun or cancelIngest.',
  },
  partial: { code: 3, meaning: 'A run is PARTIAL: records are missing.' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

export type Ending = keyof typeof exitCodes;

const byWeight = Object.keys(exitCodes).filter(
  (name): name is Ending => name in exitCodes && name !== 'succeeded',
);

/** The code of a call that ended in these ways. */
export function exitCodeOf(endings: readonly Ending[]): number {
  const worst = byWeight.find((name) => endings.includes(name)) ?? 'succeeded';
  return exitCodes[worst].code;
}

/** For the help: a line for each code. */
export const exitCodesText = Object.values(exitCodes)
  .toSorted((a, b) => a.code - b.code)
  .map(({ code, meaning }) => `  ${code}  ${meaning}`)
  .join('\n');
