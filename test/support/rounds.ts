const isFull = process.env.TEST_ROUNDS === 'full';

/** How many cases a test of random or repeated ones goes through: all of them in `npm run test:full`, a tenth otherwise. */
export const rounds = (all: number): number => (isFull ? all : Math.ceil(all / 10));

/** How far a test that goes through positions steps: to each of them in `npm run test:full`, to every fifth otherwise. */
export const step = isFull ? 1 : 5;
