import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, type Transform } from 'node:stream';
import { UtmqlError } from '../errors.ts';
import { createDecompressor } from '../http-client/decompressors.ts';
import { bounded } from '../time.ts';
import { type BodyPace, createBodyPace } from './body-pace.ts';

/** Longest silence of a caller in the middle of a body. The time that we take between two chunks does not count. */
const idleMs = 30_000;

/** How long the rest of a body that is not wanted is still taken, so that its sender sees the answer. */
const lingerMs = 2_000;

/**
 * The bytes of a request, decompressed, as fast as they are read.
 *
 * @throws UtmqlError UNSUPPORTED_MEDIA_TYPE for an encoding that is not known; UNREADABLE_BODY when it cannot be
 *   decompressed or ends in the middle; TIMEOUT when its sender falls silent or dribbles; CANCELLED when they leave
 */
export function requestBody(
  request: IncomingMessage,
  pace: BodyPace = createBodyPace(),
): AsyncIterable<Uint8Array> {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return received(request, pace);
  const decompressor = createDecompressor(encoding);
  if (decompressor === undefined) {
    throw new UtmqlError(
      'UNSUPPORTED_MEDIA_TYPE',
      `Content-Encoding ${JSON.stringify(encoding.slice(0, 60))} is not known; send gzip, deflate, br or none.`,
    );
  }
  return decompressed(received(request, pace), encoding, decompressor);
}

/**
 * The whole of a short body; undefined when it is longer than `maxBytes`. Throws what `requestBody` throws.
 */
export async function wholeBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  // The usual case without an iterator, which costs as much as the rest of taking a single event.
  if (request.headers['content-encoding'] === undefined) return wholeAsItCame(request, maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of requestBody(request)) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function wholeAsItCame(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const add = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) finish(() => resolve(undefined));
    };
    const end = (): void => {
      const [only] = chunks;
      finish(() => resolve(chunks.length === 1 ? only : Buffer.concat(chunks, length)));
    };
    const leave = (cause?: unknown): void => finish(() => reject(left(cause)));
    const timer = setTimeout(() => finish(() => reject(silent())), idleMs);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      request.off('data', add).off('end', end).off('error', leave).off('close', leave);
      settle();
    };
    request.on('data', add).on('end', end).on('error', leave).on('close', leave);
  });
}

const silent = (): UtmqlError =>
  new UtmqlError('TIMEOUT', `Nothing came for ${idleMs / 1_000} s in the middle of the body.`);

const left = (cause: unknown): UtmqlError =>
  new UtmqlError('CANCELLED', 'The caller left in the middle of the body.', { cause });

async function* decompressed(
  compressed: AsyncIterable<Uint8Array>,
  encoding: string,
  decompressor: Transform,
): AsyncGenerator<Uint8Array> {
  // The callback is empty because whatever breaks also breaks the iteration below.
  pipeline(compressed, decompressor, () => undefined);
  try {
    yield* decompressor as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof UtmqlError) throw error;
    const isTruncated = error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR';
    const what = isTruncated ? `ends in the middle of its ${encoding} data` : `is not ${encoding}`;
    throw new UtmqlError('UNREADABLE_BODY', `The body ${what}, as its Content-Encoding says it is.`, {
      cause: error,
    });
  }
}

/** The bytes as they come over the wire. Leaving the iteration early leaves the connection open for the answer. */
async function* received(request: IncomingMessage, pace: BodyPace): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = request
    .iterator({ destroyOnReturn: false })
    [Symbol.asyncIterator]();
  try {
    for (;;) {
      const asked = performance.now();
      const step = await unlessSilent(chunks.next());
      if (step.done === true) return;
      pace.note(performance.now() - asked, step.value.length);
      yield step.value;
    }
  } finally {
    // The request lets its rest be thrown away only when nobody iterates over it. Not waited for: a read may be pending.
    void chunks.return?.().catch(() => undefined);
  }
}

async function unlessSilent<T>(next: Promise<T>): Promise<T> {
  try {
    return await bounded({ timeout: { ms: idleMs, error: silent } }, () => next);
  } catch (error) {
    if (error instanceof UtmqlError) throw error;
    throw left(error);
  }
}

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Answers a request whose body may not have been read. The rest of it is taken for a while and thrown away: a connection
 * that is closed while its sender still writes is reset, and the answer lost.
 */
export function answerEarly(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): void {
  const length = { 'content-length': String(Buffer.byteLength(body)) };
  if (request.complete || !hasBody(request)) {
    response.writeHead(status, { ...headers, ...length }).end(body);
    return;
  }
  response.writeHead(status, { ...headers, ...length, connection: 'close' });
  response.write(body);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  request.once('end', end).once('error', end).once('close', end).resume();
}
