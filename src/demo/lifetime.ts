import closeWithGrace from 'close-with-grace';
import { createLogger } from '../logger.ts';

/** Longest a shutdown may take before the process ends regardless. */
const shutdownMs = 15_000;

/** A closed terminal sends SIGHUP. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** From the first thing that the demo opens to the last one that it closes. */
export interface Lifetime {
  /** Aborts when the demo is being ended: what is still starting gives up. */
  readonly signal: AbortSignal;
  /** Closes something at the end, the last added first. */
  onEnd(close: () => Promise<unknown>): void;
  /** Closes everything. */
  end(): Promise<void>;
  /** Ends the process with an exit code that says so. */
  endFor(error: Error): void;
}

/** Ends with the process: by a signal, or by an error that nobody has caught. */
export function beginLifetime(): Lifetime {
  const ending = new AbortController();
  const closers: (() => Promise<unknown>)[] = [];
  let lost: Error | undefined;
  const end = async (): Promise<void> => {
    ending.abort();
    for (const close of closers.splice(0).reverse()) await close();
  };
  const grace = closeWithGrace(
    { delay: shutdownMs, logger: false, skip: [...endingSignals] },
    async ({ err }) => {
      if (err) createLogger({ level: 'fatal' }).fatal({ err }, 'an unexpected error ends the demo');
      await end();
      // Makes the exit code say so.
      if (lost) throw lost;
    },
  );
  // Ctrl-C comes twice, from the terminal and from npm, which passes it on: the second one must not cut the end short.
  for (const signal of endingSignals) {
    process.on(signal, () => {
      if (ending.signal.aborted) return;
      ending.abort();
      void grace.close();
    });
  }
  return {
    signal: ending.signal,
    onEnd: (close) => void closers.push(close),
    end,
    endFor(error) {
      lost = error;
      process.kill(process.pid, 'SIGTERM');
    },
  };
}
