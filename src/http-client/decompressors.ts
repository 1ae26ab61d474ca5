import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** Few large chunks cost less than many small ones; zlib's own default is 16 KiB. */
const CHUNK_BYTES = 128 * 1024;

// A map, and no object: the name comes from whoever sends the body, and objects have a `constructor`.
const decompressors: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', () => createGunzip({ chunkSize: CHUNK_BYTES })],
  ['x-gzip', () => createGunzip({ chunkSize: CHUNK_BYTES })],
  ['deflate', () => createInflate({ chunkSize: CHUNK_BYTES })],
  ['br', () => createBrotliDecompress({ chunkSize: CHUNK_BYTES })],
]);

/** What undoes a Content-Encoding, given in lower case; undefined for one that is not known. */
export const createDecompressor = (encoding: string): Transform | undefined =>
  decompressors.get(encoding)?.();
