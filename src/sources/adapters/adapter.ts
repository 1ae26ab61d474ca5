import type { CsvHeaderOptions } from '../../formats/csv/header.ts';
import type { RecordBatch } from '../../formats/feed/record-batch.ts';
import type { Raw } from '../../formats/json/parse.ts';
import type { Judge } from '../../http-client/verdict.ts';
import type { PlatformRecords } from '../mapping/record-mapper.ts';
import type { SourceKind } from '../mapping/source-kind.ts';
import type { PageBody } from '../pagination/page.ts';
import type { Pagination } from '../pagination/pagination.ts';
import type { Window } from '../windows/window.ts';
import type { ShortForm } from './short-forms/short-form.ts';

/** How a source's own settings change the reading of its pages. */
interface ReadSettings {
  /** Keys that lead to the array of elements. */
  readonly records: readonly string[];
  /** How CSV is laid out. */
  readonly csv: CsvHeaderOptions;
}

/**
 * What utmql knows of a platform: where the elements of a page are, and what each one says in the field names of the record
 * contract. Pure; everything in it can be changed for a source by the sources file.
 */
export interface Adapter extends PlatformRecords {
  readonly name: string;
  /** The kinds of records that it can give. */
  readonly kinds: readonly SourceKind[];
  /** Keys that lead to the array of elements of a page. Default: the envelope of the kind. */
  readonly records?: readonly string[];
  /** How the elements of a page are read, as a stream. Default: an array of JSON in a page that is held. */
  readonly read?: (page: PageBody, settings: ReadSettings) => AsyncIterable<RecordBatch>;
  /** Leaves out figures that are 0, so that a missing one says nothing. */
  readonly omitsZeros?: true;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly pagination?: Pagination;
  /** Where a page tells how many results there are in all. */
  readonly total?: readonly string[];
  /** How to go on where the platform ends a search of such a request. */
  readonly window?: (request: {
    readonly url: string;
    readonly bodies: readonly string[];
  }) => Window | undefined;
  /** Whether `since` and `until` are sent as parameters of these names when nothing else mentions them. */
  readonly sendsRange?: true;
  /** How many days the first run asks for, of platforms that want a range. */
  readonly backfillDays?: number;
  /** For how many days the platform goes on attributing conversions and correcting spend. Default 7. */
  readonly restatesDays?: number;
  /** The longest range that the platform answers at once. */
  readonly daysPerRequest?: number;
  /** How a source is configured by its account alone. */
  readonly shortForm?: ShortForm;
  /**
   * Makes what tells of the elements of one run, in their order, whether one sums up others that came before it: it would
   * count them twice.
   */
  readonly repeats?: () => (element: Raw) => boolean;
  /** The platform's own signs of throttling and failure. */
  readonly judge?: Judge;
}
