import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** Few large chunks are faster than many small ones; zlib's default is 16 KiB. */
const CHUNK_BYTES = 128 * 1024;

// A map instead of an object: the sender chooses the name, and objects have a `constructor`.
const decompressors: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', () => createGunzip({ chunkSize: CHUNK_BYTES })],
  ['x-gzip', () => createGunzip({ chunkSize: CHUNK_BYTES })],
  ['deflate', () => createInflate({ chunkSize: CHUNK_BYTES })],
  ['br', () => createBrotliDecompress({ chunkSize: CHUNK_BYTES })],
]);

/** Returns a decompressor for a Content-Encoding in lower case; undefined for an unknown one. */
export const createDecompressor = (encoding: string): Transform | undefined =>
  decompressors.get(encoding)?.();
