import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { PushCounts } from '../ingest/push/push-runs.ts';
import { endedWell, type IngestRun } from '../ingest/runs/run.ts';
import type { RecordKind } from '../records/contract.ts';
import { pushSource } from '../records/names.ts';
import type { Source } from '../sources/source.ts';

export interface IngestMetrics {
  /** Counts a run that has ended, and its records, which are of the source's kind. */
  onRun(run: IngestRun, source: Pick<Source, 'kind' | 'feed'>): void;
  /**
   * Counts pushed records that are stored or durable.
   *
   * @param folded rows of the kind that were folded in the current push runs
   */
  onPush(kind: RecordKind, counts: PushCounts, folded: number): void;
}

interface Outcomes {
  readonly written: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, number>>;
  readonly repairs: Readonly<Record<string, number>>;
}

export function createIngestMetrics(registry: Registry): IngestMetrics {
  const registers = [registry];
  const runs = new Counter({
    name: 'ingest_requests_total',
    help: 'Finished ingest runs of sources by status: succeeded, partial, held, failed or cancelled.',
    labelNames: ['source', 'status'],
    registers,
  });
  const failures = new Counter({
    name: 'ingest_failures_total',
    help: 'Ingest runs that failed or ended early, by error code.',
    labelNames: ['source', 'code'],
    registers,
  });
  const latency = new Histogram({
    name: 'ingest_latency_seconds',
    help: 'Duration of ingest runs in seconds, without their wait in the queue.',
    labelNames: ['source'],
    buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600],
    registers,
  });
  const records = new Counter({
    name: 'ingest_records_total',
    help: 'Records of runs and pushes by kind (ad_performance, opportunity, event, exchange_rate) and outcome: written (pushed records: durable), skipped or rejected.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const rejects = new Counter({
    name: 'ingest_rejects_total',
    help: 'Rejected records by kind and reason; each is kept in full.',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const folded = new Gauge({
    name: 'ingest_folded_rows',
    help: 'Ads rows that were replaced by a row of the same feed or push with the same key and other figures, so that spend may be missing: in the last run of a source by this process, or (source `push`) in the last ten minutes with pushed ads rows.',
    labelNames: ['source'],
    registers,
  });
  const repairs = new Counter({
    name: 'ingest_repairs_total',
    help: 'Repairs of field values, by kind of record and kind of repair.',
    labelNames: ['kind', 'repair'],
    registers,
  });

  const count = (kind: RecordKind, outcomes: Outcomes): void => {
    records.inc({ kind, outcome: 'written' }, outcomes.written);
    records.inc({ kind, outcome: 'skipped' }, sum(outcomes.skipped));
    records.inc({ kind, outcome: 'rejected' }, sum(outcomes.rejected));
    for (const [reason, times] of Object.entries(outcomes.rejected)) rejects.inc({ kind, reason }, times);
    for (const [repair, times] of Object.entries(outcomes.repairs)) repairs.inc({ kind, repair }, times);
  };

  return {
    onRun(run, { kind, feed }) {
      const { source, status, startedAt, finishedAt } = run;
      runs.inc({ source, status });
      if (status === 'failed' || (status === 'partial' && !endedWell(run)))
        failures.inc({ source, code: run.errorCode });
      if (startedAt !== undefined && finishedAt !== undefined)
        latency.observe({ source }, (finishedAt - startedAt) / 1_000);
      // The records of a held run count once it is decided whether they are written.
      if (status === 'held') return;
      // If the settings say that the last row counts, folded rows are intended.
      const isMeant = feed.duplicates === 'last' || kind !== 'ad_performance';
      folded.set({ source }, isMeant ? 0 : (run.recordsSkipped.conflicting_duplicate ?? 0));
      count(kind, {
        written: run.recordsWritten,
        skipped: run.recordsSkipped,
        rejected: run.recordsRejected,
        repairs: run.repairs,
      });
    },
    onPush(kind, { read, skipped, rejected, repairs: repaired }, foldedRows) {
      if (kind === 'ad_performance') folded.set({ source: pushSource }, foldedRows);
      const written = Math.max(0, read - sum(skipped) - sum(rejected));
      count(kind, { written, skipped, rejected, repairs: repaired });
    },
  };
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, times) => total + times, 0);
