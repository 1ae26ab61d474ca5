/** Maximum size of a refused body that costs nothing: typing errors are normal, and reading so little is cheap. */
const freeRefusalBytes = 10_000;

/** Bytes of a refused query that cost one value of `QUERY_COST_PER_MINUTE`. */
const queryBytesOfOne = 10;

/** Decompressed bytes of a refused push that cost one push. */
const pushBytesOfOne = 1_000;

/** Returns the cost of reading a refused request, so that expensive invalid requests use up their caller's own budget. */
export const refusalCost = (what: 'query' | 'push', bytes: number): number =>
  Math.ceil(Math.max(bytes - freeRefusalBytes, 0) / (what === 'query' ? queryBytesOfOne : pushBytesOfOne));
