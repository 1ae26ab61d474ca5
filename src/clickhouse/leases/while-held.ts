import { UtmqlError } from '../../errors.ts';
import type { Store } from '../store.ts';
import { wrapStore } from '../wrap-store.ts';
import type { Lease } from './leases.ts';

/** The same store, which writes nothing once the lease is no longer held. */
export const whileHeld = (store: Store, lease: Pick<Lease, 'isHeld'>): Store =>
  wrapStore(store, {
    async write(options, next) {
      if (!lease.isHeld()) throw new UtmqlError('CANCELLED', 'Another process may have taken the run up.');
      await next(options);
    },
  });
