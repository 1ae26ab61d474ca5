import type { Caller } from '../access/caller.ts';
import type { Question } from './graphql-params.ts';

/** In no time zone does a day begin other than at a quarter of an hour: within one, "today" stays the same. */
const quarterHourMs = 900_000;

/**
 * Everything that the answer to a query depends on, as the key of the response cache. What the caller may see belongs to
 * it: callers share an answer only where they may see the same.
 */
export function answerKey(options: {
  question: Omit<Question, 'isListed' | 'document'>;
  caller: Caller;
  /** See `Model`. */
  modelDigest: string | undefined;
  dataVersion: number;
  /** Epoch milliseconds: relative ranges such as `last` move on with the days. */
  now: number;
  /** The request's Accept header. */
  accept: string;
}): string {
  const { question, caller, modelDigest, dataVersion, now, accept } = options;
  return JSON.stringify([
    caller.workspace,
    caller.role,
    caller.policy,
    // An admin of all workspaces sees in the audit log what is nobody's.
    caller.workspaces === 'all',
    caller.isGuest === true,
    modelDigest,
    dataVersion,
    Math.floor(now / quarterHourMs),
    accept,
    question.operationName,
    question.variables,
    question.query,
  ]);
}
