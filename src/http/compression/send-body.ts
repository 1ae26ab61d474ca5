import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { etagIn, isKnown } from '../etag.ts';
import { type Coding, chooseCoding } from './accept-encoding.ts';
import { compress, leastBytes } from './compress.ts';

/** A whole answer. */
export interface BodyAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
  /** Of the body, where the caller may ask whether it is still the same (`If-None-Match`). */
  readonly etag?: string | undefined;
  /** The body in a coding, where it is kept. */
  readonly inCoding?: ((coding: Coding) => Promise<Buffer>) | undefined;
}

/**
 * Sends an answer in the coding that its caller accepts best, from `leastBytes` on; or 304, where they have it. Each coding has
 * an `ETag` of its own: a strong one is of the bytes.
 */
export async function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body, etag, inCoding }: BodyAnswer,
): Promise<void> {
  const coding = negotiate(request, response, body.length);
  if (etag !== undefined) {
    const tag = etagIn(etag, coding);
    response.setHeader('ETag', tag);
    if (isKnown(request, tag)) {
      response.writeHead(304).end();
      return;
    }
  }
  if (coding === undefined) {
    response.writeHead(status, { ...headers, 'Content-Length': body.length }).end(body);
    return;
  }
  const compressed = await (inCoding?.(coding) ?? compress(body, coding));
  if (response.destroyed) return;
  response
    .writeHead(status, { ...headers, 'Content-Encoding': coding, 'Content-Length': compressed.length })
    .end(compressed);
}

/** The coding of an answer of so many bytes; tells in `Vary` where another caller would get another. */
export function negotiate(
  { headers }: IncomingMessage,
  response: ServerResponse,
  length: number,
): Coding | undefined {
  const { coding, refusesIdentity } = chooseCoding(headers['accept-encoding']);
  if (length < leastBytes && !refusesIdentity) return undefined;
  response.appendHeader('Vary', 'Accept-Encoding');
  return coding;
}
