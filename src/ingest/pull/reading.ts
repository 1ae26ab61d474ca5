import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Remains } from '../../records/ad-remains.ts';
import type { Day } from '../../records/day.ts';
import type { Outcome, Repairs } from '../../records/outcome.ts';
import { refuseDay, type TakenDays } from '../../records/taken-days.ts';
import { rejectOf } from '../malformed-reject.ts';
import type { RejectWriter } from '../reject-writer.ts';
import type { IngestRun } from '../run.ts';
import { leftOut } from '../sources/left-out.ts';
import type { Source } from '../sources/source.ts';
import type { Stage } from '../staging/stage.ts';
import type { FeedCheck } from './feed-check.ts';
import type { FeedShape } from './feed-shape.ts';
import type { RawLanding, RawPage } from './raw-landing.ts';
import { createUnclearDays, type UnclearDays } from './unclear-days.ts';

/** How often a running run tells how far it is. */
const progressEveryMs = 500;
/** How long a feed rests after a batch, which takes about as long to read, while callers' queries are at work. */
const restMs = 10;

/** What differs between the kinds of record. */
export interface PulledKind<T extends { readonly day: Day }> {
  normalise(raw: unknown, repairs: Repairs): Outcome<T>;
  readonly stage: Stage<T>;
  /** What can still be read of a rejected record. */
  remainsOf(raw: unknown): Remains<T>;
  /** Leaves what is stored of a record as it is. */
  keep(record: T): void;
}

export interface ReadingOptions<T extends { readonly day: Day }> {
  readonly source: Source;
  readonly run: IngestRun;
  readonly kind: PulledKind<T>;
  readonly pages: AsyncIterable<RawPage>;
  readonly landing: RawLanding | undefined;
  readonly taken: TakenDays;
  readonly rejects: RejectWriter;
  readonly repairs: Repairs;
  readonly check: FeedCheck;
  readonly shape: FeedShape;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Whether callers wait for queries: the feed gives way to them. */
  readonly queriesAtWork: () => boolean;
  /** Called from time to time while the feed is read. */
  readonly onProgress: () => void;
}

/** How much of a feed has been read. */
export interface ReadCounts {
  readonly records: number;
  readonly bytes: number;
  /** Records of days that were not asked for. */
  readonly outsideRange: number;
  /** Records that the source's settings leave out. */
  readonly leftOut: number;
}

/** One run's reading of its feed: each record is staged, rejected, or left aside and counted. */
export interface Reading {
  readonly counts: ReadCounts;
  /** Days of which some record came that could not be read, not even its key. */
  readonly unclearDays: UnclearDays['days'];
  /** Reads the feed to its end; what came before an error is staged. */
  read(): Promise<void>;
}

export function createReading<T extends { readonly day: Day }>(options: ReadingOptions<T>): Reading {
  const { source, run, kind, taken, rejects, repairs, check, shape } = options;
  const { stage } = kind;
  const counts = { records: 0, bytes: 0, outsideRange: 0, leftOut: 0 };
  const unclear = createUnclearDays();
  const since = run.since ?? Number.NEGATIVE_INFINITY;
  const until = run.until ?? Number.POSITIVE_INFINITY;
  const isAsked = (day: Day): boolean => day >= since && day <= until;

  /** With `replace`, what is missing from the feed is gone; what came and could not be read is not missing. */
  const salvage = (raw: unknown): void => {
    const remains = kind.remainsOf(raw);
    if (remains === 'nothing') unclear.addAll();
    else if ('day' in remains) unclear.add(remains.day);
    else if (isAsked(remains.keyed.day) && refuseDay(remains.keyed.day, taken) === undefined) {
      kind.keep(remains.keyed);
    }
  };

  /** @param element what the record was read from: that is what came */
  const take = (raw: unknown, element: unknown, position: number): void => {
    if (raw === leftOut) {
      counts.leftOut += 1;
      return;
    }
    shape.see(raw);
    const outcome = kind.normalise(raw, repairs);
    if ('reject' in outcome) {
      rejects.add(position, element, outcome.reject);
      if (run.mode === 'replace' && outcome.reject.reason !== 'totals_row') salvage(raw);
      return;
    }
    if (!isAsked(outcome.record.day)) {
      check.see(raw);
      counts.outsideRange += 1;
      return;
    }
    const reject = refuseDay(outcome.record.day, taken);
    if (reject !== undefined) {
      rejects.add(position, element, reject);
      return;
    }
    check.see(raw);
    stage.add(outcome.record);
  };

  const recordsOf = source.reader();

  const readPage = async (page: RawPage, before: number, reportedAt: { ms: number }): Promise<number> => {
    let position = before;
    for await (const batch of recordsOf(page)) {
      counts.bytes += batch.bytes;
      counts.records += batch.records.length + batch.malformed.length;
      for (const broken of batch.malformed) {
        position = Math.max(position, before + broken.position);
        rejects.add(before + broken.position, broken.text, rejectOf(broken));
        unclear.addAll();
      }
      for (let index = 0; index < batch.records.length; index++) {
        position = before + batch.firstPosition + index;
        take(batch.records[index], batch.elements[index], position);
        if (stage.full) await stage.send();
      }
      await rejects.send();
      // Bytes that have come already would be read without a pause, and callers of the API would wait for so long.
      await (options.queriesAtWork() ? delay(restMs) : nextTurn());
      if (options.now() - reportedAt.ms >= progressEveryMs) {
        reportedAt.ms = options.now();
        options.onProgress();
      }
    }
    return position;
  };

  return {
    counts,
    get unclearDays() {
      return unclear.days;
    },
    async read() {
      const reportedAt = { ms: options.now() };
      let pageNumber = 0;
      // Positions count through all pages.
      let position = 0;
      for await (const page of options.pages) {
        options.signal.throwIfAborted();
        const body = options.landing?.keep(run, pageNumber, page) ?? page.body;
        pageNumber += 1;
        position = await readPage({ ...page, body }, position, reportedAt);
      }
    },
  };
}
