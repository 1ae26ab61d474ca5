import type { Adapter } from './adapter.ts';
import * as registry from './registry.ts';

export type AdapterName = keyof typeof registry;

/** Every adapter, by the name that the sources file calls it. */
export const adapters: Readonly<Record<AdapterName, Adapter>> = { ...registry };

export const adapterNames = Object.keys(adapters) as AdapterName[];
