import { useCallback, useEffect, useState } from 'preact/hooks';
import type { TypedDocumentString } from '../../../schema/generated/dashboard/graphql.ts';
import { usePage } from '../page/context.ts';
import { AskError, ask, askShared, idOf } from './ask.ts';
import type { Problem } from './problem.ts';

/** A question and how far its answer is. While another answer is on its way, the last one stays. */
export interface Asked<Data> {
  readonly data: Data | undefined;
  readonly isLoading: boolean;
  /** Why there is no answer. */
  readonly problem: Problem | undefined;
  /** Why parts of the answer are missing. */
  readonly problems: readonly Problem[];
  readonly again: () => void;
}

interface State<Data> {
  readonly key: string;
  readonly data: Data | undefined;
  readonly problem: Problem | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Asks a document, and again when its variables change. Without variables it asks nothing. In a shared view it is the link that
 * answers, by the variables of its own.
 */
export function useAnswer<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables | undefined,
): Asked<Data> {
  const [state, setState] = useState<State<Data>>();
  const [round, setRound] = useState(0);
  const { shared } = usePage();
  const key = variables === undefined ? '' : `${idOf(document)} ${JSON.stringify(variables)} ${round}`;
  useEffect(() => {
    if (variables === undefined) return undefined;
    const leaving = new AbortController();
    const { signal } = leaving;
    const answer =
      shared === undefined
        ? ask(document, variables, { signal })
        : askShared(shared.documents, document, signal);
    answer.then(
      ({ data, problems }) => setState({ key, data, problem: undefined, problems }),
      (error: unknown) => {
        if (leaving.signal.aborted) return;
        const problem =
          error instanceof AskError ? error.problem : { code: 'INTERNAL', message: String(error) };
        setState((last) => ({ key, data: last?.data, problem, problems: [] }));
      },
    );
    return () => leaving.abort();
  }, [key]);
  return {
    data: state?.data,
    isLoading: variables !== undefined && state?.key !== key,
    problem: state?.key === key ? state.problem : undefined,
    problems: state?.problems ?? [],
    again: useCallback(() => setRound((last) => last + 1), []),
  };
}
