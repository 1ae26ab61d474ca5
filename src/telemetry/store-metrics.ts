import { Gauge, type Registry } from 'prom-client';
import type { StoreCensus } from './store-census.ts';

/** Minimum time between two censuses, because they read tables. */
const censusEveryMs = 60_000;

/** The functions that read the figures of the store. */
interface ObservedStore {
  /** Resolves soon, even if the store does not answer. */
  isUp(): Promise<boolean>;
  /** Reads figures from the tables, which several processes write. */
  census(): Promise<StoreCensus>;
  /** Called when a census failed; the figures stay as they were. */
  failed(error: unknown): void;
  /** Epoch milliseconds. */
  now(): number;
}

export interface StoreMetrics {
  /**
   * Registers the store. Each scrape starts reading in the background and shows the results of the previous one, so that it never
   * waits for the store.
   */
  observeStore(store: ObservedStore): void;
}

export function createStoreMetrics(registry: Registry): StoreMetrics {
  const registers = [registry];
  let store: ObservedStore | undefined;
  let up: boolean | undefined;
  let known: StoreCensus | undefined;
  let censusAt = Number.NEGATIVE_INFINITY;
  let isRefreshing = false;

  const refresh = async (observed: ObservedStore): Promise<void> => {
    up = await observed.isUp();
    if (!up || observed.now() - censusAt < censusEveryMs) return;
    censusAt = observed.now();
    known = await observed.census();
  };
  const refreshInBackground = (): void => {
    if (store === undefined || isRefreshing) return;
    isRefreshing = true;
    void refresh(store)
      .catch(store.failed)
      .finally(() => {
        isRefreshing = false;
      });
  };

  new Gauge({
    name: 'clickhouse_up',
    help: '1 if ClickHouse answered the check that the previous scrape started, else 0.',
    registers,
    collect() {
      refreshInBackground();
      if (up !== undefined) this.set(up ? 1 : 0);
    },
  });
  new Gauge({
    name: 'rejected_records',
    help: 'Rejected records that are open, by kind and reason, over all processes; updated about once a minute.',
    labelNames: ['kind', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { kind, reason, records } of known?.rejects ?? []) this.set({ kind, reason }, records);
    },
  });
  new Gauge({
    name: 'clickhouse_days',
    help: 'Days with rows in a table (one partition each), over all workspaces; updated about once a minute.',
    labelNames: ['table'],
    registers,
    collect() {
      for (const { table, stored } of known?.days ?? []) this.set({ table }, stored);
    },
  });
  new Gauge({
    name: 'days_unmerged',
    help: 'Days of a table with more than one part: their rows are merged whenever they are read, which takes longer, until they are merged in the background; updated about once a minute.',
    labelNames: ['table'],
    registers,
    collect() {
      for (const { table, unmerged } of known?.days ?? []) this.set({ table }, unmerged);
    },
  });
  new Gauge({
    name: 'clickhouse_days_limit',
    help: 'Maximum number of days that accepted records can have in a table: its retention, MAX_FUTURE_DAYS, and one day that is expiring.',
    labelNames: ['table'],
    registers,
    collect() {
      for (const { table, most } of known?.days ?? []) this.set({ table }, most);
    },
  });
  new Gauge({
    name: 'data_freshness_seconds',
    help: 'Seconds since the last good run of a source ended, or (`push`) since pushed records were last stored, over all processes; without a good run, since this process first saw the source.',
    labelNames: ['source'],
    registers,
    collect() {
      this.reset();
      for (const { source, freshAt } of known?.sources ?? [])
        if (freshAt !== undefined && store) this.set({ source }, Math.max(0, store.now() - freshAt) / 1_000);
    },
  });
  new Gauge({
    name: 'ingest_consecutive_failures',
    help: 'Runs of a source that failed or ended early since its last good run, within the last 30 days, over all processes.',
    labelNames: ['source'],
    registers,
    collect() {
      this.reset();
      for (const { source, failures } of known?.sources ?? []) this.set({ source }, failures);
    },
  });
  new Gauge({
    name: 'ingest_runs_held',
    help: 'Held runs of a source since its last good run, within the last 30 days, over all processes: each would remove many rows and waits for a decision.',
    labelNames: ['source'],
    registers,
    collect() {
      this.reset();
      for (const { source, held } of known?.sources ?? []) this.set({ source }, held);
    },
  });
  return {
    observeStore(observed) {
      store = observed;
      refreshInBackground();
    },
  };
}
