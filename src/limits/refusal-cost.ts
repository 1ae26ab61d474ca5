/** Bodies up to this are refused for nothing: people mistype, and a look at so little costs little. */
const freeRefusalBytes = 10_000;

/** Bytes of a query that is refused that count as one value of `QUERY_COST_PER_MINUTE`. */
const queryBytesOfOne = 10;

/** Bytes of a push that is refused, decompressed, that count as one push. */
const pushBytesOfOne = 1_000;

/** What looking at a request cost that was refused for what it is: nobody can have others pay for what they send. */
export const refusalCost = (what: 'query' | 'push', bytes: number): number =>
  Math.ceil(Math.max(bytes - freeRefusalBytes, 0) / (what === 'query' ? queryBytesOfOne : pushBytesOfOne));
