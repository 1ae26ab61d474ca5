import { z } from 'zod';
import { mcpPath } from '../../mcp/path.ts';
import { refusals, workspaceHeader } from '../answers.ts';
import type { Answer, Operation } from '../operation.ts';

const rpcAnswer = z
  .looseObject({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.int(), z.null()]),
    result: z.looseObject({}).optional(),
    error: z.looseObject({ code: z.int(), message: z.string() }).optional(),
  })
  .meta({ id: 'McpAnswer', description: 'A JSON-RPC response.' });
const content = { 'application/json': rpcAnswer };
const refusedFor = (description: string): Answer => ({ description, content });

export const mcpOperations: readonly Operation[] = [
  {
    method: 'post',
    path: mcpPath,
    id: 'callMcp',
    tag: 'Agents',
    summary: 'Answers a message of the Model Context Protocol',
    description:
      'Streamable HTTP without a stream of its own. docs/mcp.md says how agents are set up. For the roles viewer and admin.',
    parameters: [
      workspaceHeader,
      {
        name: 'Mcp-Session-Id',
        in: 'header',
        description:
          'As the answer to `initialize` gave it. Tells the cancelled calls of one client from those of others.',
        schema: z.string(),
      },
      {
        name: 'Mcp-Protocol-Version',
        in: 'header',
        description: 'The version that was agreed on.',
        schema: z.string(),
      },
    ],
    body: {
      'application/json': z
        .looseObject({
          jsonrpc: z.literal('2.0'),
          id: z.union([z.string(), z.int()]).optional(),
          method: z.string().optional(),
          params: z.looseObject({}).optional(),
        })
        .meta({ id: 'McpMessage', description: 'A JSON-RPC message. Batches are not taken.' }),
    },
    answers: {
      200: { description: 'The result or an error, as JSON-RPC has them.', content: content },
      202: { description: 'A notification was taken, or the call was cancelled.' },
      400: { description: 'The message cannot be read.', content: content },
      401: { ...refusals[401], content: content },
      403: { ...refusals[403], content: content },
      406: refusedFor('Accept must name application/json and text/event-stream.'),
      413: refusedFor('The message is too large.'),
      415: refusedFor('The body is not application/json.'),
      429: { ...refusals[429], content: content },
      503: { ...refusals[503], content: content },
    },
    examples: [
      {
        name: 'tools',
        summary: 'Which tools there are',
        body: { type: 'application/json', value: { jsonrpc: '2.0', id: 1, method: 'tools/list' } },
        status: 200,
        answer: { type: 'application/json', value: { jsonrpc: '2.0', id: 1, result: { tools: [] } } },
      },
      {
        name: 'query',
        summary: 'Figures by channel',
        body: {
          type: 'application/json',
          value: {
            jsonrpc: '2.0',
            id: 2,
            method: 'tools/call',
            params: {
              name: 'query_metrics',
              arguments: {
                measures: ['COST', 'ROAS'],
                dateRange: { preset: 'LAST_30_DAYS' },
                groupBy: ['CHANNEL'],
              },
            },
          },
        },
        status: 200,
        answer: {
          type: 'application/json',
          value: { jsonrpc: '2.0', id: 2, result: { content: [], structuredContent: { rows: [] } } },
        },
      },
      {
        name: 'initialized',
        summary: 'A notification',
        body: { type: 'application/json', value: { jsonrpc: '2.0', method: 'notifications/initialized' } },
        status: 202,
      },
      {
        name: 'unknown',
        summary: 'A tool that there is not',
        body: {
          type: 'application/json',
          value: { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'query_metric' } },
        },
        status: 200,
        answer: {
          type: 'application/json',
          value: { jsonrpc: '2.0', id: 3, error: { code: -32602, message: 'there is no such tool; …' } },
        },
      },
    ],
  },
];
