import type { Leases } from '../clickhouse/leases/leases.ts';
import type { Store } from '../clickhouse/store.ts';
import type { Closers } from '../closers.ts';
import type { Config } from '../config/config.ts';
import type { Reloader } from '../config/reload.ts';
import type { Logger } from '../logger.ts';
import type { Model } from '../metrics/model.ts';
import { createSqlViews } from './maintain-views.ts';

/** Keeps the views as the model has them, from the start and at each reload. Nothing waits for it. */
export function openSqlViews(options: {
  config: Config;
  store: Store;
  leases: Leases;
  reloader: Reloader;
  closers: Closers;
  model: () => Model | undefined;
  logger: Logger;
}): void {
  const { config, store, leases, reloader, closers, model, logger } = options;
  if (config.SQL_VIEWS === 'off') return;
  const views = createSqlViews({ store, definer: config.SQL_VIEWS_DEFINER, leases, logger });
  closers.add('views for SQL', 250, () => views.stop());
  reloader.add(() => () => void views.follow(model()));
  void views.follow(model());
}
