import { pushSource } from '../../records/names.ts';
import type { SourceKind } from '../../sources/mapping/source-kind.ts';
import type { Source } from '../../sources/source.ts';

/** Whose a stored row is: who reported it last and, of an opportunity, whose id it has. */
export interface Ownership {
  readonly source: string;
  /** Empty where there is none: only opportunities have one, and not those from before there were namespaces. */
  readonly namespace: string;
}

/** Rows of a workspace that are another's from now on. */
export interface Move {
  readonly workspace: string;
  readonly from: Ownership;
  readonly to: Ownership;
}

export type OwnershipInWorkspace = Ownership & { readonly workspace: string };

/** What of a source decides whose rows are. */
type RowOwner = Pick<Source, 'name' | 'kind' | 'workspace' | 'namespace' | 'formerly'>;

/** The source that now stands for a name, be it a former one. */
export const sourceNamed = <S extends RowOwner>(
  sources: readonly S[],
  workspace: string,
  name: string,
): S | undefined =>
  sources.find((source) => source.workspace === workspace && source.name === name) ??
  sources.find((source) => source.workspace === workspace && source.formerly.includes(name));

/**
 * What has to move so that every source has its records, those that it sent under former names or into another namespace
 * among them. What was pushed stays where it was pushed to. Pure.
 */
export function opportunityMoves(
  stored: readonly OwnershipInWorkspace[],
  sources: readonly RowOwner[],
): Move[] {
  const owners = sources.filter(({ kind }) => kind === 'opportunity');
  return stored.flatMap(({ workspace, source, namespace }): Move[] => {
    const owner = source === pushSource ? undefined : sourceNamed(owners, workspace, source);
    const to: Ownership =
      owner === undefined
        ? { source, namespace: namespace === '' ? source : namespace }
        : { source: owner.name, namespace: owner.namespace };
    const from = { source, namespace };
    return to.source === source && to.namespace === namespace ? [] : [{ workspace, from, to }];
  });
}

/** The same of a kind whose keys have no namespace: only former names matter. */
export function plainMoves(
  kind: SourceKind,
  stored: readonly Pick<OwnershipInWorkspace, 'workspace' | 'source'>[],
  sources: readonly RowOwner[],
): Move[] {
  const owners = sources.filter((source) => source.kind === kind);
  return stored.flatMap(({ workspace, source }): Move[] => {
    const owner = sourceNamed(owners, workspace, source);
    if (owner === undefined || owner.name === source) return [];
    return [{ workspace, from: { source, namespace: '' }, to: { source: owner.name, namespace: '' } }];
  });
}
