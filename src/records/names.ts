import { badInput } from '../errors.ts';

/** The pattern of source names and namespaces. A namespace is a source's name unless sources share one. */
export const namePattern = /^[a-z0-9_-]{1,64}$/;
export const nameText = 'expected up to 64 of a–z, 0–9, _ and -';

/**
 * Returns the namespace that a push names, or undefined for the namespace of pushes.
 *
 * @throws UtmqlError BAD_USER_INPUT
 */
export function readNamespace(given: string | null | undefined): string | undefined {
  if (given === null || given === undefined) return undefined;
  if (namePattern.test(given)) return given;
  throw badInput(`namespace: ${nameText}, such as the name of the source that has the same records.`);
}

/** The source name of runs that collect pushed records. */
export const pushSource = 'push';

/** The source name of runs that attribute anew what a change of aliases touches. */
export const attributionSource = 'attribution';

/** The source name of runs that export figures to the sink. */
export const sinkSource = 'sink';
