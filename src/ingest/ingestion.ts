import { join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { type OpenAlerts, openAlerts } from '../alerts/open-alerts.ts';
import { attributionAliases } from '../aliases/aliases.ts';
import { retryWhileAway } from '../clickhouse/errors.ts';
import { createStoreBreaker } from '../clickhouse/guarded-store.ts';
import { openLeaseTable } from '../clickhouse/leases/lease-table.ts';
import { type Leases, openLeases } from '../clickhouse/leases/leases.ts';
import { createStoreLock, type Lock } from '../clickhouse/leases/store-lock.ts';
import { type StoreLogin, startThreadedRenewal } from '../clickhouse/leases/threaded-renewal.ts';
import type { Store } from '../clickhouse/store.ts';
import { withLowPriority } from '../clickhouse/wrap-store.ts';
import type { Config } from '../config/config.ts';
import type { DataVersion } from '../data-version.ts';
import { defaultBreakerRules } from '../http-client/circuit-breaker.ts';
import type { Logger } from '../logger.ts';
import { createExchangeRates } from '../metrics/currency/exchange-rates.ts';
import type { Model } from '../metrics/model.ts';
import type { Rollups } from '../metrics/rollups/current.ts';
import type { Day } from '../records/day.ts';
import { attributionSource, sinkSource } from '../records/names.ts';
import type { OpportunityRules } from '../records/opportunity.ts';
import { startRollups } from '../rollups/rollups.ts';
import { readRollupSets } from '../rollups/rollups-file.ts';
import type { MetricsExports } from '../sink/exports.ts';
import { openSink } from '../sink/open-sink.ts';
import { createScheduler, schedulesNotRun } from '../sources/scheduler.ts';
import type { Feeds } from '../sources/sources.ts';
import type { Telemetry } from '../telemetry.ts';
import { type Clock, fulfilsWithin } from '../time.ts';
import { openBuffer } from '../wal/wal.ts';
import { createAliasRegister } from './attribution/alias-register.ts';
import { createAttribution } from './attribution/attribution.ts';
import { createAttributionQueue } from './attribution/queue.ts';
import { createReattribution } from './attribution/reattribution.ts';
import { adPerformanceTable } from './kinds/ad-performance-table.ts';
import { kinds } from './kinds/kinds.ts';
import { opportunityTable } from './kinds/opportunity-table.ts';
import { sourceNamed } from './ownership/moves.ts';
import { createOrphanedRows, type OrphanedRows } from './ownership/orphaned-rows.ts';
import { createOwners } from './ownership/owners.ts';
import { createIngest, type Ingest } from './pull/pulls.ts';
import { createRawLanding } from './pull/raw-landing.ts';
import { everything } from './pull/trigger-input.ts';
import { createPush, type Push } from './push/push.ts';
import { createPushReadings } from './push/push-reading.ts';
import { createExecutions } from './runs/executions.ts';
import { createRunCancellations } from './runs/run-cancellations.ts';
import { createRunRepository } from './runs/run-table.ts';
import { createVersions, raiseAboveStored } from './runs/versions.ts';
import { createDayMerger } from './storage/merge-days.ts';
import { dropStaleStages } from './storage/staged-rows.ts';

/** How long attribution at work may take to end. */
const queueStopMs = 2_000;
/** How long a statement that gives rows to others may take to end. */
const ownersStopMs = 1_000;
/** A process whose loop stands still for longer has to begin its runs again, or another one does. */
const longestStillMs = 120_000;
/** How long a look for what is to be exported, or a check of an alert, may take to end. */
const webhooksStopMs = 1_000;
/** How long giving leases back may take; those that are not expire by themselves. */
const leasesStopMs = 400;

/** Everything through which records come in. */
export interface Ingestion {
  readonly ingest: Ingest;
  readonly push: Push;
  readonly orphanedRows: OrphanedRows;
  readonly exports: MetricsExports;
  readonly alerts: OpenAlerts;
  /** Those of this process, which end with it. */
  readonly leases: Leases;
  /** Undefined where they are switched off. */
  readonly rollups: Rollups | undefined;
  /** Attributes anew, in the background, what a change of aliases has touched since the stored attribution was made. */
  followAliases(): void;
  /** Other sources and mappings. What is at work goes on with those that it began with. */
  change(feeds: Feeds, isScheduled: boolean): void;
  /** Ends what is at work; what was accepted is stored or in the buffer. */
  close(): Promise<void>;
}

/**
 * Opens the buffer, and wires pulls and pushes to the store.
 *
 * @param options.login where `store` is connected to
 * @throws UtmqlError CONFIGURATION, such as for a DATA_DIR that another process uses
 */
export async function openIngestion(options: {
  config: Config;
  store: Store;
  login: StoreLogin;
  feeds: Feeds;
  /** What is in force, asked for each time: attribution goes by its aliases. */
  model: () => Model | undefined;
  rules: OpportunityRules;
  dataVersion: DataVersion;
  telemetry: Telemetry;
  owner: string;
  today: () => Day;
  queriesAtWork: () => boolean;
  clock: Clock;
  logger: Logger;
}): Promise<Ingestion> {
  const { config, store, rules, dataVersion, telemetry, owner, clock, logger } = options;
  let { sources } = options.feeds;
  const aliases = () => attributionAliases(options.model()?.aliases);
  const versions = createVersions(clock);
  const buffer = await openBuffer({
    folder: join(config.DATA_DIR, 'buffer'),
    maxRecords: config.BUFFER_MAX_SIZE,
    maxBytes: config.BUFFER_MAX_BYTES,
    logger,
    clock: versions,
  });
  const watch = (): void => {
    for (const source of sources) telemetry.observeBreaker(source.name, source);
  };
  watch();
  // What waits may be from a clock that ran ahead, like what is stored.
  versions.raise((buffer.newestAtOpening ?? Number.NEGATIVE_INFINITY) + 1);
  const tables = Object.values(kinds).map(({ table }) => table.name);
  await retryWhileAway(() => raiseAboveStored({ tables, store, versions, clock, logger }));
  // Behind the buffer, which no second process of this name can open: only now is the predecessor sure to be gone.
  const leaseTable = await openLeaseTable(store);
  const leases = await openLeases({
    table: leaseTable,
    owner,
    logger,
    renewal: startThreadedRenewal({
      login: options.login,
      settings: store.layout.settings,
      seconds: leaseTable.seconds,
      owner,
      longestStillMs,
      logger,
    }),
  });
  const opportunityLock = createStoreLock(leases, 'opportunities');
  const eventLock = createStoreLock(leases, 'event_attributions');
  const runs = createRunRepository(store);
  const backgroundStore = withLowPriority(store);
  const merger = createDayMerger({
    store: backgroundStore,
    sweep: { tables: [adPerformanceTable.name, opportunityTable.name] },
    logger,
  });
  const aliasLock = createStoreLock(leases, 'attribution_aliases');
  const register = createAliasRegister({ store, lock: aliasLock });
  const attribution = createAttribution({
    store: backgroundStore,
    windowDays: config.ATTRIBUTION_WINDOW_DAYS,
    aliases,
    register,
    lock: opportunityLock,
    eventLock,
  });
  const queue = await createAttributionQueue({
    attribution,
    file: join(config.DATA_DIR, 'attribution-pending.json'),
    logger,
  });
  const cancellations = createRunCancellations(store);
  const executions = createExecutions({
    runs,
    leases,
    cancellations,
    clock,
    versions,
    logger,
    tracer: telemetry.tracer,
    onFinished: (run) => {
      const source = sources.find(({ name }) => name === run.source);
      if (source) telemetry.onRun(run, source);
      sink.notice();
      alerts.notice();
    },
  });
  const rates = createExchangeRates({ store: backgroundStore, dataVersion, clock });
  const alerts = await openAlerts({
    config,
    store: backgroundStore,
    rates,
    leases,
    model: options.model,
    telemetry,
    today: options.today,
    clock,
    logger,
  });
  const sink = openSink({
    config,
    store: backgroundStore,
    rates,
    runs,
    executions,
    leases,
    model: options.model,
    telemetry,
    today: options.today,
    clock,
    logger,
  });
  const reattribution = createReattribution({
    store: backgroundStore,
    register,
    attribution,
    eventLock,
    aliases,
    runs,
    executions,
    leases,
    clock,
    logger,
  });
  const owners = createOwners({
    store: backgroundStore,
    sources: () => sources,
    lock: opportunityLock,
    merger,
    clock,
    logger,
  });
  const orphanedRows = createOrphanedRows({
    store: backgroundStore,
    sources: () => sources,
    lock: opportunityLock,
    queue,
    merger,
  });
  const settleOwners = (): void =>
    void owners
      .settle()
      .catch((error: unknown) =>
        logger.warn({ err: error }, 'stored rows could not be given to whom they belong; it is tried again'),
      );
  const batchBytes = config.INGEST_BATCH_MB * 1_048_576;
  const ingest = createIngest({
    store: backgroundStore,
    sources: () => sources,
    schedules: {
      nextRun: (source) => scheduler.nextRun(source),
      whyIdle: (source) => scheduler.whyIdle(source),
    },
    runs,
    executions,
    leases,
    cancellations,
    otherWorks: new Map([
      [attributionSource, reattribution.work],
      [sinkSource, sink.work],
    ]),
    queue,
    merger,
    owners,
    opportunityLock,
    landing:
      config.RAW_RETENTION_DAYS === 0
        ? undefined
        : createRawLanding({ store: backgroundStore, now: () => clock.now() }),
    today: options.today,
    queriesAtWork: options.queriesAtWork,
    retention: config,
    batchBytes,
    clock,
    logger,
  });
  const settledLock: Lock = {
    async runExclusive(work) {
      await owners.settle();
      return opportunityLock.runExclusive(work);
    },
  };
  const readings = createPushReadings({ ...options.feeds, rules });
  const push = createPush({
    store,
    readings,
    buffer,
    breaker: createStoreBreaker(defaultBreakerRules),
    attributionQueue: queue,
    opportunityLock: settledLock,
    merger,
    runs,
    owner,
    rulesOf: (workspace, name) => sourceNamed(sources, workspace, name)?.rules ?? rules,
    sourceOf: (workspace, name) => sourceNamed(sources, workspace, name),
    ownerOf(workspace, name) {
      const source = sourceNamed(sources, workspace, name);
      return source === undefined
        ? { source: name, namespace: name }
        : { source: source.name, namespace: source.namespace };
    },
    retention: config,
    clock,
    versions,
    logger,
    batchSize: config.BATCH_SIZE,
    drainIntervalMs: config.DRAIN_INTERVAL_MS,
    batchBytes,
    telemetry,
  });
  const scheduler = createScheduler({
    sources,
    trigger: async (source, due) => {
      await ingest.trigger(
        {
          ...everything,
          sources: [source.name],
          wait: true,
          // Each process with the schedule comes here: the first one starts the run, the others get that one, however it ended.
          retriesRuns: false,
          idempotencyKey: `schedule:${source.name}:${due.toISOString()}`,
        },
        { workspace: source.workspace, requestId: uuidv7(), name: 'scheduler' },
      );
    },
    logger,
  });
  const rollupLock = createStoreLock(leases, 'rollups');
  const rollups =
    config.ROLLUPS === 'on' && !store.layout.isReplicated
      ? startRollups({
          store,
          // A mistake in it has been told by the checks of the start.
          sets: await readRollupSets(config.ROLLUPS_FILE),
          leastRows: config.ROLLUPS_MIN_ROWS,
          lock: rollupLock,
          today: options.today,
          clock,
          logger,
        })
      : undefined;
  settleOwners();
  if (config.SCHEDULER === 'on') scheduler.start();
  sink.follow();
  alerts.start();
  await dropStaleStages(store, owner, async () => {
    const unfinished = await runs.unfinished();
    return new Set(unfinished.filter((run) => run.owner !== owner).map(({ id }) => id));
  }).catch((error: unknown) =>
    logger.warn(
      { err: error },
      'what earlier runs have staged could not be dropped; the next start tries again',
    ),
  );

  return {
    ingest,
    push,
    orphanedRows,
    exports: sink.exports,
    alerts,
    leases,
    rollups,
    followAliases: () => reattribution.follow(),
    change({ sources: next, mappings }, isScheduled) {
      readings.change(mappings);
      for (const { name } of sources) telemetry.forgetBreaker(name);
      // Answers tell of sources, too.
      for (const { workspace } of [...sources, ...next]) dataVersion.bump(workspace);
      sources = next;
      watch();
      settleOwners();
      scheduler.setSources(sources);
      if (isScheduled) scheduler.start();
      else {
        scheduler.stop();
        const unscheduled = schedulesNotRun(sources);
        if (unscheduled !== undefined) logger.warn({ reason: unscheduled }, 'schedules are not run');
      }
    },
    async close() {
      scheduler.stop();
      await Promise.all([reattribution.stop(), ingest.stop()]);
      await fulfilsWithin(Promise.all([sink.stop(), alerts.stop()]), webhooksStopMs);
      await push.stop();
      orphanedRows.stop();
      await rollups?.stop();
      await fulfilsWithin(owners.stop(), ownersStopMs);
      // Its days are marked on disk. Attributing them may hang with the store, and the buffer must be closed.
      await fulfilsWithin(queue.stop(), queueStopMs);
      await fulfilsWithin(
        Promise.all([opportunityLock, eventLock, aliasLock, rollupLock].map((lock) => lock.stop())).then(() =>
          leases.stop(),
        ),
        leasesStopMs,
      );
      await buffer.close();
    },
  };
}
