import type { Leases } from '../clickhouse/leases/leases.ts';
import { createStoreLock } from '../clickhouse/leases/store-lock.ts';
import type { Store } from '../clickhouse/store.ts';
import { withAbortSignal } from '../clickhouse/wrap-store.ts';
import type { Config } from '../config/config.ts';
import type { Settings } from '../config/reload.ts';
import type { Logger } from '../logger.ts';
import type { ExchangeRates } from '../metrics/currency/exchange-rates.ts';
import type { Model } from '../metrics/model.ts';
import { readModelFile } from '../model/model-file.ts';
import type { Day } from '../records/day.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Clock } from '../time.ts';
import { createWebhookSender } from '../webhooks/sender.ts';
import type { Alert } from './alert.ts';
import { createAlertStates } from './alert-states.ts';
import { type Alerts, createAlerts } from './alerts.ts';
import { readAlertsFile } from './alerts-file.ts';
import { createEvaluate } from './evaluate.ts';

const timeoutMs = 10_000;
const retryMs = { initial: 500, max: 10_000 };

/** Alerts, and what puts others into force. */
export interface OpenAlerts extends Pick<Alerts, 'list' | 'test' | 'notice' | 'start'> {
  /** See `Reloadable`. */
  prepareReload(settings: Settings): Promise<() => void>;
  stop(): Promise<void>;
}

/**
 * @param options.model what is in force, asked for each time
 * @throws UtmqlError CONFIGURATION for a mistake in the file
 */
export async function openAlerts(options: {
  config: Config;
  store: Store;
  rates: ExchangeRates;
  leases: Leases;
  model: () => Model | undefined;
  telemetry: Telemetry;
  today: () => Day;
  clock: Clock;
  logger: Logger;
}): Promise<OpenAlerts> {
  const stopping = new AbortController();
  const store = withAbortSignal(options.store, stopping.signal);
  const { config, rates, leases, model, telemetry, today, clock, logger } = options;
  const { ALERTS_WEBHOOK_URL: url, ALERTS_WEBHOOK_SECRET: secrets } = config;
  const sender =
    url === undefined || secrets === undefined
      ? undefined
      : createWebhookSender({
          name: 'alerts',
          url,
          secrets,
          timeoutMs,
          patienceMs: 0,
          backoffMs: retryMs,
          clock,
          onRequest: telemetry.onWebhook,
        });
  const lock = createStoreLock(leases, 'alerts');
  const alerts = createAlerts({
    alerts: await alertsOf(config),
    evaluate: createEvaluate({
      store,
      rates,
      model,
      reportingCurrency: config.REPORTING_CURRENCY,
      retentionDays: { records: config.DATA_RETENTION_DAYS, events: config.EVENT_RETENTION_DAYS },
      today,
    }),
    states: createAlertStates(store),
    lock,
    sender,
    clock,
    logger,
  });
  return {
    ...alerts,
    async prepareReload(next) {
      const read = await alertsOf(next.config);
      return () => alerts.change(read);
    },
    async stop() {
      stopping.abort();
      await alerts.stop();
      await lock.stop();
      await sender?.close();
    },
  };
}

/** Reads the file with the model that comes into force with it. */
export async function alertsOf({
  ALERTS_FILE,
  MODEL_FILE,
}: Pick<Config, 'ALERTS_FILE' | 'MODEL_FILE'>): Promise<readonly Alert[]> {
  if (ALERTS_FILE === undefined) return [];
  return readAlertsFile(ALERTS_FILE, MODEL_FILE === undefined ? undefined : await readModelFile(MODEL_FILE));
}
