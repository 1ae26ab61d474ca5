import { useState } from 'preact/hooks';
import { AskError } from './ask.ts';
import type { Problem } from './problem.ts';

/** Something that a click does, once at a time, and what went wrong with it. */
export function useAction(): {
  readonly isBusy: boolean;
  readonly problem: Problem | undefined;
  run(work: () => Promise<unknown>): void;
} {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  return {
    isBusy,
    problem,
    run(work) {
      setBusy(true);
      setProblem(undefined);
      work().then(
        () => setBusy(false),
        (error: unknown) => {
          setBusy(false);
          setProblem(
            error instanceof AskError ? error.problem : { code: 'INTERNAL', message: String(error) },
          );
        },
      );
    },
  };
}
