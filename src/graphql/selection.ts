import {
  type FieldNode,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/** The fields asked for below a field, by name, merged over aliases and fragments; what `@skip` and `@include` leave out is out. */
export interface Selection {
  has(...path: readonly string[]): boolean;
  /** Names of the fields below `path`. */
  names(...path: readonly string[]): readonly string[];
}

interface Tree extends Map<string, Tree> {}

/** What a selection is read from. */
export type SelectionInfo = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments' | 'variableValues'>;

/** What the caller selected, so that only that is computed. */
export function readSelection(info: SelectionInfo): Selection {
  const root: Tree = new Map();
  for (const node of info.fieldNodes) if (node.selectionSet) collect(node.selectionSet, root, info);
  const at = (path: readonly string[]): Tree | undefined =>
    path.reduce<Tree | undefined>((tree, name) => tree?.get(name), root);
  return {
    has: (...path) => at(path) !== undefined,
    names: (...path) => [...(at(path)?.keys() ?? [])],
  };
}

function collect(selections: SelectionSetNode, tree: Tree, info: SelectionInfo): void {
  for (const selection of selections.selections) {
    if (isLeftOut(selection, info)) continue;
    if (selection.kind === Kind.FIELD) {
      const name = selection.name.value;
      const below: Tree = tree.get(name) ?? new Map();
      tree.set(name, below);
      if (selection.selectionSet) collect(selection.selectionSet, below, info);
    } else {
      const set =
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection.selectionSet
          : info.fragments[selection.name.value]?.selectionSet;
      if (set) collect(set, tree, info);
    }
  }
}

function isLeftOut(node: Pick<FieldNode, 'directives'>, info: SelectionInfo): boolean {
  if (getDirectiveValues(GraphQLSkipDirective, node, info.variableValues)?.if === true) return true;
  return getDirectiveValues(GraphQLIncludeDirective, node, info.variableValues)?.if === false;
}
