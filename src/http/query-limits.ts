import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { statusOfCode } from '../error-codes.ts';

/** What one GraphQL document may hold. Generous for dashboards, small for a server that must stay responsive. */
export interface DocumentLimits {
  /** Fields below each other. */
  readonly depth: number;
  /** Fields of an operation's root: a dashboard's tiles. */
  readonly rootFields: number;
  /** Fields with an alias, all over the document. */
  readonly aliases: number;
}

/** Bytes of a document. */
export const maxDocumentBytes = 100_000;
/** Words, names, brackets and values of a document: bounds parsing. */
export const maxTokens = 10_000;
/** Brackets of any kind within each other. */
export const maxNesting = 200;
/** Fields once fragments are in their places. */
const maxFields = 5_000;
/** One field or alias name, all over the document: comparing fields of one name is quadratic. */
const maxSameName = 300;
const maxFragments = 200;
const maxSpreads = 500;
const maxDirectives = 100;
/** Aliases of one field, all over the document. */
const maxAliasesOfField = 100;
const maxVariables = 500;
/** Objects and lists within each other, in an argument or variable. */
const maxValueDepth = 30;
/** Objects in the arguments of a document, or in the variables of a query: each is a condition or the like. */
const maxObjects = 500;

/** A refusal with the code QUERY_TOO_COMPLEX and a sentence that says what to change. */
export function tooComplex(message: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: {
      code: 'QUERY_TOO_COMPLEX',
      http: { spec: true, status: statusOfCode('QUERY_TOO_COMPLEX') },
    },
  });
}

interface Shape {
  readonly depth: number;
  readonly fields: number;
  readonly rootFields: number;
}

const nothing: Shape = { depth: 0, fields: 0, rootFields: 0 };

/**
 * Refuses documents that would cost too much to validate or execute, from their shape alone and in linear time: it runs
 * before validation, some of whose rules are quadratic or worse.
 *
 * @throws GraphQLError QUERY_TOO_COMPLEX; GRAPHQL_VALIDATION_FAILED for cyclic fragments
 */
export function checkShape(document: DocumentNode, limits: DocumentLimits): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  refuseOver(fragments.size, maxFragments, 'fragments');

  const names = new Map<string, number>();
  const aliased = new Map<string, number>();
  const shapes = new Map<string, Shape>();
  const open = new Set<string>();
  let spreads = 0;
  let aliases = 0;
  let directives = 0;
  let objects = 0;

  const measureFragment = (name: string): Shape => {
    spreads += 1;
    const known = shapes.get(name);
    if (known) return known;
    const fragment = fragments.get(name);
    if (!fragment) return nothing;
    if (open.has(name)) throw cyclic(name);
    open.add(name);
    directives += fragment.directives?.length ?? 0;
    const shape = measure(fragment.selectionSet);
    open.delete(name);
    shapes.set(name, shape);
    return shape;
  };

  const measure = (set: SelectionSetNode): Shape => {
    let depth = 0;
    let fields = 0;
    let rootFields = 0;
    for (const selection of set.selections) {
      directives += selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) {
        if (selection.alias) {
          aliases += 1;
          aliased.set(selection.name.value, (aliased.get(selection.name.value) ?? 0) + 1);
        }
        const name = (selection.alias ?? selection.name).value;
        names.set(name, (names.get(name) ?? 0) + 1);
        for (const { value } of selection.arguments ?? []) objects += countObjects(value);
        const below = selection.selectionSet && measure(selection.selectionSet);
        // How deep introspection may go is a rule of graphql-js (MaxIntrospectionDepthRule); GraphiQL's goes deeper than ours.
        const belowDepth = /^__(schema|type)$/.test(selection.name.value) ? 0 : (below?.depth ?? 0);
        depth = Math.max(depth, 1 + belowDepth);
        fields += 1 + (below?.fields ?? 0);
        rootFields += 1;
      } else {
        const inner =
          selection.kind === Kind.FRAGMENT_SPREAD
            ? measureFragment(selection.name.value)
            : measure(selection.selectionSet);
        depth = Math.max(depth, inner.depth);
        fields += inner.fields;
        rootFields += inner.rootFields;
      }
    }
    return { depth, fields, rootFields };
  };

  let fields = 0;
  let variables = 0;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      // Also those that nothing spreads: they are validated with the others.
      measureFragment(definition.name.value);
    } else if (definition.kind === Kind.OPERATION_DEFINITION) {
      directives += definition.directives?.length ?? 0;
      variables += definition.variableDefinitions?.length ?? 0;
      const shape = measure(definition.selectionSet);
      fields += shape.fields;
      if (shape.depth > limits.depth)
        throw tooComplex(
          `The query is ${shape.depth} fields deep; at most ${limits.depth} are allowed. Ask for less of what is nested.`,
        );
      refuseOver(shape.rootFields, limits.rootFields, 'fields at its root');
    }
  }
  refuseOver(spreads - fragments.size, maxSpreads, 'fragment spreads');
  refuseOver(aliases, limits.aliases, 'aliases');
  for (const [name, count] of aliased)
    refuseOver(count, maxAliasesOfField, `aliases of ${name.slice(0, 40)}`);
  refuseOver(directives, maxDirectives, 'directives');
  refuseOver(objects, maxObjects, 'input objects (conditions and the like)');
  refuseOver(variables, maxVariables, 'variables');
  refuseOver(fields, maxFields, 'fields');
  for (const [name, count] of names) refuseOver(count, maxSameName, `fields named ${name.slice(0, 40)}`);
}

const cyclic = (name: string): GraphQLError =>
  new GraphQLError(`Cannot spread fragment "${name}" within itself.`, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { spec: true, status: 400 } },
  });

/** Counts the objects in an argument. Refuses what nests too deep. */
function countObjects(value: ValueNode, depth = 1): number {
  if (depth > maxValueDepth) throw tooDeepValue('An argument');
  if (value.kind === Kind.LIST) return sum(value.values.map((item) => countObjects(item, depth + 1)));
  if (value.kind !== Kind.OBJECT) return 0;
  return 1 + sum(value.fields.map((field) => countObjects(field.value, depth + 1)));
}

/**
 * The same for what came as JSON.
 *
 * @throws GraphQLError QUERY_TOO_COMPLEX
 */
export function countJsonObjects(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > maxValueDepth) throw tooDeepValue('A variable');
  let count = Array.isArray(value) ? 0 : 1;
  // Most of a long list, or of many fields, are single values.
  const countItem = (item: unknown): void => {
    if (typeof item === 'object' && item !== null) count += countJsonObjects(item, depth + 1);
  };
  if (Array.isArray(value)) for (const item of value) countItem(item);
  // Of 40,000 fields `Object.values` takes 20 ms, and this 8: what came as JSON inherits no fields.
  else for (const name in value) countItem((value as Readonly<Record<string, unknown>>)[name]);
  return count;
}

/** Refuses variables of a query that hold more conditions than a query can have. */
export const checkQueryVariables = (variables: Readonly<Record<string, unknown>>): void =>
  refuseOver(
    countJsonObjects(variables) - 1,
    maxObjects,
    'input objects (conditions and the like) in its variables',
  );

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

const tooDeepValue = (what: string): GraphQLError =>
  tooComplex(`${what} nests lists and objects more than ${maxValueDepth} deep. Write it flatter.`);

function refuseOver(count: number, limit: number, what: string): void {
  if (count > limit)
    throw tooComplex(`The query has more than ${limit} ${what}. Split it into several requests.`);
}
