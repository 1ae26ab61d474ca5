/** What went wrong, as the API says it. */
export interface Problem {
  readonly code: string;
  /** A sentence of the API, in English. */
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

export const problemOf = (error: {
  message: string;
  extensions?: { code?: string; retryAfterSeconds?: number };
}): Problem => ({
  code: error.extensions?.code ?? 'INTERNAL',
  message: error.message,
  ...(error.extensions?.retryAfterSeconds !== undefined && {
    retryAfterSeconds: error.extensions.retryAfterSeconds,
  }),
});
