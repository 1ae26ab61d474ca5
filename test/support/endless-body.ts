import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

/**
 * Sends blocks as fast as they are taken, until there is an answer.
 *
 * Each waits for a turn of the loop: where blocks are always ready, `fetch` goes on taking them in microtasks after the other
 * side has gone, so that no timer runs any more and the blocks fill the memory.
 */
export async function sendWithoutEnd(
  url: string,
  headers: Record<string, string>,
  block: () => Buffer,
): Promise<Response> {
  let isAnswered = false;
  async function* blocks(): AsyncGenerator<Buffer> {
    while (!isAnswered) {
      await setImmediate();
      yield block();
    }
  }
  try {
    return await fetch(url, {
      method: 'POST',
      headers,
      body: Readable.toWeb(Readable.from(blocks())) as BodyInit,
      duplex: 'half',
    } as RequestInit);
  } finally {
    isAnswered = true;
  }
}
