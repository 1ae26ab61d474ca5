/** Where agents are answered. */
export const mcpPath = '/mcp';
