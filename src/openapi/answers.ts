import { z } from 'zod';
import { errorCodes } from '../error-codes.ts';
import type { Answer, Parameter } from './operation.ts';

const code = z.enum(Object.keys(errorCodes) as [string, ...string[]]).meta({ id: 'ErrorCode' });

/** Errors beside GraphQL. */
export const errorAnswer = z
  .object({ error: z.looseObject({ code, message: z.string() }) })
  .meta({ id: 'Error', description: 'What is wrong, in a sentence. docs/api.md lists the codes.' });

const errorContent = { 'application/json': errorAnswer };

/** What every endpoint that asks who calls can answer. */
export const refusals = {
  401: { description: 'The key or token is missing, invalid, expired or revoked.', content: errorContent },
  403: { description: 'The role or the workspace of the key does not allow it.', content: errorContent },
  429: {
    description: 'A limit of the caller is used up. `Retry-After` says when to try again.',
    content: errorContent,
  },
  503: { description: 'utmql or its store cannot answer now.', content: errorContent },
} as const satisfies Readonly<Record<number, Answer>>;

export const refused = (description: string): Answer => ({ description, content: errorContent });

export const workspaceHeader: Parameter = {
  name: 'X-Workspace',
  in: 'header',
  description: 'One of the workspaces of the key. Default: its first.',
  schema: z.string(),
};
