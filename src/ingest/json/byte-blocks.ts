/**
 * Cuts and gathers chunks of any size into blocks of about `sizeOf()` bytes, so that reading a record costs the same whether
 * the network sends single bytes or megabytes. When the body breaks, what came before is given first.
 */
export async function* byteBlocks(
  body: AsyncIterable<Uint8Array>,
  sizeOf: () => number,
): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let gathered = 0;
  const gather = (): Buffer => {
    const [first] = pieces;
    const block = pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces, gathered);
    pieces = [];
    gathered = 0;
    return block;
  };

  let failure: { error: unknown } | undefined;
  try {
    for await (const chunk of body) {
      for (let from = 0; from < chunk.length; ) {
        const size = Math.max(sizeOf(), gathered + 1);
        const piece = Buffer.from(
          chunk.buffer,
          chunk.byteOffset + from,
          Math.min(size - gathered, chunk.length - from),
        );
        pieces.push(piece);
        gathered += piece.length;
        from += piece.length;
        if (gathered >= size) yield gather();
      }
    }
  } catch (error) {
    failure = { error };
  }
  if (gathered > 0) yield gather();
  if (failure !== undefined) throw failure.error;
}
