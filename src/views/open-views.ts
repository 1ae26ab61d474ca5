import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Authenticator } from '../access/authenticator.ts';
import type { Leases } from '../clickhouse/leases/leases.ts';
import { createStoreLock } from '../clickhouse/leases/store-lock.ts';
import type { Store } from '../clickhouse/store.ts';
import type { Config } from '../config/config.ts';
import { readOrCreateSecretFile } from '../files/secret-file.ts';
import type { Clock } from '../time.ts';
import { createSavedViews, type SavedViews } from './saved-views.ts';
import { createShareLinks, type ShareLinks } from './share-links.ts';
import { createShareTokens, type ShareTokens } from './share-token.ts';

/** Saved views, and what shares them. */
export interface Views {
  readonly saved: SavedViews;
  readonly links: ShareLinks;
  readonly tokens: ShareTokens;
  stop(): Promise<void>;
}

/** Without SHARE_SECRET, the secret of links is a file in the data folder: of this process alone. */
export async function openViews(options: {
  config: Config;
  store: Store;
  leases: Leases;
  authenticator: Authenticator;
  clock: Clock;
}): Promise<Views> {
  const { config, store, leases, authenticator, clock } = options;
  const tokens = createShareTokens(
    config.SHARE_SECRET ??
      (await readOrCreateSecretFile(join(config.DATA_DIR, 'share.key'), {
        make: () => randomBytes(32).toString('hex'),
        shape: /^.{32,}$/,
      })),
  );
  const lock = createStoreLock(leases, 'saved_views');
  const links = createShareLinks({ store, lock, tokens, authenticator, clock });
  return {
    saved: createSavedViews({ store, lock, links, clock }),
    links,
    tokens,
    stop: () => lock.stop(),
  };
}
