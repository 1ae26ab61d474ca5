import { type Options, parseArguments } from './parse-arguments.ts';

interface Call<Given extends Options> {
  readonly values: ReturnType<typeof parseArguments<Given>>['values'];
  readonly positionals: readonly string[];
}

interface Described {
  /** What it does: a sentence. */
  readonly summary: string;
  /** Ways to call it, each without the name of the program. */
  readonly usage: readonly string[];
  /** What else its help says. */
  readonly more?: string;
}

/** A command of the program. */
export interface Command extends Described {
  readonly options: Options;
  /**
   * Resolves to the exit code. `start` and `demo` resolve when what they have started runs.
   *
   * @throws UsageError before anything is started
   */
  run(args: readonly string[]): Promise<number>;
}

export function defineCommand<const Given extends Options>(
  definition: Described & {
    readonly options: Given;
    /** Arguments that are no options, at most; 0 if left out. */
    readonly mostArguments?: number;
    /** Resolves to the exit code. */
    run(call: Call<Given>): Promise<number>;
  },
): Command {
  const { options, mostArguments = 0, run } = definition;
  return { ...definition, run: async (args) => run(parseArguments(args, options, mostArguments)) };
}
