import type { MutexInterface } from 'async-mutex';
import type { Store } from '../clickhouse/store.ts';
import type { Clock } from '../clock.ts';
import { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { DayRange } from '../metrics/query.ts';
import { createAdPerformanceNormaliser } from '../records/ad-performance.ts';
import { type Day, formatDay } from '../records/day.ts';
import { createOpportunityNormaliser, type OpportunityRules } from '../records/opportunity.ts';
import { type Outcome, Repairs } from '../records/outcome.ts';
import { createAdsWriter } from './ads-writer.ts';
import type { Attribution } from './attribution.ts';
import type { DataVersion } from './data-version.ts';
import type { HttpSource } from './http-source.ts';
import { readJsonRecords } from './json-records.ts';
import type { DayMerger } from './merge-days.ts';
import { createOpportunityWriter } from './opportunity-writer.ts';
import { createRejectWriter } from './reject-writer.ts';
import type { IngestRun, RunStatus } from './run.ts';
import type { RecordWriter } from './writer.ts';

export type SourceKind = 'ad_performance' | 'opportunity';

/** A configured source: where it is and how its records are to be read. */
export interface Source {
  readonly name: string;
  readonly kind: SourceKind;
  readonly workspace: string;
  readonly http: HttpSource;
  readonly rules: OpportunityRules;
}

const envelopes = {
  ad_performance: ['external', 'ads', 'performance'],
  opportunity: ['external', 'crm', 'opportunities'],
} as const satisfies Record<SourceKind, readonly string[]>;

/** How often a running run's row is renewed. */
const progressEveryMs = 2_000;

export interface PullDeps {
  readonly store: Store;
  readonly attribution: Attribution;
  readonly opportunityLock: MutexInterface;
  readonly merger: DayMerger;
  readonly dataVersion: DataVersion;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retentionDays: number;
  /** Encoded rows held at most, while one batch as large is on its way. */
  readonly batchBytes: number;
}

/**
 * Runs one source from the first byte to the finished attribution: fetch → split → normalise → batch → ClickHouse.
 * Never throws: what goes wrong is in the run that it returns. Whatever was whole before that is stored.
 *
 * @param report gets the run's state while it goes on
 */
export async function pull(
  deps: PullDeps,
  source: Source,
  run: IngestRun,
  signal: AbortSignal,
  report: (run: IngestRun) => void,
): Promise<IngestRun> {
  return source.kind === 'ad_performance'
    ? pullRecords(
        deps,
        source,
        run,
        signal,
        report,
        createAdPerformanceNormaliser(source.rules),
        adsWriter(deps, run),
      )
    : pullRecords(
        deps,
        source,
        run,
        signal,
        report,
        createOpportunityNormaliser(source.rules),
        opportunityWriter(deps, run),
      );
}

const versionOf = (run: IngestRun): number => (run.startedAt ?? run.createdAt) * 1_000;

const adsWriter = (deps: PullDeps, run: IngestRun) =>
  createAdsWriter({
    store: deps.dataVersion.watch(deps.store, run.workspace),
    workspace: run.workspace,
    source: run.source,
    version: versionOf(run),
    requestId: run.requestId,
    capacityBytes: deps.batchBytes,
  });

const opportunityWriter = (deps: PullDeps, run: IngestRun) =>
  createOpportunityWriter({
    store: deps.dataVersion.watch(deps.store, run.workspace),
    workspace: run.workspace,
    source: run.source,
    version: versionOf(run),
    requestId: run.requestId,
    lock: deps.opportunityLock,
  });

async function pullRecords<T extends { readonly day: Day }>(
  deps: PullDeps,
  source: Source,
  run: IngestRun,
  signal: AbortSignal,
  report: (run: IngestRun) => void,
  normalise: (raw: unknown, repairs: Repairs) => Outcome<T>,
  writer: RecordWriter<T>,
): Promise<IngestRun> {
  const { clock } = deps;
  const logger = deps.logger.child({ runId: run.id, source: source.name, requestId: run.requestId });
  const rejects = createRejectWriter({ store: deps.store, run, kind: source.kind, now: () => clock.now() });
  const repairs = new Repairs();
  let recordsRead = 0;
  let bytesRead = 0;
  let outsideRange = 0;
  let reportedAt = clock.now();

  const state = (status: RunStatus, error?: UtmqlError): IngestRun => {
    const { written, duplicates, outdated = 0, duplicatesUnchecked } = writer.progress();
    return {
      ...run,
      status,
      recordsRead,
      recordsWritten: written,
      recordsSkipped: present({
        outside_range: outsideRange,
        duplicate: duplicates.identical,
        conflicting_duplicate: duplicates.conflicting,
        outdated,
        duplicates_unchecked: duplicatesUnchecked ? 1 : 0,
      }),
      recordsRejected: rejects.counts(),
      repairs: repairs.toRecord(),
      bytesRead,
      errorCode: error?.code ?? '',
      errorMessage: error?.message ?? '',
      ...(status === 'running' ? {} : { finishedAt: clock.now() }),
    };
  };

  const read = async (): Promise<void> => {
    const since = run.since ?? Number.NEGATIVE_INFINITY;
    const until = run.until ?? Number.POSITIVE_INFINITY;
    // TTL drops a day once it is this old; such a record would be stored only to vanish.
    const oldest = Math.floor(clock.now() / 86_400_000) - deps.retentionDays + 1;
    const feed = await source.http.open({
      ...(run.since === undefined ? {} : { since: formatDay(run.since) }),
      ...(run.until === undefined ? {} : { until: formatDay(run.until) }),
      signal,
      logger,
      requestId: run.requestId,
    });
    for await (const batch of readJsonRecords(feed.body, { envelope: envelopes[source.kind] })) {
      bytesRead += batch.bytes;
      recordsRead += batch.records.length + batch.malformed.length;
      for (const { position, text, reason } of batch.malformed) {
        const code = reason === 'record_too_large' ? 'record_too_large' : 'malformed';
        rejects.add(position, text, { reason: code, field: '', detail: reason });
      }
      for (let index = 0; index < batch.records.length; index++) {
        const raw = batch.records[index];
        const outcome = normalise(raw, repairs);
        const position = batch.firstPosition + index;
        if ('reject' in outcome) {
          rejects.add(position, raw, outcome.reject);
        } else if (outcome.record.day < since || outcome.record.day > until) {
          outsideRange += 1;
        } else if (outcome.record.day < oldest) {
          const detail = `The record is of ${formatDay(outcome.record.day)}; only the last ${deps.retentionDays} days are kept (DATA_RETENTION_DAYS).`;
          rejects.add(position, raw, { reason: 'beyond_retention', field: '', detail });
        } else {
          writer.add(outcome.record);
          if (writer.full) await writer.send();
        }
      }
      await rejects.send();
      if (clock.now() - reportedAt >= progressEveryMs) {
        reportedAt = clock.now();
        report(state('running'));
      }
    }
  };

  // Each step is tried whatever happened to the one before: what was whole is stored, and what is stored is attributed.
  const failures: UtmqlError[] = [];
  const attempt = async (step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      const failure = toUtmqlError(error);
      failures.push(failure);
      if (failure.code !== 'CANCELLED') logger.warn({ err: error }, 'a step of the run failed');
    }
  };
  await attempt(read);
  report(state('running'));
  await attempt(() => writer.finish());
  report(state('running'));
  await attempt(() => rejects.send(true));
  await attempt(async () => {
    const { touched } = writer.progress();
    if (touched.size === 0) return;
    const ads = source.kind === 'ad_performance';
    const call = { requestId: run.requestId, signal };
    const attributed = ads
      ? deps.attribution.afterAds(run.workspace, touched, call)
      : deps.attribution.afterOpportunities(run.workspace, touched, call);
    const ranges = await attributed.finally(() => deps.dataVersion.bump(run.workspace));
    if (ads) deps.merger.add('ad_performance', touched);
    deps.merger.add('opportunities', ads ? ranges.flatMap(daysOf) : touched);
  });

  const [error] = failures;
  const finished = state(
    statusOf(error, writer.progress().written),
    error && explain(error, writer.progress().written),
  );
  logger.info(
    {
      status: finished.status,
      read: finished.recordsRead,
      written: finished.recordsWritten,
      rejected: finished.recordsRejected,
      error: finished.errorMessage || undefined,
    },
    'run finished',
  );
  return finished;
}

function statusOf(error: UtmqlError | undefined, written: number): RunStatus {
  if (error === undefined) return 'succeeded';
  if (error.code === 'CANCELLED') return 'cancelled';
  return written > 0 ? 'partial' : 'failed';
}

function explain(error: UtmqlError, written: number): UtmqlError {
  const kept =
    written > 0 ? ` ${written} rows before that are stored; the same call again completes them.` : '';
  return new UtmqlError(error.code, `${error.message}${kept}`, { retryable: error.retryable, cause: error });
}

function toUtmqlError(error: unknown): UtmqlError {
  if (error instanceof UtmqlError) return error;
  return new UtmqlError('INTERNAL', 'The run failed for a reason that has been logged.', { cause: error });
}

const present = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

function daysOf(range: DayRange): Day[] {
  return Array.from({ length: range.to - range.from + 1 }, (_, index) => range.from + index);
}
