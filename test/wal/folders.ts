import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach } from 'vitest';
import { openBuffer, type WriteAheadBuffer } from '../../src/wal/wal.ts';

type Options = Parameters<typeof openBuffer>[0];

/** A logger and the messages that it was given. */
export function createLog() {
  const messages: string[] = [];
  const write = (line: string): void => void messages.push((JSON.parse(line) as { msg: string }).msg);
  return { logger: pino({ level: 'info' }, { write }), messages };
}

/** Folders and buffers that go when the test ends. To be called once in a file. */
export function useBuffers() {
  const folders: string[] = [];
  const buffers = new Set<WriteAheadBuffer>();
  const { logger } = createLog();
  afterEach(async () => {
    for (const buffer of buffers) await buffer.close();
    buffers.clear();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });
  return {
    async newFolder(): Promise<string> {
      const root = await mkdtemp(join(tmpdir(), 'utmql-buffer-'));
      folders.push(root);
      return join(root, 'buffer');
    },
    async open(folder: string, options: Partial<Options> = {}): Promise<WriteAheadBuffer> {
      const buffer = await openBuffer({
        folder,
        maxRecords: 1_000_000,
        maxBytes: 1_000_000_000,
        logger,
        clock: { now: () => 1_754_000_000_000 },
        ...options,
      });
      buffers.add(buffer);
      return buffer;
    },
  };
}

export const all = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };

export const texts = (payloads: readonly Buffer[]): string[] => payloads.map((payload) => payload.toString());

/** What waits, as text. */
export const waiting = async (buffer: WriteAheadBuffer): Promise<string[]> =>
  texts((await buffer.read(all)).payloads);

/** One record for each word. */
export const records = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word));

/** What a promise rejects with. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
