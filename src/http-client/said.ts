import { errorSentence } from './error-sentence.ts';
import { quotedEnd } from './quote.ts';
import { createRedactor, hidden } from './redactor.ts';

/** A request as it was sent. */
export interface SentRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Returns a text of the source without the secrets of its settings. */
  readonly hide: (text: string) => string;
}

/**
 * Quotes what the body of a response says, as the end of a sentence, without what the request was made with: some sources
 * repeat it.
 */
export function saidOf(request: SentRequest, body: Buffer, contentType: string | undefined): string {
  const { url, headers, hide } = request;
  const isForm = /form-urlencoded/i.test(headers['content-type'] ?? '');
  const form = new URLSearchParams(isForm ? request.body : '');
  const redactor = createRedactor();
  for (const [name, value] of Object.entries(headers))
    if (!plainHeaders.has(name)) redactor.add(value, hidden, true);
  for (const [, value] of [...url.searchParams, ...form])
    if (value.length >= minParameter) redactor.add(value, hidden, true);
  return quotedEnd(errorSentence(body, contentType), (text) => redactor.redact(hide(text)));
}

/** Headers of a request that hold no secret. */
const plainHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'content-type',
  'user-agent',
  'x-request-id',
]);

/** Shorter parameters, such as limits, can occur in any message. */
const minParameter = 4;
