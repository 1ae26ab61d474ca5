import { UtmqlError } from '../../errors.ts';
import { FigureWatch } from '../../sources/mapping/figure-watch.ts';
import { exceeds, type FeedRules } from '../../sources/settings/feed-rules.ts';
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
  const figures = new FigureWatch(rules.requiredFigures);

  return {
    see: (raw) => figures.see(raw),
    verify({ mode, read, unreadable }) {
      if (read > 0 && unreadable === read) {
        throw refused(
          `None of the ${read} records could be read; \`rejectedRecords\` has each with its reason.`,
        );
      }
      if (mode === 'replace' && exceeds(rules.maxRejects, unreadable, read)) {
        throw refused(
          `${unreadable} of ${read} records could not be read, more than the source’s max_rejects allows; \`rejectedRecords\` has each with its reason.`,
        );
      }
      const { seen, missing, columns } = figures;
      if (seen > 0 && missing.length > 0) {
        throw refused(
          `No record has the figure ${missing.join(', ')}; the columns that have values: ${columns.join(', ')}. Set \`fields\` of the source to what the column is called now, or \`defaults\` where the feed has none.`,
        );
      }
    },
  };
}

const refused = (sentence: string): UtmqlError => new UtmqlError('SOURCE_MALFORMED', sentence);
