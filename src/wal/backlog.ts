import { endOf, type Segment, waitingIn } from './segment.ts';

const windowMs = 10_000;

/** How fast records have been released lately. */
export interface DrainRate {
  note(records: number): void;
  /** Seconds until so many more are released, 1 to 30. */
  secondsFor(records: number): number;
}

/** @param now milliseconds that only grow */
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
      // Nobody asks while there is room.
      if (releases.length > 1_000) perSecond();
    },
    secondsFor: (records) => Math.min(30, Math.max(1, Math.ceil(records / perSecond()))),
  };
}

/** What waits on disk, as the writing and the reading side both see it. Only fsynced records are in it. */
export interface Backlog {
  /** Oldest first. */
  readonly segments: readonly Segment[];
  /** Every record before this position has been released. */
  readonly released: number;
  /** Records that wait. */
  readonly records: number;
  /** When the oldest of them was appended, epoch ms. */
  readonly oldestAt: number | undefined;
  /** Corrupt records found. */
  readonly corrupt: number;
  /** Of all segments. */
  diskBytes(): number;
  /** Position behind the last record, or `released` where that is further. */
  end(): number;
  /** `count` records more, the first of them appended at `time`; the segment has them already. */
  add(segment: Segment, count: number, time: number): void;
  /** Everything before `position` is released; `oldest` is the first record that waits then, if any does. How many records that were. */
  release(position: number, oldest: Oldest | undefined): number;
  /** Its file is gone. */
  dropFirst(): void;
  /** Notes corrupt bytes once, however often they are met. True the first time. */
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
  /** Of all segments but the last one, which alone can change. */
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
      // Until now they had been taken for records that wait.
      if (from >= segment.next.offset) records -= lost;
      return true;
    },
  };
}

/** Records in the order in which they were appended. */
export interface Buffered {
  readonly payloads: readonly Buffer[];
  /** Position behind the last of them; give it to `release`. */
  readonly end: number;
}
