import type { Day } from '../records/day.ts';

/** One record as it stands in a feed. */
export type FeedRecord = Readonly<Record<string, unknown>>;

/** A record and the day it truly belongs to, which its own date may no longer tell. */
export interface DatedRecord {
  readonly day: Day;
  readonly record: FeedRecord;
}
