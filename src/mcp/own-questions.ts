import { type OperationDefinitionNode, parse } from 'graphql';
import { z } from 'zod';
import type { AuditLog } from '../audit/audit-log.ts';
import { errorCodes } from '../error-codes.ts';
import { badInput, UtmqlError, unexpected } from '../errors.ts';
import { schemaOf } from '../graphql/model-schema.ts';
import { coerceVariables } from '../http/coerce-variables.ts';
import { type Documents, operationOf } from '../http/documents.ts';
import { statusOf } from '../http/error-answers.ts';
import { explainAll } from '../http/graphql-errors.ts';
import type { createGraphqlRoute, ModelCall } from '../http/graphql-route.ts';
import type { Role } from '../roles.ts';
import type { OwnQuery, ToolCall } from './tool.ts';

const answerShape = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        extensions: z
          .object({ code: z.string(), retryAfterSeconds: z.number().optional() })
          .catch({ code: 'INTERNAL' }),
      }),
    )
    .default([]),
});

const errorOf = (code: string, message: string): UtmqlError =>
  new UtmqlError(isKnown(code) ? code : 'BAD_USER_INPUT', message);

const isKnown = (code: string): code is keyof typeof errorCodes => Object.hasOwn(errorCodes, code);

export interface OwnQuestions {
  /** Returns what tools do for a caller. `left` ends what they ask. */
  callOf(response: Parameters<GraphqlAsk>[0], call: ModelCall, left: AbortSignal): ToolCall;
}

type GraphqlAsk = ReturnType<typeof createGraphqlRoute>['ask'];

/**
 * Asks documents of the server's own for callers: as `/graphql` would, with their role, workspace, row policy and limits. What an
 * agent sends can only be variables of such a document, or choose fields of it by name.
 */
export function createOwnQuestions(options: {
  graphql: { readonly ask: GraphqlAsk };
  documents: Documents;
  audit: Pick<AuditLog, 'noteDenial'>;
  /** Who is told what they may have meant. */
  introspectionRoles: readonly Role[];
}): OwnQuestions {
  const { graphql, documents, audit, introspectionRoles } = options;
  return {
    callOf(response, call, left) {
      const { caller, model, attempt, requestId } = call;
      const schema = schemaOf(model);
      const noteIfDenied = (error: UtmqlError): void => {
        const status = statusOf(error);
        if (status === 403 || status === 429)
          audit.noteDenial({
            ...attempt,
            outcome: status === 403 ? 'FORBIDDEN' : 'TOO_MANY_REQUESTS',
            requestId,
          });
      };
      const answer = async ({ document: query, variables }: OwnQuery) => {
        const document = documents.parse(query);
        const question = { query, document: () => document, isListed: true, variables };
        const { body } = await graphql.ask(response, call, question, left);
        const { data, errors } = answerShape.parse(JSON.parse(body.toString()));
        const told = errors.map(({ message, extensions: { code } }) => ({ message, code }));
        if (data !== undefined && data !== null) return { data, errors: told };
        const [first] = told;
        throw first === undefined
          ? new UtmqlError('INTERNAL', unexpected)
          : errorOf(first.code, told.map(({ message }) => message).join('\n'));
      };
      return {
        caller,
        model,
        schema,
        async ask(query) {
          try {
            return await answer(query);
          } catch (error) {
            if (error instanceof UtmqlError) noteIfDenied(error);
            throw error;
          }
        },
        async coerce(name, type, value, shape) {
          const document = parse(`query ($${name}: ${type}) { __typename }`);
          const operation = operationOf(document, undefined) as OperationDefinitionNode;
          const given = value === undefined ? {} : { [name]: value };
          const read = await coerceVariables(schema, operation, given, 1);
          if (read.errors === undefined) return shape.parse(read.coerced[name]);
          const suggests = introspectionRoles.includes(caller.role);
          const [wrong] = explainAll(read.errors, schema, suggests);
          throw badInput(wrong?.message ?? `${name} is not valid.`);
        },
      };
    },
  };
}
