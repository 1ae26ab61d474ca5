import type { Store } from '../clickhouse/store.ts';
import { type Clock, fulfilsWithin } from '../time.ts';

/** `disk full`: it answers, and takes nothing in. */
type StoreState = 'ok' | 'disk full' | 'unreachable';

/** Tells whether the store answers. Resolves within two seconds, whatever the store does. */
export type StoreProbe = () => Promise<StoreState>;

/** How long an answer is waited for. */
const timeoutMs = 2_000;
/** How long what was found is told again. */
const keptMs = 1_000;
/** What ClickHouse reserves for a part and a merge does not fit into less. */
const fullBytes = 16 * 1_048_576;

/**
 * Anybody may ask `/readyz`, as often as they like: so one ping is on its way at a time, for all who ask, and what it found is
 * told for a second.
 */
export function createStoreProbe(options: { store: Pick<Store, 'ping'>; clock: Clock }): StoreProbe {
  const { store, clock } = options;
  let found: { readonly state: StoreState; readonly at: number } | undefined;
  let asking: Promise<StoreState> | undefined;

  const ask = async (): Promise<StoreState> => {
    const state = await store.ping().then(
      ({ freeBytes }) => (freeBytes < fullBytes ? 'disk full' : 'ok'),
      () => 'unreachable' as const,
    );
    found = { state, at: clock.now() };
    asking = undefined;
    return state;
  };
  const isFresh = (at: number): boolean => Math.abs(clock.now() - at) < keptMs;

  return async () => {
    if (found !== undefined && isFresh(found.at)) return found.state;
    asking ??= ask();
    const asked = asking;
    return (await fulfilsWithin(asked, timeoutMs)) ? asked : 'unreachable';
  };
}
