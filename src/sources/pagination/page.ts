import type { Logger } from '../../logger.ts';
import type { Day } from '../../records/day.ts';

/** Bytes of a page, decompressed, and what they are said to be. */
export interface PageBody {
  readonly body: AsyncIterable<Uint8Array>;
  readonly contentType: string | undefined;
}

/** One answer of a source, or one file. */
export interface Page extends PageBody {
  /** Where it came from, for logs and errors; without parameters and secrets. */
  readonly label: string;
}

/** The days that a source is asked for, the last one included. */
export interface AskedRange {
  readonly since?: Day | undefined;
  readonly until?: Day | undefined;
}

export interface PagesCall extends AskedRange {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly requestId?: string | undefined;
}
