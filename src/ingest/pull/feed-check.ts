import { UtmqlError } from '../../errors.ts';
import type { IngestMode } from '../run.ts';
import { exceeds, type FeedRules } from '../sources/feed-rules.ts';

/** Names of columns that a sentence lists, at most. */
const maxNames = 40;

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
  const missing = new Set(rules.requiredFigures);
  const names = new Set<string>();
  let seen = 0;

  return {
    see(raw) {
      seen += 1;
      // All found, as in the first record of almost every feed: nothing is looked at any more.
      if (missing.size === 0 || typeof raw !== 'object' || raw === null) return;
      const fields = new Map(Object.entries(raw));
      for (const [name, value] of fields) if (!isMissing(value) && names.size < maxNames) names.add(name);
      for (const name of missing) if (!isMissing(fields.get(name))) missing.delete(name);
    },
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
      if (seen > 0 && missing.size > 0) {
        throw refused(
          `No record has the figure ${[...missing].join(', ')}; the columns that have values: ${[...names].join(', ')}. Set \`fields\` of the source to what the column is called now, or \`defaults\` where the feed has none.`,
        );
      }
    },
  };
}

const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');

const refused = (sentence: string): UtmqlError => new UtmqlError('SOURCE_MALFORMED', sentence);
