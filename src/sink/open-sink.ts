import type { Leases } from '../clickhouse/leases/leases.ts';
import type { Store } from '../clickhouse/store.ts';
import type { Config } from '../config/config.ts';
import type { Executions, Work } from '../ingest/runs/executions.ts';
import type { RunRepository } from '../ingest/runs/run-table.ts';
import type { Logger } from '../logger.ts';
import type { ExchangeRates } from '../metrics/currency/exchange-rates.ts';
import type { Model } from '../metrics/model.ts';
import type { Day } from '../records/day.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Clock } from '../time.ts';
import { createWebhookSender } from '../webhooks/sender.ts';
import { type AfterRuns, startAfterRuns } from './after-runs.ts';
import { createExportWork } from './export-work.ts';
import { createExports, type MetricsExports } from './exports.ts';
import { createReadFigures } from './read-figures.ts';
import { createRevisions } from './revisions.ts';

/** What exports figures. */
export interface Sink {
  readonly exports: MetricsExports;
  /** Of export runs, also of one that is begun again. */
  readonly work: Work;
  /** Begins to export after runs, where that is configured. */
  follow(): void;
  /** A run has ended. */
  notice(): void;
  /** Starts no more runs, and closes the connections: those at work have ended. */
  stop(): Promise<void>;
}

/** @param options.model what is in force, asked for each time */
export function openSink(options: {
  config: Config;
  store: Store;
  rates: ExchangeRates;
  runs: RunRepository;
  executions: Executions;
  leases: Leases;
  model: () => Model | undefined;
  telemetry: Telemetry;
  today: () => Day;
  clock: Clock;
  logger: Logger;
}): Sink {
  const { config, store, rates, runs, executions, leases, telemetry, clock, logger } = options;
  const { SINK_URL: url, SINK_SECRET: secrets, SINK_RETRY_MS: initial, SINK_PAGE_ROWS: pageRows } = config;
  const sender =
    url === undefined || secrets === undefined
      ? undefined
      : createWebhookSender({
          name: 'sink',
          url,
          secrets,
          timeoutMs: config.SINK_TIMEOUT_MS,
          patienceMs: config.SINK_PATIENCE_MS,
          backoffMs: { initial, max: 60 * initial },
          clock,
          onRequest: telemetry.onWebhook,
        });
  const work = createExportWork({
    readFigures: createReadFigures({
      store,
      rates,
      model: options.model,
      reportingCurrency: config.REPORTING_CURRENCY,
    }),
    revisions: createRevisions({ store, clock }),
    sender,
    pageRows,
    clock,
    logger,
  });
  const exports = createExports({
    work,
    runs,
    executions,
    leases,
    defaults: { groupBy: config.SINK_GROUP_BY, measures: config.SINK_MEASURES },
    hasSink: sender !== undefined,
    pageRows,
    clock,
  });
  let after: AfterRuns | undefined;
  return {
    exports,
    work,
    follow() {
      if (config.SINK_AFTER !== 'run') return;
      after = startAfterRuns({
        exports,
        store,
        reachDays: config.ATTRIBUTION_WINDOW_DAYS,
        today: options.today,
        logger,
      });
    },
    notice: () => after?.notice(),
    async stop() {
      exports.stop();
      await after?.stop();
      await sender?.close();
    },
  };
}
