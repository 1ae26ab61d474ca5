import { setFlagsFromString } from 'node:v8';

/** Lets garbage reach half the size of live data, not several times its size, before V8 collects the old generation. */
export function boundHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=50');
}
