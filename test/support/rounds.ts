const isWhole = process.env.TEST_ROUNDS === 'all';

/**
 * How many cases a test of random or repeated ones goes through: all of them in `npm run test:full`, a thirtieth in
 * `npm test`.
 *
 * @param part fewer where each case is dear: this part of all
 */
export const rounds = (all: number, part = 30): number => (isWhole ? all : Math.ceil(all / part));
