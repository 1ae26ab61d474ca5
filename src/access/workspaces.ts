import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Identity } from './caller.ts';
import { chosenWorkspace } from './credentials.ts';
import { forbidden } from './refusals.ts';

/** The workspace of callers who may use all and name none. */
export const defaultWorkspace = 'default';

export const workspaceName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is no name of a workspace: letters, digits, ".", "_" and "-"');

/** How a call names its workspace. */
interface AskedWorkspace {
  readonly name: string;
  /** What is said of one that the identity may not use. */
  readonly refusal: string;
}

/**
 * Returns the workspace of a call. The error does not reveal whether a workspace exists.
 *
 * @throws UtmqlError FORBIDDEN
 */
export function chooseWorkspace({ workspaces }: Identity, asked: AskedWorkspace | undefined): string {
  const usual = workspaces === 'all' ? defaultWorkspace : workspaces[0];
  const { name, refusal } = asked ?? { name: usual, refusal: 'This key may not use any workspace.' };
  const isGranted = workspaces === 'all' || (name !== undefined && workspaces.includes(name));
  if (name === undefined || !isGranted || !workspaceName.safeParse(name).success) throw forbidden(refusal);
  return name;
}

/**
 * Returns the workspace of a request: that of its header, else the one that its browser chose.
 *
 * @throws UtmqlError FORBIDDEN
 */
export function workspaceOf(identity: Identity, request: IncomingMessage): string {
  const header = request.headers['x-workspace'];
  if (header !== undefined) {
    const refusal =
      'X-Workspace names no workspace that this key may use. Leave it out to use the key’s own.';
    return chooseWorkspace(identity, { name: String(header), refusal });
  }
  const name = chosenWorkspace(request);
  const refusal =
    'This key may not use the workspace that was chosen in this browser. Choose another at /login.';
  return chooseWorkspace(identity, name === undefined ? undefined : { name, refusal });
}
