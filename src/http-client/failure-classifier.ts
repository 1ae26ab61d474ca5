import type { IncomingHttpHeaders } from 'node:http';

/** An answer as a platform's rules classifyFailure it. */
export interface ClassifiedResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed: all of a page, or the first 64 KB of an answer that is an error by its status. */
  readonly body: Buffer;
}

/**
 * What an answer means beyond its status: `throttled` and `unavailable` are asked again, `refused` is not. `detail` says in
 * a few words what the platform gave as its reason; never its own text, which can repeat credentials.
 */
export type FailureClass =
  | { readonly kind: 'throttled'; readonly detail: string; readonly retryAfterMs?: number | undefined }
  | { readonly kind: 'unavailable'; readonly detail: string }
  | {
      readonly kind: 'refused';
      readonly detail: string;
      /** What to do, in words that end the sentence. Default: to check what is asked for and the credentials. */
      readonly advice?: string | undefined;
    };

/** A platform's own signs of throttling and failure. Undefined: the status says it all. */
export type FailureClassifier = (answer: ClassifiedResponse) => FailureClass | undefined;
