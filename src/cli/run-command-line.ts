import { noSuch } from '../nearest.ts';
import { reportStartFailure } from '../report-start-failure.ts';
import { UsageError } from '../usage-error.ts';
import { version } from '../version.ts';
import { commands } from './commands.ts';
import { helpOfCommand, helpOfProgram } from './help.ts';

/** Exit code of a command line that cannot be. */
const misuse = 2;

/** Runs `utmql ARGUMENTS` and resolves to its exit code. */
export async function runCommandLine([name, ...args]: readonly string[]): Promise<number> {
  const say = (text: string): number => {
    process.stdout.write(text);
    return 0;
  };
  if (name === '--version' || name === '-v') return say(`${version}\n`);
  if (name === '--help' || name === '-h') return say(helpOfProgram(commands));
  const command = Object.hasOwn(commands, name ?? '') ? commands[name ?? ''] : undefined;
  if (command === undefined) {
    process.stderr.write(name === undefined ? helpOfProgram(commands) : `${unknown(name)}\n`);
    return misuse;
  }
  if (args.some((argument) => argument === '--help' || argument === '-h')) return say(helpOfCommand(command));
  try {
    return await command.run(args);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message} See: utmql ${name} --help\n`);
      return misuse;
    }
    reportStartFailure(error);
    return 1;
  }
}

const unknown = (name: string): string => {
  const problem = name.startsWith('-')
    ? noSuch('option', name, ['--help', '--version'])
    : noSuch('command', name, Object.keys(commands));
  return `utmql ${JSON.stringify(name)}: ${problem}.`;
};
