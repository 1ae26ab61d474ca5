import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';
import { GraphQLError, type GraphQLFieldResolver } from 'graphql';
import { detailsOf } from '../audit/details.ts';
import type { AuditKind } from '../audit/entry.ts';
import { UtmqlError } from '../errors.ts';
import type { Context } from './context.ts';

declare global {
  namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      audit: AuditPlugin<Types>;
    }
  }
}

/** Has mutations, and queries for admins alone, note each call in the audit log when it has ended. */
class AuditPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types['Context'], object>,
    { kind: parent, extensions }: PothosOutputFieldConfig<Types>,
  ): typeof resolve {
    const kind = auditKindOf(parent, extensions?.access);
    if (kind === undefined) return resolve;
    return async (root, args, context, info) => {
      const started = performance.now();
      // The builder's own; Pothos does not know it while it defines plugins.
      const { caller, ingest, audit } = context as Context;
      const note = (outcome: string, result: unknown): void => {
        const own = ingest.sources.filter(({ workspace }) => workspace === caller.workspace);
        const names = own.map(({ name }) => name);
        audit.note({
          kind,
          action: info.fieldName,
          outcome,
          actor: caller,
          workspace: caller.workspace,
          requestId: caller.requestId,
          durationMs: performance.now() - started,
          attempts: 1,
          details: detailsOf(args, result, names),
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
}

SchemaBuilder.registerPlugin('audit', AuditPlugin);

/** Undefined: such calls are not noted. A query that does not say who may ask for it is for admins. */
function auditKindOf(parent: string, access: unknown): AuditKind | undefined {
  if (parent === 'Mutation') return 'mutation';
  return parent === 'Query' && (access ?? 'admin') === 'admin' ? 'query' : undefined;
}

const codeOf = (error: unknown): string =>
  error instanceof UtmqlError
    ? error.code
    : error instanceof GraphQLError
      ? String(error.extensions.code ?? 'INTERNAL')
      : 'INTERNAL';
