import { noSuch } from '../nearest.ts';
import { CallFailure, type Client } from './client.ts';
import { workspacesQuestion } from './questions.ts';
import type { TriggerCall } from './read-call.ts';

/** A workspace, and which of its sources to trigger; undefined: all. */
export interface Target {
  readonly workspace: string;
  readonly sources: readonly string[] | undefined;
}

/**
 * Finds out where to trigger what.
 *
 * @throws CallFailure `misuse` for a workspace or source that the caller does not have
 */
export async function findTargets(
  client: Client,
  { workspaces, sources }: Pick<TriggerCall, 'workspaces' | 'sources'>,
): Promise<readonly Target[]> {
  const { ingestWorkspaces: all } = await client.ask(workspacesQuestion, {});
  refuseUnknown(
    'workspace',
    workspaces,
    all.map(({ name }) => name),
  );
  const chosen = all.filter(({ name }) => workspaces?.includes(name) ?? true);
  if (chosen.length === 0)
    throw new CallFailure('misuse', 'There is nothing to trigger: no workspace of this key has sources.');
  refuseUnknown(
    'source',
    sources,
    chosen.flatMap((workspace) => workspace.sources),
  );
  if (sources === undefined) return chosen.map(({ name }) => ({ workspace: name, sources: undefined }));
  return chosen
    .map((workspace) => ({
      workspace: workspace.name,
      sources: workspace.sources.filter((name) => sources.includes(name)),
    }))
    .filter((target) => target.sources.length > 0);
}

function refuseUnknown(
  what: 'workspace' | 'source',
  given: readonly string[] = [],
  known: readonly string[],
): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const problem = known.length === 0 ? `this key has no ${what} with sources` : noSuch(what, unknown, known);
  throw new CallFailure('misuse', `--${what} ${JSON.stringify(unknown)}: ${problem}.`);
}
