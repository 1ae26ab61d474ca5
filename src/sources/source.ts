import type { BreakerState } from '../http-client/circuit-breaker.ts';
import type { OpportunityRules } from '../records/opportunity.ts';
import type { Adapter } from './adapters/adapter.ts';
import type { FeedRules } from './mapping/feed-rules.ts';
import type { MappedBatch } from './mapping/map-batches.ts';
import type { RecordReading } from './mapping/record-reading.ts';
import type { SourceKind } from './mapping/source-kind.ts';
import type { Page, PageBody, PagesCall } from './pagination/page.ts';

/** What holds for the sources of a kind whose settings say nothing else. */
export const defaultsByKind: Readonly<Record<SourceKind, Pick<Source, 'defaultMode' | 'isIncremental'>>> = {
  ad_performance: { defaultMode: 'replace', isIncremental: true },
  opportunity: { defaultMode: 'upsert', isIncremental: false },
};

/** A configured source: where its records are and how they are to be read. */
export interface Source {
  readonly name: string;
  readonly kind: SourceKind;
  readonly workspace: string;
  /** Names that it had before: what it sent under them is its own. */
  readonly formerly: readonly string[];
  /** Whose ids its opportunities have: its own, unless its settings share one. */
  readonly namespace: string;
  /** How this source writes dates, currencies and stages. */
  readonly rules: OpportunityRules;
  /** What its elements mean, for whoever has one alone. */
  readonly reading: Pick<RecordReading, 'map' | 'spread' | 'load'>;
  /** What its feed must be like. */
  readonly feed: FeedRules;
  /** How its answers are read. */
  readonly adapter: Adapter;
  /** Cron expression, in the time zone of `rules`. */
  readonly schedule: string | undefined;
  /** The mode of runs that name none. */
  readonly defaultMode: 'upsert' | 'replace';
  /**
   * Whether a run without `since` may ask from the watermark on. A CRM record of any age can change, so a CRM is asked for
   * everything unless its settings say what `since` means there (such as: modified since).
   */
  readonly isIncremental: boolean;
  /** How many days back from the last good run its figures may still change. */
  readonly restatesDays: number;
  /**
   * Its pages in order. Each must be read to its end before the next is asked for.
   *
   * @throws UtmqlError SOURCE_UNAVAILABLE (retryable), SOURCE_REFUSED, SOURCE_MALFORMED, CANCELLED; after the pages that
   *   came before
   */
  pages(call: PagesCall): AsyncIterable<Page>;
  /**
   * Makes what reads the pages of one run, in their order: an element may say again what others before it said.
   *
   * @returns the raw records of one page, in the field names of the contract; what is no object stays as it is. The same pages
   *   give the same records at any time. Throws UtmqlError SOURCE_MALFORMED; whatever `body` throws
   */
  reader(): (page: PageBody) => AsyncIterable<MappedBatch>;
  /** `open`: the source failed several times in a row and is left alone for a while. */
  state(): BreakerState;
}
