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
import type { CountedList } from '../graphql/list-rows.ts';

/** Rows of a list of which nothing tells how many it has. */
const assumedRows = 20;

/**
 * How many values an answer can have at most: each field counts one, times the rows of the lists that it is in. `first`
 * says how many rows a list has, be it the field's own argument or that of the page that it is in
 * (`campaigns(first: 100) { nodes { … } }`), or the field reckons it itself (`CountedList`); lists within lists multiply.
 *
 * @param document a valid one: without cycles, fields all known
 * @param variables coerced
 */
export function complexityOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);

  const measure = (
    set: SelectionSetNode,
    parent: GraphQLOutputType | undefined,
    pageRows: number,
  ): number => {
    let total = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        total += measureField(selection, parent, pageRows);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        total += measure(selection.selectionSet, parent, pageRows);
      } else {
        const fragment = fragments.get(selection.name.value);
        if (fragment) total += measure(fragment.selectionSet, parent, pageRows);
      }
    }
    return total;
  };

  const measureField = (node: FieldNode, parent: GraphQLOutputType | undefined, pageRows: number): number => {
    const field = isObjectType(parent) ? parent.getFields()[node.name.value] : undefined;
    if (!field) return 1;
    const argument = (name: string): unknown => readArgument(field, node, name, variables);
    // What is out of bounds is refused by the field itself, with its bounds.
    const given = argument('first');
    const first = typeof given === 'number' ? Math.max(given, 1) : undefined;
    const isList = isListType(getNullableType(field.type));
    const { countRows }: Partial<CountedList> = field.extensions;
    const {
      rows,
      // What bounds a list itself says nothing of the lists in each of its rows.
      below: pageRowsBelow = isList ? assumedRows : (first ?? assumedRows),
    } = countRows?.(argument, pageRows) ?? { rows: first ?? pageRows };
    const below = node.selectionSet ? measure(node.selectionSet, getNamedType(field.type), pageRowsBelow) : 0;
    return isList ? rows * (1 + below) : 1 + below;
  };

  return measure(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined, assumedRows);
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
