import { badInput } from '../errors.ts';

/** Names of sources, and of namespaces, which are those of sources unless they are shared. */
export const namePattern = /^[a-z0-9_-]{1,64}$/;
export const nameText = 'expected up to 64 of a–z, 0–9, _ and -';

/**
 * The namespace that a push names; undefined: that of pushes.
 *
 * @throws UtmqlError BAD_USER_INPUT
 */
export function readNamespace(given: string | null | undefined): string | undefined {
  if (given === null || given === undefined) return undefined;
  if (namePattern.test(given)) return given;
  throw badInput(`namespace: ${nameText}, such as the name of the source that has the same records.`);
}

/** The name in `source` of runs that collect pushed records. */
export const pushSource = 'push';
