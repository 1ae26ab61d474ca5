import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Caller } from '../access/caller.ts';
import { type Grant, grants, type InnerField, isAllowed, type RootField } from '../access/grants.ts';
import { restrictedKeyError } from '../metrics/data-scope.ts';
import type { Role } from '../roles.ts';
import { refuse } from './graphql-params.ts';

/** What an operation asks for, each with the first field that does. */
export interface Requirements {
  readonly grants: ReadonlyMap<Grant, string>;
  /** A field that cannot be shown to those whom a row policy restricts. */
  readonly allRows: string | undefined;
  readonly introspection: string | undefined;
  /** It reads what is for admins alone: each call is noted in the audit log (`AuditPlugin`). */
  readonly isNoted: boolean;
  /** The answer is for this caller alone. */
  readonly isPersonal: boolean;
  /** A field at the root that a share link cannot show. */
  readonly unshareable: string | undefined;
}

type FieldExtensions = Omit<Partial<RootField>, 'keepsPolicy'> & {
  readonly keepsPolicy?: RootField['keepsPolicy'] | InnerField['keepsPolicy'];
};

const known = new WeakMap<OperationDefinitionNode, Requirements>();

/**
 * What the whole operation asks for, whatever its directives leave out. A root field that does not say who may ask for it
 * is for admins.
 */
export function requirementsOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Requirements {
  const before = known.get(operation);
  if (before !== undefined) return before;
  const needed = new Map<Grant, string>();
  let allRows: string | undefined;
  let introspection: string | undefined;
  let isNoted = false;
  let isPersonal = false;
  let unshareable: string | undefined;
  const types = new TypeInfo(schema);
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
  const parts: (OperationDefinitionNode | FragmentDefinitionNode)[] = [operation];
  // It grows while it is read: with the fragments that its parts spread.
  for (const part of parts) {
    visit(
      part,
      visitWithTypeInfo(types, {
        Field({ name: { value: name } }) {
          if (name.startsWith('__')) {
            if (name !== '__typename') introspection ??= name;
            return;
          }
          const isRoot = roots.has(Object(types.getParentType()));
          const { access, keepsPolicy, ...extensions }: FieldExtensions =
            types.getFieldDef()?.extensions ?? {};
          const grant = access ?? (isRoot ? 'admin' : undefined);
          if (grant !== undefined && !needed.has(grant)) needed.set(grant, name);
          if (isRoot) {
            if (grant === 'admin') isNoted = true;
            if (extensions.isPersonal) isPersonal = true;
            if (!extensions.isShareable) unshareable ??= name;
          }
          if (isRoot ? keepsPolicy !== true : keepsPolicy === false) allRows ??= name;
        },
        FragmentSpread({ name }) {
          const fragment = document.definitions.find(
            (definition) =>
              definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name.value,
          );
          if (fragment?.kind === Kind.FRAGMENT_DEFINITION && !parts.includes(fragment)) parts.push(fragment);
        },
      }),
    );
  }
  const requirements = { grants: needed, allRows, introspection, isNoted, isPersonal, unshareable };
  known.set(operation, requirements);
  return requirements;
}

export interface Refusal {
  /** What they asked for. */
  readonly field: string;
  readonly error: GraphQLError;
}

/** Why a caller may not ask this; undefined where they may. */
export function refusalOf(
  requirements: Requirements,
  caller: Caller,
  introspectionRoles: readonly Role[],
): Refusal | undefined {
  for (const [grant, field] of requirements.grants) {
    if (!isAllowed(caller, grant)) {
      return forbid(
        field,
        `${field} is for the role ${grants[grant].join(' or ')}; this key has ${caller.role}.`,
      );
    }
  }
  const { allRows, introspection } = requirements;
  if (allRows !== undefined && caller.policy !== undefined) {
    return forbid(allRows, restrictedKeyError(allRows).message);
  }
  if (introspection !== undefined && !introspectionRoles.includes(caller.role)) {
    return forbid(
      introspection,
      `${introspection} is not for the role ${caller.role}; the operator can allow it (INTROSPECTION_ROLES).`,
    );
  }
  return undefined;
}

const forbid = (field: string, message: string): Refusal => ({
  field,
  error: refuse('FORBIDDEN', message),
});
