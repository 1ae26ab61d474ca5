import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect } from 'vitest';
import { z } from 'zod';

/** What a tool answers. */
interface ToolAnswer {
  readonly isError: boolean;
  readonly text: string;
  readonly structured: Record<string, unknown>;
}

export interface Agent {
  readonly client: Client;
  call(name: string, args?: Record<string, unknown>): Promise<ToolAnswer>;
  /** The answer of a call that goes well. */
  ask(name: string, args?: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** The sentence of a call that does not. */
  refused(name: string, args?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

const contentShape = z.array(z.object({ type: z.literal('text'), text: z.string() })).length(1);

export function agentOf(client: Client): Agent {
  const call: Agent['call'] = async (name, args = {}) => {
    const { content, isError, structuredContent } = await client.callTool({ name, arguments: args });
    const [{ text = '' } = {}] = contentShape.parse(content);
    return {
      isError: isError === true,
      text,
      structured: (structuredContent ?? {}) as Record<string, unknown>,
    };
  };
  return {
    client,
    call,
    async ask(name, args) {
      const { isError, text, structured } = await call(name, args);
      expect(isError, text).toBe(false);
      // Older clients read the text alone.
      expect(JSON.parse(text)).toEqual(structured);
      return structured;
    },
    async refused(name, args) {
      const { isError, text } = await call(name, args);
      expect(isError, text).toBe(true);
      return text;
    },
    close: () => client.close(),
  };
}

/** An agent that speaks to a server over HTTP, by the SDK's own client. */
export async function connectAgent(url: string, headers: Record<string, string> = {}): Promise<Agent> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }),
  );
  // Reads the shapes of answers, by which the client checks each.
  await client.listTools();
  return agentOf(client);
}
