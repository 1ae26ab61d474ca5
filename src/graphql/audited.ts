import { defaultFieldResolver, GraphQLError, type GraphQLField, type GraphQLSchema } from 'graphql';
import { detailsOf } from '../audit/details.ts';
import type { AuditKind } from '../audit/entry.ts';
import { UtmqlError } from '../errors.ts';
import type { Context } from './context.ts';

/**
 * The same schema, whose mutations and whose queries for admins alone note each call in the audit log when it has ended.
 */
export function audited(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {}))
    auditField(field, 'mutation');
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {}))
    if ((field.extensions.access ?? 'admin') === 'admin') auditField(field, 'query');
  return schema;
}

function auditField(field: GraphQLField<unknown, Context>, kind: AuditKind): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  field.resolve = async (root, args, context, info) => {
    const started = performance.now();
    const note = (outcome: string, result: unknown): void => {
      const { caller, ingest, audit } = context;
      audit.note({
        kind,
        action: field.name,
        outcome,
        actor: caller,
        workspace: caller.workspace,
        requestId: caller.requestId,
        durationMs: performance.now() - started,
        attempts: 1,
        details: detailsOf(
          args,
          result,
          ingest.sources.filter(({ workspace }) => workspace === caller.workspace).map(({ name }) => name),
        ),
      });
    };
    try {
      const result: unknown = await resolve(root, args, context, info);
      note('ok', result);
      return result;
    } catch (error) {
      note(codeOf(error), undefined);
      throw error;
    }
  };
}

const codeOf = (error: unknown): string =>
  error instanceof UtmqlError
    ? error.code
    : error instanceof GraphQLError
      ? String(error.extensions.code ?? 'INTERNAL')
      : 'INTERNAL';
