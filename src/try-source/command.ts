import { readEnvironment } from '../config/config.ts';
import { parseIsoDay } from '../records/day.ts';
import { systemClock } from '../time.ts';
import { UsageError } from '../usage-error.ts';
import { runTrySource, type TrialArguments } from './run-try-source.ts';

/** The options of `utmql start` that are about a trial, as they were written. */
interface TrialValues {
  readonly 'try-source'?: string | undefined;
  readonly workspace?: string | undefined;
  readonly day?: string | undefined;
}

/**
 * What `--try-source` asks for; undefined without it.
 *
 * @throws UsageError
 */
export function readTrial(values: TrialValues): TrialArguments | undefined {
  const { 'try-source': source, workspace, day: written } = values;
  if (source === undefined) {
    if (workspace !== undefined || written !== undefined)
      throw new UsageError('--workspace and --day need --try-source NAME.');
    return undefined;
  }
  const day = written === undefined ? undefined : parseIsoDay(written);
  if (source === '') throw new UsageError('--try-source needs the name of a source.');
  if (written !== undefined && day === undefined)
    throw new UsageError(`--day is ${JSON.stringify(written)}, and no day.`);
  return { source, workspace, day };
}

/** Tries a source until a signal ends it, and prints the report. */
export async function runTrial(wanted: TrialArguments): Promise<number> {
  const ending = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
  try {
    return await runTrySource(wanted, {
      environment: await readEnvironment(process.env),
      clock: systemClock,
      signal: ending.signal,
      write: (text) => void process.stdout.write(text),
    });
  } catch (error) {
    if (ending.signal.aborted) return 1;
    throw error;
  }
}
