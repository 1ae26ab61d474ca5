import type { Logger } from '../../logger.ts';
import type { Day } from '../../records/day.ts';

/** The decompressed bytes of a page, and its Content-Type. */
export interface PageBody {
  readonly body: AsyncIterable<Uint8Array>;
  readonly contentType: string | undefined;
}

/** One response of a source, or one file. */
export interface FeedPage extends PageBody {
  /** Its origin, for logs and errors; without parameters and secrets. */
  readonly label: string;
}

/** The days requested of a source; `until` is inclusive. */
export interface AskedRange {
  readonly since?: Day | undefined;
  readonly until?: Day | undefined;
}

export interface PagesCall extends AskedRange {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly requestId?: string | undefined;
}
