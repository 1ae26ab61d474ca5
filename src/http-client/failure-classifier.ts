import type { IncomingHttpHeaders } from 'node:http';

/** A response as the rules of a platform see it. */
export interface ClassifiedResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed: the whole page, or the first 64 KB of a response with an error status. */
  readonly body: Buffer;
}

/**
 * What a response means beyond its status: `throttled` and `unavailable` are retried, `refused` is not. `detail` states the
 * platform's reason in a few words. It never quotes the platform, whose text can contain credentials and is quoted apart.
 */
export type FailureClass =
  | { readonly kind: 'throttled'; readonly detail: string; readonly retryAfterMs?: number | undefined }
  | { readonly kind: 'unavailable'; readonly detail: string }
  | {
      readonly kind: 'refused';
      readonly detail: string;
      /** What to do, as the end of a sentence. Default: to check the request and the credentials. */
      readonly advice?: string | undefined;
    };

/** Detects throttling and failures by a platform's own rules. Returns undefined if the status alone decides. */
export type FailureClassifier = (answer: ClassifiedResponse) => FailureClass | undefined;
