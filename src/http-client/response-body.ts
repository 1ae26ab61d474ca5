import { pipeline, type Readable } from 'node:stream';
import { UtmqlError } from '../errors.ts';
import { cancelled } from '../time.ts';
import { createDecompressor } from './decompressors.ts';
import { failureCause, formatDuration } from './failure-reason.ts';

/** A body that must be whole may take so many times the longest silence, so that one that drips ends, too. */
const WHOLE_IN_TIMEOUTS = 20;

/**
 * A whole body of at most `maxBytes`, decompressed. What comes beyond is not read.
 *
 * @throws UtmqlError SOURCE_MALFORMED when it is longer, SOURCE_UNAVAILABLE when it takes too long; whatever `sourceBody` throws
 */
export async function bufferedBody(options: SourceBodyOptions, maxBytes: number): Promise<Buffer> {
  const { chunks, whole } = await collect(options, maxBytes);
  if (whole) return Buffer.concat(chunks);
  throw new UtmqlError(
    'SOURCE_MALFORMED',
    `${options.subject ?? 'the answer'} is a page of more than ${Math.floor(maxBytes / 1_048_576)} MiB; ask it for smaller pages.`,
  );
}

/** As much of a body as comes without trouble, at most `maxBytes`. Never throws: it only helps to tell what went wrong. */
export async function bodyExcerpt(options: SourceBodyOptions, maxBytes: number): Promise<Buffer> {
  try {
    const { chunks } = await collect(options, maxBytes);
    return Buffer.concat(chunks).subarray(0, maxBytes);
  } catch {
    return Buffer.alloc(0);
  }
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
    `${subject} was not whole within ${formatDuration(longestMs)}; ${size} bytes had come.`,
    { retryable: true },
  );

export interface SourceBodyOptions {
  readonly name: string;
  /** The address as it may be shown. */
  readonly from: string;
  /** What messages call the answer. Default: with the source's name and address. */
  readonly subject?: string;
  readonly body: Readable;
  readonly contentEncoding: string | undefined;
  /** Longest silence. The time that the reader takes between two chunks does not count. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/**
 * The bytes of an answer, decompressed. Leaving the iteration early closes the connection.
 *
 * Throws SOURCE_UNAVAILABLE (retryable) when the answer breaks off or stalls, SOURCE_MALFORMED when it cannot be
 * decompressed, CANCELLED when the signal aborts.
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
        `${subject} is in the encoding ‘${encoding}’, which was not asked for; have it sent plainly or in gzip.`,
      );
    }
    // The callback is empty because whatever breaks also breaks the iteration below.
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
          `${subject} is marked as ${encoding} but cannot be decompressed; have it sent plainly, or with the content-encoding that it has.`,
          {
            cause: error,
          },
        );
  } finally {
    body.on('error', () => undefined).destroy();
  }
}

const subjectOf = ({ name, from }: SourceBodyOptions): string => `The answer of source ${name} from ${from}`;

/** The bytes as they come over the wire. */
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
