import type { CsvHeaderOptions } from '../../formats/csv/header.ts';
import type { RecordBatch } from '../../formats/feed/record-batch.ts';
import type { JsonObject } from '../../formats/json/parse.ts';
import type { FailureClassifier } from '../../http-client/failure-classifier.ts';
import type { PlatformRecords } from '../mapping/record-mapper.ts';
import type { SourceKind } from '../mapping/source-kind.ts';
import type { PageBody } from '../pagination/page.ts';
import type { Pagination } from '../pagination/pagination.ts';
import type { SearchWindow } from '../windows/window.ts';
import type { ShortForm } from './short-forms/short-form.ts';

/** Settings of a source that change how its pages are read. */
interface ReadSettings {
  /** Keys that lead to the array of elements. */
  readonly records: readonly string[];
  /** How CSV is laid out. */
  readonly csv: CsvHeaderOptions;
  /** Returns a text of the source without secrets. */
  readonly hide: (text: string) => string;
}

/**
 * A platform's defaults: where the elements of a page are, and how each maps to the field names of the record contract. Pure;
 * the sources file can override everything for a source.
 */
export interface Adapter extends PlatformRecords {
  readonly name: string;
  /** The kinds of records that it supports. */
  readonly kinds: readonly SourceKind[];
  /** Keys that lead to the array of elements of a page. Default: the envelope of the kind. */
  readonly records?: readonly string[];
  /** Streams the elements of a page. Default: reads the JSON array of a buffered page. */
  readonly read?: (page: PageBody, settings: ReadSettings) => AsyncIterable<RecordBatch>;
  /** The platform omits figures that are 0, so a missing figure is no error. */
  readonly omitsZeros?: true;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly pagination?: Pagination;
  /** Path of the total number of results in a page. */
  readonly total?: readonly string[];
  /** How to continue where the platform limits the results of one search. */
  readonly window?: (request: {
    readonly url: string;
    readonly bodies: readonly string[];
  }) => SearchWindow | undefined;
  /** Sends `since` and `until` as parameters of these names unless the settings use them elsewhere. */
  readonly sendsRange?: true;
  /** Days that the first run requests, on platforms that require a range. */
  readonly backfillDays?: number;
  /** Days for which the platform keeps attributing conversions and correcting spend. Default 7. */
  readonly restatesDays?: number;
  /** Longest range of one request, in days. */
  readonly daysPerRequest?: number;
  /** Expands a source that is configured by its account alone. */
  readonly shortForm?: ShortForm;
  /**
   * Creates a test for the elements of one run, in order: true if an element sums up earlier ones, which it would count
   * twice.
   */
  readonly createRollupTest?: () => (element: JsonObject) => boolean;
  /** Recognises the platform's own signals of throttling and failure. */
  readonly classifyFailure?: FailureClassifier;
}
