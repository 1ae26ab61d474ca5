import { version } from '../version.ts';
import type { Command } from './command.ts';
import type { Option } from './parse-arguments.ts';

const indent = '  ';

/** The names, each with its text in a column beside it. */
function columns(rows: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${indent}${name.padEnd(width)}  ${text}\n`).join('');
}

/** What `utmql --help` prints. */
export function helpOfProgram(commands: Readonly<Record<string, Command>>): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);
  return `utmql ${version}: GraphQL analytics over ClickHouse for marketing teams.

Usage: utmql COMMAND [options]

${columns(rows)}
\`utmql COMMAND --help\` says more of a command. \`utmql --version\` prints the version.
Environment variables configure all commands: the README lists them.
`;
}

/** What `utmql COMMAND --help` prints. */
export function helpOfCommand({ summary, usage, options, more }: Command): string {
  const rows = Object.entries(options).map(
    ([name, option]) => [written(name, option), option.description] as const,
  );
  const calls = usage.map((call) => `${indent}utmql ${call}\n`).join('');
  const listed = rows.length === 0 ? '' : `\nOptions:\n${columns(rows)}`;
  return `${summary}\n\nUsage:\n${calls}${listed}${more === undefined ? '' : `\n${more}\n`}`;
}

const written = (name: string, { type, value = 'VALUE' }: Option): string =>
  type === 'boolean' ? `--${name}` : `--${name} ${value}`;
