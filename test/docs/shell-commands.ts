/** A command of a shell block, without its comment. */
export interface ShownCommand {
  /** Variables that stand before it, by name. */
  readonly variables: readonly string[];
  readonly text: string;
}

/** The commands in the shell blocks of a page, one by one: `a && b` is two. */
export function shellCommands(page: string): ShownCommand[] {
  return [...page.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = '']) => commandsOf(block));
}

/** Text in quotes stays together, and so does a line that ends with a backslash. */
function commandsOf(block: string): ShownCommand[] {
  const parts = block.match(/'[^']*'|"(?:\\.|[^"\\])*"|\\\n|\n|&&| #[^\n]*|[\s\S]/g) ?? [];
  const commands = [''];
  for (const part of parts) {
    if (part === '\n' || part === '&&') commands.push('');
    else if (!part.startsWith(' #')) commands.push(`${commands.pop() ?? ''}${part}`);
  }
  return commands
    .map((command) => command.trim())
    .filter((command) => command !== '' && !command.startsWith('#'))
    .map((command) => {
      const [before = ''] = /^(?:[A-Z_]+=\S+ +)*/.exec(command) ?? [];
      const variables = [...before.matchAll(/([A-Z_]+)=/g)].map(([, name = '']) => name);
      return { variables, text: command.slice(before.length) };
    });
}
