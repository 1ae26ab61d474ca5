import { parseArgs } from 'node:util';
import { nearest } from '../nearest.ts';
import { UsageError } from '../usage-error.ts';

/** An option of a command. */
export interface Option {
  readonly type: 'string' | 'boolean';
  /** It may be given several times. */
  readonly multiple?: true;
  /** What stands for its value in the help. */
  readonly value?: string;
  readonly isRequired?: true;
  readonly description: string;
}
export type Options = Readonly<Record<string, Option>>;

/**
 * Reads the arguments of a command.
 *
 * @throws UsageError for an option that there is not, one that is given twice or without its value, one that is missing, and for
 *   too many arguments
 */
export function parseArguments<const Given extends Options>(
  args: readonly string[],
  options: Given,
  mostArguments: number,
) {
  checkNames(args, options);
  const call = parse(args, options);
  const [excess] = call.positionals.slice(mostArguments);
  if (excess !== undefined) throw new UsageError(`Unexpected argument ${JSON.stringify(excess)}.`);
  const given: Readonly<Record<string, unknown>> = call.values;
  for (const [name, { isRequired, value = 'VALUE' }] of Object.entries(options))
    if (isRequired && !given[name]) throw new UsageError(`--${name} ${value} is missing.`);
  return call;
}

function checkNames(args: readonly string[], options: Options): void {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  });
  const names = Object.keys(options);
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const positive = token.name.replace(/^no-/, '');
    const name = options[positive]?.type === 'boolean' ? positive : token.name;
    const option = options[name];
    if (option === undefined) throw unknownOption(token.rawName, name, names);
    if (seen.has(name) && !option.multiple) throw new UsageError(`--${name} is given twice.`);
    seen.add(name);
  }
}

function unknownOption(written: string, name: string, names: readonly string[]): UsageError {
  const close = nearest(name, names);
  return new UsageError(
    `There is no option ${written}${close === undefined ? '' : `; did you mean --${close}?`}.`.replace(
      '?.',
      '?',
    ),
  );
}

function parse<const Given extends Options>(args: readonly string[], options: Given) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, allowNegative: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence = ''] = error.message.split('\n');
    throw new UsageError(sentence.endsWith('.') ? sentence : `${sentence}.`);
  }
}
