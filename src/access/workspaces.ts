import { z } from 'zod';
import type { Identity } from './caller.ts';
import { forbidden } from './refusals.ts';

/** The workspace of callers who may use all and name none. */
const defaultWorkspace = 'default';

export const workspaceName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is no name of a workspace: letters, digits, ".", "_" and "-"');

/**
 * Returns the workspace of a call. The error does not reveal whether a workspace exists.
 *
 * @param asked the header X-Workspace
 * @throws UtmqlError FORBIDDEN
 */
export function chooseWorkspace({ workspaces }: Identity, asked: string | undefined): string {
  if (asked === undefined) return workspaces === 'all' ? defaultWorkspace : (workspaces[0] ?? refuse());
  if (!workspaceName.safeParse(asked).success) refuse();
  return workspaces === 'all' || workspaces.includes(asked) ? asked : refuse();
}

function refuse(): never {
  throw forbidden('X-Workspace names no workspace that this key may use. Leave it out to use the key’s own.');
}
