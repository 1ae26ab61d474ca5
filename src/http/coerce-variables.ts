import {
  coerceInputValue,
  type DocumentNode,
  GraphQLError,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  print,
  typeFromAST,
  type VariableDefinitionNode,
  valueFromAST,
} from 'graphql';
import { loopTurn } from '../loop-turns.ts';

/** Characters of a value that a complaint repeats. */
const mostShown = 60;
/** An object with more fields that its type does not have is refused for the first of them. */
const mostWrongFields = 100;

type Coerced =
  | { readonly errors: readonly GraphQLError[] }
  | { readonly errors?: undefined; readonly coerced: Readonly<Record<string, unknown>> };

/** How long it goes on before others have their turn. */
const sliceMs = 10;

/**
 * The variables of an operation as its types want them, or what is wrong with them, in graphql-js's words. Its own function
 * (`getVariableValues`) reads all in one piece, which takes 0.5 s for a megabyte of records, and prints each wrong value whole
 * with each complaint: a body of 650 kB took 4 s to be refused. Here long lists are read a slice at a time, and little is
 * printed.
 *
 * @param maxErrors so many complaints are told
 */
export async function coerceVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  inputs: Readonly<Record<string, unknown>>,
  maxErrors: number,
): Promise<Coerced> {
  const pause = createPause();
  const errors: GraphQLError[] = [];
  const coerced: Record<string, unknown> = {};
  for (const definition of variableDefinitions) {
    if (errors.length >= maxErrors) break;
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    // Validation has refused other types.
    if (!isInputType(type)) continue;
    const complain = (message: string, original?: GraphQLError): void => {
      errors.push(new GraphQLError(message, { nodes: definition, originalError: original ?? null }));
    };
    const value = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (value === undefined && definition.defaultValue !== undefined) {
      coerced[name] = valueFromAST(definition.defaultValue, type);
    } else if (value === undefined || value === null) {
      if (isNonNullType(type)) complain(missing(definition, value));
      else if (value === null) coerced[name] = null;
    } else {
      const found = await coerceOne(value, type, maxErrors - errors.length, pause);
      for (const { path, invalid, error } of found.faults) {
        const at = path.length === 0 ? '' : ` at "${name}${written(path)}"`;
        complain(`Variable "$${name}" got invalid value ${briefly(invalid)}${at}; ${error.message}`, error);
      }
      coerced[name] = found.value;
    }
  }
  return errors.length > 0 ? { errors } : { coerced };
}

const missing = ({ variable, type }: VariableDefinitionNode, value: null | undefined): string =>
  value === null
    ? `Variable "$${variable.name.value}" of non-null type "${print(type)}" must not be null.`
    : `Variable "$${variable.name.value}" of required type "${print(type)}" was not provided.`;

interface Fault {
  readonly path: VariablePath;
  readonly invalid: unknown;
  readonly error: GraphQLError;
}

/** Ends the reading of a variable: enough is known to be wrong. */
const enough = Symbol('enough');

type VariablePath = readonly (string | number)[];

async function coerceOne(
  value: unknown,
  type: GraphQLInputType,
  most: number,
  pause: () => Promise<void> | undefined,
): Promise<{ value?: unknown; faults: Fault[] }> {
  const faults: Fault[] = [];
  const add = (fault: Fault): void => {
    faults.push(fault);
    if (faults.length >= most) throw enough;
  };
  const coerceWhole = (part: unknown, partType: GraphQLInputType, place: VariablePath): unknown => {
    const misplaced = findMisplaced(part, partType, place);
    if (misplaced === undefined)
      return coerceInputValue(part, partType, (path, invalid, error) =>
        add({ path: [...place, ...path], invalid, error }),
      );
    faults.push(misplaced);
    throw enough;
  };
  const coerce = async (part: unknown, partType: GraphQLInputType, place: VariablePath): Promise<unknown> => {
    const inner = isNonNullType(partType) ? partType.ofType : partType;
    if (isListType(inner) && isLong(part)) {
      const items: unknown[] = [];
      for (const [index, item] of part.entries()) {
        items.push(coerceWhole(item, inner.ofType, [...place, index]));
        // Not awaited each time: a list can be of a hundred thousand.
        const turn = pause();
        if (turn !== undefined) await turn;
      }
      return items;
    }
    if (!isInputObjectType(inner) || typeof part !== 'object' || part === null || Array.isArray(part))
      return coerceWhole(part, partType, place);
    const given = part as Readonly<Record<string, unknown>>;
    const long = Object.values(inner.getFields()).filter(
      (field) => Object.hasOwn(given, field.name) && isLong(given[field.name]) && isListField(field),
    );
    if (long.length === 0) return coerceWhole(part, partType, place);
    // The rest of it with empty lists in their places, which fit wherever a list does.
    const rest = { ...part, ...Object.fromEntries(long.map(({ name }) => [name, []])) };
    const coerced = coerceWhole(rest, partType, place) as Record<string, unknown>;
    for (const { name, type: listType } of long)
      coerced[name] = await coerce(given[name], listType, [...place, name]);
    return coerced;
  };
  try {
    return { value: await coerce(value, type, []), faults };
  } catch (thrown) {
    if (thrown !== enough) throw thrown;
    return { faults };
  }
}

