import { UtmqlError } from '../errors.ts';

/** What a check found. `fail`: the program cannot work so. `warn`: it can, and somebody should know. */
export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail';
  /** What was looked at: a variable's name, or a part of what is around the program. */
  readonly what: string;
  /** For the operator: what is so; and where it is wrong, what to do. */
  readonly text: string;
}

/** What is found where `work` goes well; where it does not, what it says for the operator. */
export const findingOf = (what: string, work: () => Promise<Finding>): Promise<Finding> =>
  work().catch((error: unknown) => failureOf(what, error));

/** The same for work that finds several things. */
export const findingsOf = (
  what: string,
  work: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> => work().catch((error: unknown) => [failureOf(what, error)]);

const failureOf = (what: string, error: unknown): Finding => ({
  state: 'fail',
  what,
  text: error instanceof UtmqlError ? error.message : `${what}: ${reportableErrorCode(error)}.`,
});

/** What the system says, such as EACCES. Never the message, which may quote what is secret. */
export const reportableErrorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'an unexpected error';
