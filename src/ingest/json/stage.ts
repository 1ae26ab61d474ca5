import { UtmqlError } from '../../errors.ts';
import type { RecordBatches } from './record-batches.ts';

/** What every stage works with. */
export interface ReadContext {
  readonly batches: RecordBatches;
  readonly envelope: readonly string[];
  readonly maxRecordBytes: number;
}

/** What a stage made of the bytes it was shown: those it did not consume it is shown again, with more behind them. */
export interface StageResult {
  readonly consumed: number;
  /** The stage that reads on; itself to go on when more bytes have come. */
  readonly next: Stage;
}

/** One part of reading a feed. Stages throw SOURCE_MALFORMED once nothing more can be read. */
export interface Stage {
  /** Whether the last bytes were those of a record that is too long to be held, and passes by. */
  readonly passes?: boolean;
  read(bytes: Buffer): StageResult;
  /** The body ended, and `rest` was not consumed. Adds the records it holds, or throws when the body is not whole. */
  end(rest: Buffer): void;
}

/** The body can never be read as it is. */
export const malformed = (message: string): UtmqlError => new UtmqlError('SOURCE_MALFORMED', message);

/** The body stopped before its end: asking again may well bring the whole of it. */
export function cutOff(where: string, kept: number): UtmqlError {
  const remains =
    kept === 0
      ? 'no record came before it'
      : kept === 1
        ? 'the 1 record before it was kept'
        : `the ${kept} records before it were kept`;
  return new UtmqlError('SOURCE_MALFORMED', `The body ended ${where}; ${remains}.`, { retryable: true });
}
