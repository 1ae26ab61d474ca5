import { defineCommand } from './command.ts';

/** `utmql mcp`, for agents that start programs and speak to them over stdin and stdout. */
export const mcpCommand = defineCommand({
  summary: 'Passes an agent’s questions (MCP over stdin and stdout) on to a running utmql.',
  usage: ['mcp [--url URL] [--workspace NAME]'],
  more: `Environment:
  UTMQL_API_KEY  API key or token, role viewer or admin. There is no option for it: others could read it.
  UTMQL_URL      The address, if --url is not given.

docs/mcp.md says how agents are set up. Agents that speak HTTP need no program: they call /mcp.`,
  options: {
    url: {
      type: 'string',
      value: 'URL',
      description: 'Where utmql is. Default: UTMQL_URL, or http://127.0.0.1:4000.',
    },
    workspace: {
      type: 'string',
      value: 'NAME',
      description: 'The only workspace that the agent reads. Default: the first of the key.',
    },
  },
  run: async ({ values }) => (await import('../mcp/stdio.ts')).runMcp(values, process.env),
});
