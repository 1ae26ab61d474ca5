import { parseArgs } from 'node:util';
import { UtmqlError } from '../errors.ts';
import { type Day, parseIsoDay } from '../records/day.ts';

/** Which source is to be tried. */
export interface TrialArguments {
  readonly source: string;
  /** The workspace that it must be of. */
  readonly workspace: string | undefined;
  /** Undefined: the last full day in the source's time zone. */
  readonly day: Day | undefined;
}

const usage = 'npm start -- --try-source NAME [--workspace NAME] [--day YYYY-MM-DD]';

/**
 * What `--try-source` among the program's arguments asks for; undefined without it.
 *
 * @throws UtmqlError CONFIGURATION for arguments that cannot be
 */
export function trialArguments(args: readonly string[]): TrialArguments | undefined {
  if (!args.some((argument) => /^--try-source(=|$)/.test(argument))) return undefined;
  const options = {
    'try-source': { type: 'string' },
    workspace: { type: 'string' },
    day: { type: 'string' },
  } as const;
  const { values } = read(() =>
    parseArgs({ args: [...args], options, strict: true, allowPositionals: false }),
  );
  const { 'try-source': source = '', workspace, day: written } = values;
  const day = written === undefined ? undefined : parseIsoDay(written);
  if (source === '') throw usageError('--try-source needs the name of a source');
  if (written !== undefined && day === undefined)
    throw usageError(`--day is ${JSON.stringify(written)}, and no day`);
  return { source, workspace, day };
}

function read<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    throw usageError(
      error instanceof Error
        ? error.message.replace(/\.? To specify.*$/s, '').replace(/\.$/, '')
        : 'wrong arguments',
    );
  }
}

const usageError = (what: string): UtmqlError => new UtmqlError('CONFIGURATION', `${what}. Usage: ${usage}`);
