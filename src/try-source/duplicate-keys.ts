import type { UtmqlError } from '../errors.ts';
import { type ConflictingRow, conflictError } from '../ingest/staging/conflict-error.ts';
import type { AdPerformance } from '../records/ad-performance.ts';

/** A day of a large account; of more the rest is not compared. */
const maxKeys = 200_000;

/** Finds ads rows that have the key of another row, and say something else. */
export interface DuplicateKeys {
  see(record: AdPerformance): void;
  /** What a run would say of them. */
  conflict(source: string): UtmqlError | undefined;
}

export function createDuplicateKeys(): DuplicateKeys {
  const known = new Map<string, AdPerformance>();
  let count = 0;
  let example: readonly ConflictingRow[] = [];
  return {
    see(record) {
      const { clicks, impressions, cost, updatedAt, extra, ...key } = record;
      const text = JSON.stringify(key);
      const other = known.get(text);
      if (other === undefined) {
        if (known.size < maxKeys) known.set(text, record);
        return;
      }
      const isState = updatedAt !== other.updatedAt;
      const isSame =
        clicks === other.clicks &&
        impressions === other.impressions &&
        cost === other.cost &&
        extra === other.extra;
      if (isState || isSame) return;
      count += 1;
      if (count === 1) example = [rowOf(other), rowOf(record)];
    },
    conflict: (source) => (count === 0 ? undefined : conflictError(source, count, example)),
  };
}

const rowOf = ({ day, campaignId, clicks, impressions, cost, extra }: AdPerformance): ConflictingRow => ({
  day,
  campaign_id: campaignId,
  clicks,
  impressions,
  cost,
  extra,
});
