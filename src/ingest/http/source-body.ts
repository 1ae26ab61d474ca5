import { pipeline, type Readable } from 'node:stream';
import { UtmqlError } from '../../errors.ts';
import { cancelled } from './cancellation.ts';
import { createDecompressor } from './decompressors.ts';
import { failureCause, inWords } from './failure-reason.ts';

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
      body.destroy(broken(`stopped after ${received} bytes: it sent nothing for ${inWords(idleMs)}.`));
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
