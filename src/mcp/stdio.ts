import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { InitializeResultSchema, type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { reasonOf, serverAddress, serverKey } from '../running-server.ts';
import { UsageError } from '../usage-error.ts';
import { mcpPath } from './path.ts';

/** Longest wait for one answer: longer than utmql lets a query take. */
const answerWithinMs = 300_000;
/** JSON-RPC leaves this code to programs. */
const notPassedOn = -32_000;

/**
 * `utmql mcp`: passes messages on between stdin and stdout, and `/mcp` of a running utmql. Stdout has nothing but messages;
 * what else is to be said goes to stderr, and to the agent as the error of its call.
 *
 * @returns the exit code, once stdin has ended
 * @throws UsageError
 */
export async function runMcp(
  values: { readonly url?: string | undefined; readonly workspace?: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const endpoint = serverAddress(values.url, environment, mcpPath);
  const key = serverKey(environment);
  const { workspace } = values;
  if (workspace !== undefined && !/^[\x21-\x7e]+$/.test(workspace))
    throw new UsageError(`--workspace is ${JSON.stringify(workspace)}, and no name of a workspace.`);
  const agent = new StdioServerTransport();
  const server = new StreamableHTTPClientTransport(endpoint, {
    requestInit: {
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(workspace !== undefined && { 'x-workspace': workspace }),
      },
      // A key goes nowhere else.
      redirect: 'manual',
    },
    fetch: (url, init) => fetch(url, { ...init, signal: within(answerWithinMs, init?.signal) }),
  });

  server.onmessage = (message) => {
    const version = negotiatedVersion(message);
    if (version !== undefined) server.setProtocolVersion(version);
    void agent.send(message);
  };
  agent.onmessage = (message) => {
    void server.send(message).catch((error: unknown) => {
      const sentence = sentenceOf(error, endpoint);
      complain(sentence);
      if ('method' in message && 'id' in message)
        void agent.send({ jsonrpc: '2.0', id: message.id, error: { code: notPassedOn, message: sentence } });
    });
  };
  agent.onerror = (error) => complain(`A line of stdin is no message: ${error.message}`);
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve).once('close', resolve);
    process.stdout.once('error', () => resolve());
  });
  await server.start();
  await agent.start();
  await ended;
  // What is asked for has nobody left to hear it.
  await server.close();
  await agent.close();
  return 0;
}

const within = (ms: number, signal: AbortSignal | null | undefined): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(ms), ...(signal ? [signal] : [])]);

function negotiatedVersion(message: JSONRPCMessage): string | undefined {
  if (!('result' in message)) return undefined;
  return InitializeResultSchema.safeParse(message.result).data?.protocolVersion;
}

const refusalShape = z.object({ error: z.object({ message: z.string() }) });

/** What an agent, and whoever reads its log, is to do about a message that was not passed on. */
function sentenceOf(error: unknown, { origin, href }: URL): string {
  if (!(error instanceof StreamableHTTPError))
    return `utmql at ${origin} cannot be reached (${reasonOf(error)}). Start it with \`utmql start\`, or give its address as UTMQL_URL.`;
  const body = error.message.slice(error.message.indexOf('{'));
  const refusal = refusalShape.safeParse(parseJson(body)).data?.error.message;
  if (error.code === 401 || error.code === 403)
    return `${refusal ?? `${origin} answers ${error.code}.`} Check UTMQL_API_KEY${error.code === 403 ? ' and --workspace' : ''}.`;
  return refusal ?? `${href} answers ${error.code ?? 'nothing'}, and not as utmql does. Check the address.`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
