import { pipeline, type Readable } from 'node:stream';
import { UtmqlError } from '../errors.ts';
import { cancelled } from '../time.ts';
import { createDecompressor } from './decompressors.ts';
import { failureCause, formatDuration } from './failure-reason.ts';

/** Maximum time for a whole body, as a multiple of the maximum silence, so that a body that trickles also ends. */
const WHOLE_IN_TIMEOUTS = 20;

/**
 * Returns a whole body of at most `maxBytes`, decompressed. Bytes beyond the limit are not read.
 *
 * @throws UtmqlError SOURCE_MALFORMED if it is longer, SOURCE_UNAVAILABLE if it takes too long; also whatever `sourceBody` throws
 */
export async function bufferedBody(options: SourceBodyOptions, maxBytes: number): Promise<Buffer> {
  const { chunks, whole } = await collect(options, maxBytes);
  if (whole) return Buffer.concat(chunks);
  throw new UtmqlError(
    'SOURCE_MALFORMED',
    `${options.subject ?? 'the answer'} is a page of more than ${Math.floor(maxBytes / 1_048_576)} MiB; ask it for smaller pages.`,
  );
}

/**
 * Returns the first bytes of a body: at most `maxBytes`, and what has come within `withinMs`. Never throws, because the text only
 * helps to explain another error.
 */
export async function bodyExcerpt(
  options: SourceBodyOptions,
  { maxBytes, withinMs }: { maxBytes: number; withinMs: number },
): Promise<{ body: Buffer; isBroken: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isBroken = false;
  const timer = setTimeout(() => options.body.destroy(), withinMs);
  try {
    for await (const chunk of sourceBody(options)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxBytes) break;
    }
  } catch {
    isBroken = true;
  } finally {
    clearTimeout(timer);
  }
  return { body: Buffer.concat(chunks).subarray(0, maxBytes), isBroken };
}

async function collect(options: SourceBodyOptions, maxBytes: number) {
  const longestMs = options.idleMs * WHOLE_IN_TIMEOUTS;
  const startedAt = performance.now();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of sourceBody(options)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) return { chunks, whole: false };
    if (performance.now() - startedAt > longestMs) throw tooSlow(options, size, longestMs);
  }
  return { chunks, whole: true };
}

const tooSlow = (
  { subject = 'the answer' }: SourceBodyOptions,
  size: number,
  longestMs: number,
): UtmqlError =>
  new UtmqlError(
    'SOURCE_UNAVAILABLE',
    `${subject} was not complete within ${formatDuration(longestMs)}; ${size} bytes were received.`,
    { retryable: true },
  );

export interface SourceBodyOptions {
  readonly name: string;
  /** The address in a form that may be shown. */
  readonly from: string;
  /** What messages call the response. Default: text with the source's name and address. */
  readonly subject?: string;
  readonly body: Readable;
  readonly contentEncoding: string | undefined;
  /** Maximum silence of the source. Time between two reads by the consumer does not count. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/**
 * Returns the bytes of a response, decompressed. Ending the iteration early closes the connection.
 *
 * Throws SOURCE_UNAVAILABLE (retryable) if the response is truncated or stalls, SOURCE_MALFORMED if it cannot be decompressed,
 * CANCELLED if the signal aborts.
 */
export async function* sourceBody(options: SourceBodyOptions): AsyncGenerator<Uint8Array> {
  const { name, body, signal, subject = subjectOf(options) } = options;
  const encoding = options.contentEncoding?.trim().toLowerCase() ?? '';
  try {
    if (encoding === '' || encoding === 'identity') {
      yield* receivedBytes(options);
      return;
    }
    const decompressor = createDecompressor(encoding);
    if (decompressor === undefined) {
      throw new UtmqlError(
        'SOURCE_MALFORMED',
        `${subject} is in the encoding ‘${encoding}’, which was not requested; have it sent uncompressed or in gzip.`,
      );
    }
    // The callback is empty because every error also ends the iteration below.
    pipeline(receivedBytes(options), decompressor, () => undefined);
    yield* decompressor as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (signal.aborted) throw cancelled(name, signal);
    if (error instanceof UtmqlError) throw error;
    const isTruncated = error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR';
    throw isTruncated
      ? new UtmqlError(
          'SOURCE_UNAVAILABLE',
          `${subject} broke off: its ${encoding} data ends in the middle.`,
          {
            retryable: true,
            cause: error,
          },
        )
      : new UtmqlError(
          'SOURCE_MALFORMED',
          `${subject} is marked as ${encoding} but cannot be decompressed; have it sent uncompressed, or with its actual content-encoding.`,
          {
            cause: error,
          },
        );
  } finally {
    body.on('error', () => undefined).destroy();
  }
}

const subjectOf = ({ name, from }: SourceBodyOptions): string => `The answer of source ${name} from ${from}`;

/** Returns the bytes as received, still compressed. */
async function* receivedBytes(options: SourceBodyOptions): AsyncGenerator<Uint8Array> {
  const { body, idleMs, signal, subject = subjectOf(options) } = options;
  let received = 0;
  const broken = (what: string, cause?: unknown): UtmqlError =>
    new UtmqlError('SOURCE_UNAVAILABLE', `${subject} ${what}`, { retryable: true, cause });
  const startTimer = (): NodeJS.Timeout =>
    setTimeout(() => {
      body.destroy(broken(`stopped after ${received} bytes: it sent nothing for ${formatDuration(idleMs)}.`));
    }, idleMs);

  let timer = startTimer();
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      received += chunk.length;
      yield chunk;
      timer = startTimer();
    }
  } catch (error) {
    if (signal.aborted || error instanceof UtmqlError) throw error;
    throw broken(`broke off after ${received} bytes: ${failureCause(error).reason}.`, error);
  } finally {
    clearTimeout(timer);
  }
}
