import type { BreakerState } from '../http-client/circuit-breaker.ts';
import type { OpportunityRules } from '../records/opportunity.ts';
import type { Adapter } from './adapters/adapter.ts';
import type { FeedRules } from './mapping/feed-rules.ts';
import type { MappedBatch } from './mapping/map-batches.ts';
import type { RecordReading } from './mapping/record-reading.ts';
import type { SourceKind } from './mapping/source-kind.ts';
import type { FeedPage, PageBody, PagesCall } from './pagination/page.ts';

/** Defaults of sources by kind. */
export const defaultsByKind: Readonly<Record<SourceKind, Pick<Source, 'defaultMode' | 'isIncremental'>>> = {
  ad_performance: { defaultMode: 'replace', isIncremental: true },
  opportunity: { defaultMode: 'upsert', isIncremental: false },
  exchange_rate: { defaultMode: 'replace', isIncremental: true },
};

/** A configured source: where its records are and how they are read. */
export interface Source {
  readonly name: string;
  readonly kind: SourceKind;
  readonly workspace: string;
  /** Its former names: rows stored under them belong to it. */
  readonly formerly: readonly string[];
  /** Namespace of its opportunity ids: its name, unless its settings share one. */
  readonly namespace: string;
  /** How this source writes dates, currencies and stages. */
  readonly rules: OpportunityRules;
  /** Maps a single element, for replays. */
  readonly reading: Pick<RecordReading, 'map' | 'spread' | 'load'>;
  /** Conditions that its feed must meet. */
  readonly feed: FeedRules;
  /** The adapter that reads its responses. */
  readonly adapter: Adapter;
  /** Cron expression, in the time zone of `rules`. */
  readonly schedule: string | undefined;
  /** Mode of runs without one. */
  readonly defaultMode: 'upsert' | 'replace';
  /**
   * Whether a run without `since` may start at the watermark. A CRM record of any age can change, so a run reads all of a CRM
   * unless its settings use `{since}` (such as: modified since).
   */
  readonly isIncremental: boolean;
  /** Days before the last successful run in which its figures can still change. */
  readonly restatesDays: number;
  /**
   * Yields its pages in order. Read each to its end before requesting the next.
   *
   * @throws UtmqlError SOURCE_UNAVAILABLE (retryable), SOURCE_REFUSED, SOURCE_MALFORMED, CANCELLED; after the pages that
   *   came before
   */
  pages(call: PagesCall): AsyncIterable<FeedPage>;
  /**
   * Creates a reader for the pages of one run, in order, since an element can repeat earlier ones.
   *
   * @returns a function that yields the raw records of one page, with the field names of the contract; anything but an object
   *   stays unchanged. Deterministic for the same pages. Throws UtmqlError SOURCE_MALFORMED and what `body` throws
   */
  reader(): (page: PageBody) => AsyncIterable<MappedBatch>;
  /** `open`: after several consecutive failures, calls fail immediately for a while. */
  state(): BreakerState;
}