/** Lists beyond this are read in slices. */
const longFrom = 200;

const isLong = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && value.length > longFrom;

const isListField = (field: GraphQLInputField): boolean =>
  isListType(isNonNullType(field.type) ? field.type.ofType : field.type);

/** Lets others have their turn once a slice of time is over. */
function createPause(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < sliceMs) return undefined;
    return loopTurn().then(() => {
      since = performance.now();
    });
  };
}

/**
 * The document as it is executed with variables that are coerced already: each is of a type that leaves it as it is. Whoever
 * executes it would coerce all of them again, in one piece.
 */
export function withCoercedVariables(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): DocumentNode {
  const { variableDefinitions = [] } = operation;
  if (variableDefinitions.length === 0) return document;
  const asTheyAre: OperationDefinitionNode = {
    ...operation,
    variableDefinitions: variableDefinitions.map(({ variable }) => ({
      kind: Kind.VARIABLE_DEFINITION,
      variable,
      type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: anything } },
    })),
  };
  return {
    ...document,
    definitions: document.definitions.map((one) => (one === operation ? asTheyAre : one)),
  };
}

/** The one scalar that takes lists and objects, and leaves what it takes as it is. */
const anything = 'JSON';

/**
 * What graphql-js must not see: the first list or object where a single value is wanted, which scalars, too, would print whole in
 * what they throw; or the first object with very many fields that its type does not have.
 */
function findMisplaced(value: unknown, type: GraphQLInputType, path: VariablePath): Fault | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isNonNullType(type)) return findMisplaced(value, type.ofType, path);
  if (isListType(type)) {
    if (!Array.isArray(value)) return findMisplaced(value, type.ofType, path);
    for (let index = 0; index < value.length; index += 1) {
      const item: unknown = value[index];
      if (typeof item !== 'object' || item === null) continue;
      const found = findMisplaced(item, type.ofType, [...path, index]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isLeafType(type)) {
    if (type.name === anything) return undefined;
    const error = new GraphQLError(
      `${type.name} cannot be ${Array.isArray(value) ? 'a list' : 'an object'}.`,
    );
    return { path, invalid: value, error };
  }
  if (!isInputObjectType(type) || Array.isArray(value)) return undefined;
  const fields = type.getFields();
  const given = value as Readonly<Record<string, unknown>>;
  // Looking for names that are nearly right takes time for each that is wrong, and so does walking through thousands of them.
  const names = Object.keys(given);
  const wrong =
    names.length > Object.keys(fields).length + mostWrongFields
      ? names.find((name) => !Object.hasOwn(fields, name))
      : undefined;
  if (wrong !== undefined) {
    const error = new GraphQLError(
      `Field ${shortened(wrong)} is not defined by type "${type.name}", and neither are many others of the ${names.length}.`,
    );
    return { path, invalid: value, error };
  }
  for (const field of Object.values(fields)) {
    if (!Object.hasOwn(given, field.name)) continue;
    const found = findMisplaced(given[field.name], field.type, [...path, field.name]);
    if (found !== undefined) return found;
  }
  return undefined;
}

const written = (path: VariablePath): string =>
  path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');

/** An object of which each field is wrong is complained about once for each: its names are looked up once. */
const printed = new WeakMap<object, string>();

/** A value as a complaint repeats it: short, whatever it holds. */
function briefly(value: unknown): string {
  if (typeof value === 'string') return shortened(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[… ${value.length} values]`;
  const before = printed.get(value);
  if (before !== undefined) return before;
  const shown: string[] = [];
  for (const name in value) {
    if (shown.push(name.slice(0, mostShown)) > 5) break;
  }
  const names = shown.slice(0, 5).join(', ');
  const text = shown.length === 0 ? '{}' : `{ ${names}${shown.length > 5 ? ', …' : ''} }`;
  printed.set(value, text);
  return text;
}

const shortened = (text: string): string =>
  text.length <= mostShown ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, mostShown))}…`;
