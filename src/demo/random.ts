/** Random numbers that are the same for the same seed, on every machine. */
export interface Random {
  /** Uniform, from 0 up to but not including 1. */
  next(): number;
  /** Uniform between two bounds. */
  between(min: number, max: number): number;
  /** One of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]]): T;
  /** Mostly within 1 ± spread, never below a tenth: a factor that makes figures look measured. */
  noise(spread: number): number;
  /** Waiting time with this mean. */
  exponential(mean: number): number;
  /** How many of something rare happened, when this many are expected. */
  poisson(mean: number): number;
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state are plenty for sample data. */
export function createRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (min, max) => min + (max - min) * next(),
    pick: (list) => list[Math.floor(next() * list.length)] ?? list[0],
    // The sum of three uniform numbers is close enough to a bell curve.
    noise: (spread) => Math.max(0.1, 1 + spread * (next() + next() + next() - 1.5) * 2),
    exponential: (mean) => -mean * Math.log(1 - next()),
    poisson: (mean) => {
      const limit = Math.exp(-mean);
      let count = 0;
      for (let product = next(); product > limit; product *= next()) count += 1;
      return count;
    },
  };
}

/**
 * Numbers from 0 up to 1 that spread evenly over however few draws: multiples of the golden ratio, modulo 1. With some fifty
 * leads a month, drawing each one's luck by itself would make a channel's return swing by a factor of two.
 */
export function createEvenSpread(): () => number {
  let draws = 0;
  return () => {
    draws += 1;
    return (draws * 0.618_033_988_749_895) % 1;
  };
}
