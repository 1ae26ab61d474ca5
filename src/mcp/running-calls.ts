/** A call, by whom it is of and what its client calls it. */
export interface CallKey {
  /** Whose: nobody cancels the calls of another. */
  readonly account: string;
  /** Undefined for clients that name none: their calls end when they hang up. */
  readonly session: string | undefined;
  readonly id: unknown;
}

/** The calls at work in this process, so that another request of their client can cancel them. */
export interface RunningCalls {
  /** Returns a function that forgets the call. */
  add(key: CallKey, controller: AbortController): () => void;
  cancel(key: CallKey): void;
}

export function createRunningCalls(): RunningCalls {
  const calls = new Map<string, AbortController>();
  const textOf = ({ account, session, id }: CallKey): string | undefined =>
    session === undefined || (typeof id !== 'string' && typeof id !== 'number')
      ? undefined
      : JSON.stringify([account, session, id]);
  return {
    add(key, controller) {
      const text = textOf(key);
      if (text === undefined) return () => undefined;
      calls.set(text, controller);
      return () => {
        if (calls.get(text) === controller) calls.delete(text);
      };
    },
    cancel(key) {
      const text = textOf(key);
      if (text !== undefined) calls.get(text)?.abort();
    },
  };
}
