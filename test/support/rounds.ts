const shares: Readonly<Record<string, number>> = { all: 1, few: 1 / 30 };
const share = shares[process.env.TEST_ROUNDS ?? 'few'] ?? 1;

/**
 * How many cases a test of random or repeated ones goes through: all of them in `npm run test:full`, a thirtieth in
 * `npm test`.
 */
export const rounds = (all: number): number => Math.ceil(all * share);
