import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import type { Logger } from '../logger.ts';
import { mcpPath } from './path.ts';
import { createMcpServer } from './server.ts';
import type { ToolCall } from './tool.ts';

/** The transport wants one; the route has read the request. */
const ownAddress = `http://utmql${mcpPath}`;

/** Answers one message by a server and a transport of its own. Resolves to undefined once `left` is aborted. */
export async function answerMessage(
  message: unknown,
  options: {
    /** Those that the protocol gives a meaning. */
    readonly headers: Readonly<Record<string, string>>;
    readonly call: ToolCall;
    readonly logger: () => Logger;
    readonly left: AbortSignal;
  },
): Promise<Response | undefined> {
  const server = createMcpServer(options.call, options.logger);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  try {
    await server.connect(transport);
    const asked = new Request(ownAddress, { method: 'POST', headers: options.headers });
    const answered = transport.handleRequest(asked, { parsedBody: message });
    return await Promise.race([answered, aborted(options.left)]);
  } finally {
    await server.close();
  }
}

/** Resolves once the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
