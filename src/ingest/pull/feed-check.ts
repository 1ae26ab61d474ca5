import { UtmqlError } from '../../errors.ts';
import { exceedsMaxRejects, type FeedRules } from '../../sources/mapping/feed-rules.ts';
import { MissingColumns } from '../../sources/mapping/missing-columns.ts';
import type { IngestMode } from '../runs/run.ts';

/** Watches whether a feed still has the shape that its source was configured for. */
export interface FeedCheck {
  /** @param raw a record that could be read, in the field names of the contract */
  see(raw: unknown): void;
  /**
   * Call it when the feed has ended.
   *
   * @param feed `unreadable`: those rejected for what they say; `read`: all that came
   * @throws UtmqlError SOURCE_MALFORMED: nothing may be written
   */
  verify(feed: { mode: IngestMode; read: number; unreadable: number }): void;
}

export function createFeedCheck(rules: FeedRules): FeedCheck {
  const watch = new MissingColumns(rules.required);

  return {
    see: (raw) => watch.observe(raw),
    verify({ mode, read, unreadable }) {
      if (read > 0 && unreadable === read) {
        throw refused(
          `None of the ${read} records could be read; \`rejectedRecords\` has each with its reason.`,
        );
      }
      if (mode === 'replace' && exceedsMaxRejects(rules.maxRejects, unreadable, read)) {
        throw refused(
          `${unreadable} of ${read} records could not be read, more than the source’s max_rejects allows; \`rejectedRecords\` has each with its reason.`,
        );
      }
      const { recordCount, missing, columns } = watch;
      if (recordCount > 0 && !watch.isComplete) {
        throw refused(
          `No record has ${missing}; the columns that have values: ${columns.join(', ')}. ${watch.remedy('source', 'feed')}`,
        );
      }
    },
  };
}

const refused = (sentence: string): UtmqlError => new UtmqlError('SOURCE_MALFORMED', sentence);
