/** How many cases a test of random or repeated ones goes through: all of them in `npm run test:full`, a fifth otherwise. */
export const rounds = (all: number): number => (process.env.TEST_ROUNDS === 'all' ? all : Math.ceil(all / 5));
