import { z } from 'zod';
import { badInput } from '../errors.ts';

const uuid = z.uuid();

/**
 * Returns the id of a view or link in lower case.
 *
 * @param argument name of the argument, for the error
 * @throws UtmqlError BAD_USER_INPUT if it is no id
 */
export function readId(text: string, argument: string): string {
  const parsed = uuid.safeParse(text);
  if (!parsed.success) throw badInput(`${argument}: ${JSON.stringify(text.slice(0, 60))} is no id.`);
  return parsed.data.toLowerCase();
}
