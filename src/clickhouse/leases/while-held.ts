import { UtmqlError } from '../../errors.ts';
import type { Store } from '../store.ts';
import type { Lease } from './leases.ts';

/** The same store, which writes nothing once the lease is no longer held. */
export function whileHeld(store: Store, lease: Pick<Lease, 'isHeld'>): Store {
  const check = (): void => {
    if (!lease.isHeld()) throw new UtmqlError('CANCELLED', 'Another process may have taken the run up.');
  };
  return {
    ...store,
    async insert(...call) {
      check();
      await store.insert(...call);
    },
    async command(...call) {
      check();
      await store.command(...call);
    },
  };
}
