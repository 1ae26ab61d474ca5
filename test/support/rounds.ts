const all = process.env.TEST_ROUNDS === 'all';

/** How many cases a test of random or repeated ones goes through: all of them in `npm run test:full`, a tenth otherwise. */
export const rounds = (count: number): number => (all ? count : Math.ceil(count / 10));

/** How far a test that goes through positions steps: to each of them in `npm run test:full`, to every fifth otherwise. */
export const step = all ? 1 : 5;
