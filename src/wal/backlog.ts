import { endOf, type Segment, waitingIn } from './segment.ts';

const windowMs = 10_000;

/** The recent rate at which records are released. */
export interface DrainRate {
  note(records: number): void;
  /** Returns the seconds until `records` more are released, from 1 to 30. */
  secondsFor(records: number): number;
}

/** @param now returns monotonic milliseconds */
export function createDrainRate(now: () => number): DrainRate {
  const startedAt = now();
  let releases: { readonly at: number; readonly records: number }[] = [];

  const perSecond = (): number => {
    const at = now();
    releases = releases.filter((release) => at - release.at < windowMs);
    const records = releases.reduce((sum, release) => sum + release.records, 0);
    const seconds = Math.min(windowMs, Math.max(1_000, at - startedAt)) / 1_000;
    return records / seconds;
  };

  return {
    note(records) {
      releases.push({ at: now(), records });
      // Removes old entries: `secondsFor` is called only if the buffer is full.
      if (releases.length > 1_000) perSecond();
    },
    secondsFor: (records) => Math.min(30, Math.max(1, Math.ceil(records / perSecond()))),
  };
}

/** The records that wait on disk, shared by the writer and the reader. It contains only fsynced records. */
export interface Backlog {
  /** The oldest segment first. */
  readonly segments: readonly Segment[];
  /** All records before this position are released. */
  readonly released: number;
  /** Number of records that wait. */
  readonly records: number;
  /** When the oldest record that waits was appended, in epoch milliseconds. */
  readonly oldestAt: number | undefined;
  /** Number of corrupt records found. */
  readonly corrupt: number;
  /** Returns the bytes of all segments on disk. */
  diskBytes(): number;
  /** Returns the position after the last record, or `released` if that is greater. */
  end(): number;
  /** Adds `count` records that `segment` already contains, the first of them appended at `time`. */
  add(segment: Segment, count: number, time: number): void;
  /**
   * Releases everything before `position`. `oldest` is the first record that still waits, if any. Returns the number of released
   * records.
   */
  release(position: number, oldest: Oldest | undefined): number;
  /** Removes the first segment, whose file no longer exists. */
  dropFirst(): void;
  /** Counts corrupt bytes once, however often they are found. Returns true the first time. */
  noteCorrupt(segment: Segment, range: { readonly from: number; readonly records: number }): boolean;
}

/** The first record that waits. */
export interface Oldest {
  readonly segment: Segment;
  readonly offset: number;
  readonly index: number;
  readonly time: number;
}

export function createBacklog(start: {
  segments: readonly Segment[];
  released: number;
  oldestAt: number | undefined;
  corrupt: number;
}): Backlog {
  const segments = [...start.segments];
  let released = start.released;
  let records = segments.reduce((sum, segment) => sum + waitingIn(segment), 0);
  let oldestAt = start.oldestAt;
  let corrupt = start.corrupt;
  /** Bytes of all segments except the last, which alone can change. */
  let sealedBytes = segments.slice(0, -1).reduce((sum, segment) => sum + segment.diskBytes, 0);

  return {
    segments,
    get released() {
      return released;
    },
    get records() {
      return records;
    },
    get oldestAt() {
      return oldestAt;
    },
    get corrupt() {
      return corrupt;
    },
    diskBytes: () => sealedBytes + (segments.at(-1)?.diskBytes ?? 0),
    end() {
      const last = segments.at(-1);
      return last === undefined ? released : Math.max(released, endOf(last));
    },
    add(segment, count, time) {
      if (segments.at(-1) !== segment) {
        sealedBytes += segments.at(-1)?.diskBytes ?? 0;
        segments.push(segment);
      }
      if (records === 0) oldestAt = time;
      records += count;
    },
    release(position, oldest) {
      const before = records;
      for (const segment of segments) {
        if (segment === oldest?.segment) {
          segment.next = { offset: oldest.offset, index: oldest.index };
          break;
        }
        segment.next = { offset: segment.size, index: segment.records };
      }
      released = position;
      records = segments.reduce((sum, segment) => sum + waitingIn(segment), 0);
      oldestAt = oldest?.time;
      return before - records;
    },
    dropFirst() {
      const dropped = segments.shift();
      if (segments.length > 0) sealedBytes -= dropped?.diskBytes ?? 0;
    },
    noteCorrupt(segment, { from, records: lost }) {
      if (segment.lost.has(from)) return false;
      segment.lost.set(from, lost);
      corrupt += Math.max(1, lost);
      // These records were counted as waiting until now.
      if (from >= segment.next.offset) records -= lost;
      return true;
    },
  };
}

/** Records in the order in which they were appended. */
export interface Buffered {
  readonly payloads: readonly Buffer[];
  /** The position after the last record; the argument for `release`. */
  readonly end: number;
}
