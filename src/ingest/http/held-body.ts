import { UtmqlError } from '../../errors.ts';
import { inWords } from './failure-reason.ts';
import { type SourceBodyOptions, sourceBody } from './source-body.ts';

/** A body that must be whole may take so many times the longest silence, so that one that drips ends, too. */
const WHOLE_IN_TIMEOUTS = 20;

/**
 * A whole body of at most `maxBytes`, decompressed. What comes beyond is not read.
 *
 * @throws UtmqlError SOURCE_MALFORMED when it is longer, SOURCE_UNAVAILABLE when it takes too long; whatever `sourceBody` throws
 */
export async function heldBody(options: SourceBodyOptions, maxBytes: number): Promise<Buffer> {
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
    `${subject} was not whole within ${inWords(longestMs)}; ${size} bytes had come.`,
    { retryable: true },
  );
