/** A body that comes in chunks of the sizes given, over and over. */
export async function* inChunks(body: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let from = 0, turn = 0; from < body.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? body.length);
    yield body.subarray(from, from + size);
    from += size;
  }
}
