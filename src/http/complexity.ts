import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  valueFromAST,
} from 'graphql';
import type { CountedList, ReadingField } from '../graphql/list-rows.ts';
import { createTextCost } from './text-cost.ts';

/** Rows of a list of which nothing tells how many it has. */
const assumedRows = 20;

/** Ads rows and CRM records: the arguments of a field go into the reads of both. */
const tables = 2;

/** Names of dimensions, days and the like, and short lists: of each field. */
const freeTexts = 100;

/** What an operation costs, in values. */
export interface Complexity {
  /** That the answer can have. */
  readonly values: number;
  /** For the texts that are searched for. */
  readonly texts: number;
}

/**
 * How many values an answer can have at most: each field counts one, times the rows of the lists that it is in. `first`
 * says how many rows a list has, be it the field's own argument or that of the page that it is in
 * (`campaigns(first: 100) { nodes { … } }`), or the field reckons it itself (`CountedList`); lists within lists multiply.
 * To them come the texts that a query's arguments hold, for each table and period that is read with them (`ReadingField`).
 *
 * @param document a valid one: without cycles, fields all known
 * @param variables coerced
 */
export function complexityOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Complexity {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);

  const textCost = createTextCost();
  let texts = 0;

  /** @param textsAbove what the arguments of the field above cost each time that they are read with */
  const measure = (
    set: SelectionSetNode,
    parent: GraphQLOutputType | undefined,
    pageRows: number,
    textsAbove: number,
  ): number => {
    let total = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        total += measureField(selection, parent, pageRows, textsAbove);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        total += measure(selection.selectionSet, parent, pageRows, textsAbove);
      } else {
        const fragment = fragments.get(selection.name.value);
        if (fragment) total += measure(fragment.selectionSet, parent, pageRows, textsAbove);
      }
    }
    return total;
  };

  const measureField = (
    node: FieldNode,
    parent: GraphQLOutputType | undefined,
    pageRows: number,
    textsAbove: number,
  ): number => {
    const field = isObjectType(parent) ? parent.getFields()[node.name.value] : undefined;
    if (!field) return 1;
    const argument = (name: string): unknown => readArgument(field, node, name, variables);
    // What is out of bounds is refused by the field itself, with its bounds.
    const given = argument('first');
    const first = typeof given === 'number' ? Math.max(given, 1) : undefined;
    const isList = isListType(getNullableType(field.type));
    const { countRows, countReads, countReadsAgain }: Partial<CountedList & ReadingField> = field.extensions;
    let own = 0;
    // What a mutation is given is stored, not asked with.
    if (operation.operation !== 'mutation')
      for (const { name } of node.arguments ?? []) own += textCost(argument(name.value));
    own = Math.max(own - freeTexts, 0) * tables * (countReads?.periods(argument) ?? 1);
    texts += own * (countReads?.times(argument) ?? 1) + textsAbove * (countReadsAgain?.(argument) ?? 0);
    const {
      rows,
      // What bounds a list itself says nothing of the lists in each of its rows.
      below: pageRowsBelow = isList ? assumedRows : (first ?? assumedRows),
    } = countRows?.(argument, pageRows) ?? { rows: first ?? pageRows };
    const below = node.selectionSet
      ? measure(node.selectionSet, getNamedType(field.type), pageRowsBelow, own)
      : 0;
    return isList ? rows * (1 + below) : 1 + below;
  };

  const root = schema.getRootType(operation.operation) ?? undefined;
  const values = measure(operation.selectionSet, root, assumedRows, 0);
  return { values, texts };
}

function readArgument(
  { args }: GraphQLField<unknown, unknown>,
  { arguments: given }: FieldNode,
  name: string,
  variables: Readonly<Record<string, unknown>>,
): unknown {
  const argument = args.find((one) => one.name === name);
  if (!argument) return undefined;
  const node = given?.find((one) => one.name.value === name)?.value;
  return valueFromAST(node, argument.type, variables) ?? argument.defaultValue;
}
