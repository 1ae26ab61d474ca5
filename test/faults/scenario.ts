import type { EngineLogin } from '../support/engine.ts';
import type { Report } from './report.ts';

/** `test`: seconds, for `npm run test:full`. `full`: what the promises name. `long`: longer still. */
export type Scale = 'test' | 'full' | 'long';

/** What a scenario works with. */
export interface Surroundings {
  /** A ClickHouse that runs for longer than the scenario, which takes a database of its own on it. */
  readonly clickhouse: EngineLogin;
  /** How the program is started: what stands before its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Tells whoever waits how far it is. */
  progress(text: string): void;
}

/** One way to break the program, and what must hold all the same. */
export interface Scenario {
  readonly name: string;
  /** The law, as a sentence. */
  readonly law: string;
  run(scale: Scale, surroundings: Surroundings): Promise<Report>;
}

/** `long` is `full` where it is not given. */
export interface Sizes<T> {
  readonly test: T;
  readonly full: T;
  readonly long?: T;
}

export function defineScenario<T>(scenario: {
  name: string;
  law: string;
  sizes: Sizes<T>;
  run(size: T, surroundings: Surroundings): Promise<Report>;
}): Scenario {
  const { name, law, sizes } = scenario;
  return {
    name,
    law,
    run: (scale, surroundings) => scenario.run(sizeOf(sizes, scale), surroundings),
  };
}

function sizeOf<T>(sizes: Sizes<T>, scale: Scale): T {
  return scale === 'long' ? (sizes.long ?? sizes.full) : sizes[scale];
}
