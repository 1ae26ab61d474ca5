import type { Caller } from '../access/caller.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Explore } from '../explore/explore.ts';
import type { OrphanedRows } from '../ingest/ownership/orphaned-rows.ts';
import type { Ingest } from '../ingest/pull/pulls.ts';
import type { Push } from '../ingest/push/push.ts';
import type { RunReads } from '../ingest/runs/run-reads.ts';
import type { Logger } from '../logger.ts';
import type { Conversions } from '../metrics/currency/conversions.ts';
import type { DataPresence } from '../metrics/data-presence.ts';
import type { KeptDays } from '../metrics/data-warnings.ts';
import type { ExportColumn, ExportOptions, MetricsExport } from '../metrics/export.ts';
import type { MetricsLoader } from '../metrics/loader.ts';
import type { Model } from '../metrics/model.ts';
import type { MetricsQuery } from '../metrics/query.ts';
import type { Day } from '../records/day.ts';
import type { Retention } from '../retention/retention.ts';
import type { MetricsExports } from '../sink/exports.ts';
import type { SavedViews } from '../views/saved-views.ts';
import type { SharedQuestion, ShareLinks } from '../views/share-links.ts';
import type { ExportForm } from './export-form.ts';

/** What resolvers work with: made anew for each request. */
export interface Context {
  readonly caller: Caller;
  /** The team's own words; undefined: there is no file of them. */
  readonly model: Model | undefined;
  readonly logger: Logger;
  readonly metrics: MetricsLoader;
  readonly presence: DataPresence;
  /** Plans a file of a query's rows. */
  readonly exportRows: (
    query: MetricsQuery,
    columns: readonly ExportColumn[],
    options: ExportOptions,
  ) => Promise<MetricsExport>;
  /** How a file of what is asked can be had; undefined: it cannot. */
  readonly exportForm: () => ExportForm | undefined;
  readonly conversions: Conversions;
  readonly explore: Explore;
  readonly ingest: Ingest;
  readonly runs: RunReads;
  readonly push: Push;
  readonly retention: Retention;
  readonly orphanedRows: OrphanedRows;
  readonly exports: MetricsExports;
  readonly alerts: Pick<Alerts, 'list' | 'test'>;
  readonly views: SavedViews;
  readonly shareLinks: ShareLinks;
  /**
   * Returns what a share link is to answer as the link keeps it.
   *
   * @throws UtmqlError BAD_USER_INPUT for what it cannot show
   */
  readonly checkShared: (questions: readonly SharedQuestion[]) => Promise<readonly SharedQuestion[]>;
  readonly audit: Pick<AuditLog, 'note'>;
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal;
  readonly reportingTimezone: string;
  readonly retentionDays: KeptDays;
  /**
   * Today in REPORTING_TIMEZONE, or in the IANA time zone given.
   *
   * @throws UtmqlError BAD_USER_INPUT where there is no such time zone
   */
  readonly today: (timezone?: string) => Day;
  /** Epoch milliseconds. */
  readonly now: () => number;
}
