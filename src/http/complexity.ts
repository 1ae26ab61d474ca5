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
} from 'graphql';

/** Rows of a list that no `first` bounds, such as a series of days. */
const assumedRows = 20;

/**
 * How many values an answer can have at most: each field counts one, times the rows of the lists that it is in. `first`
 * says how many rows a list has, be it the field's own argument or that of the page that it is in
 * (`campaigns(first: 100) { nodes { … } }`); lists within lists multiply.
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
    const first = readFirst(field, node, variables);
    const isList = isListType(getNullableType(field.type));
    const below = node.selectionSet
      ? measure(node.selectionSet, getNamedType(field.type), first ?? assumedRows)
      : 0;
    return isList ? (first ?? pageRows) * (1 + below) : 1 + below;
  };

  return measure(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined, assumedRows);
}

function readFirst(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Readonly<Record<string, unknown>>,
): number | undefined {
  const argument = field.args.find(({ name }) => name === 'first');
  if (!argument) return undefined;
  const given = node.arguments?.find(({ name }) => name.value === 'first')?.value;
  const value =
    given?.kind === Kind.INT
      ? Number(given.value)
      : given?.kind === Kind.VARIABLE
        ? variables[given.name.value]
        : undefined;
  const rows = value ?? argument.defaultValue;
  // What is out of bounds is refused by the field itself, with its bounds.
  return typeof rows === 'number' ? Math.max(rows, 1) : undefined;
}
