import { setTimeout as delay } from 'node:timers/promises';
import { leftOut } from '../../formats/feed/left-out.ts';
import { loopTurn } from '../../loop-turns.ts';
import { type AcceptedDays, dayRejection } from '../../records/accepted-days.ts';
import type { Day } from '../../records/day.ts';
import type { Reject, Repairs } from '../../records/outcome.ts';
import type { MappedBatch } from '../../sources/mapping/map-batches.ts';
import type { Source } from '../../sources/source.ts';
import type { Pulled, StoredRecord } from '../kinds/kind.ts';
import { type RejectWriter, rejectOf } from '../rejects/reject-writer.ts';
import type { IngestRun } from '../runs/run.ts';
import type { FeedCheck } from './feed-check.ts';
import type { FeedShape } from './feed-shape.ts';
import type { RawLanding, RawPage } from './raw-landing.ts';
import { readPages } from './read-pages.ts';
import { createUnclearDays, type UnclearDays } from './unclear-days.ts';
import { createJudge } from './verdict.ts';

/** How often a running run tells how far it is. */
const progressEveryMs = 500;
/** A feed is read for so long at a time, and then rests for as long while callers' queries are at work. */
const sliceMs = 10;

export interface ReadingOptions<T extends StoredRecord> {
  readonly source: Source;
  readonly run: IngestRun;
  readonly pulled: Pulled<T>;
  readonly pages: AsyncIterable<RawPage>;
  readonly landing: RawLanding | undefined;
  readonly taken: AcceptedDays;
  readonly rejects: RejectWriter;
  /** Reads what a rejected record is known by, as `storedKey` has it. */
  readonly keyOfRejected: (raw: unknown) => string | undefined;
  /** Called with each record that is staged. */
  readonly onTaken: (record: T) => void;
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
interface ReadCounts {
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

export function createReading<T extends StoredRecord>(options: ReadingOptions<T>): Reading {
  const { source, run, pulled, taken, rejects, repairs, check, shape } = options;
  const { stage } = pulled;
  const counts = { records: 0, bytes: 0, outsideRange: 0, leftOut: 0 };
  const unclear = createUnclearDays();
  const since = run.since ?? Number.NEGATIVE_INFINITY;
  const until = run.until ?? Number.POSITIVE_INFINITY;
  const isAsked = (day: Day): boolean => day >= since && day <= until;

  /** With `replace`, what is missing from the feed is gone; what came and could not be read is not missing. */
  const salvage = (raw: unknown): void => {
    const remains = pulled.remainsOf(raw);
    if (remains === 'nothing') unclear.addAll();
    else if ('day' in remains) unclear.add(remains.day);
    else if (isAsked(remains.keyed.day) && dayRejection(remains.keyed.day, taken) === undefined) {
      pulled.keep(remains.keyed);
    }
  };

  const judge = createJudge({ normalise: pulled.normalise, repairs, check, isAsked, taken });

  const reject = (batch: MappedBatch, index: number, why: Reject): void =>
    rejects.add(batch.firstPosition + index, batch.originalAt(index), why, {
      key: options.keyOfRejected(batch.records[index]),
    });

  const take = (batch: MappedBatch, index: number): void => {
    const raw = batch.records[index];
    if (raw !== leftOut) shape.see(raw);
    const verdict = judge(raw);
    switch (verdict.is) {
      case 'taken':
        stage.add(verdict.record);
        options.onTaken(verdict.record);
        return;
      case 'left out':
        counts.leftOut += 1;
        return;
      case 'outside':
        counts.outsideRange += 1;
        return;
      case 'refused':
        reject(batch, index, verdict.reject);
        return;
      case 'unreadable':
        reject(batch, index, verdict.reject);
        if (run.mode === 'replace' && verdict.reject.reason !== 'totals_row') salvage(raw);
        return;
      default:
        verdict satisfies never;
    }
  };

  /** The pages as they are read: each is kept for a replay while it passes. */
  async function* landed(): AsyncGenerator<RawPage> {
    let pageNumber = 0;
    for await (const page of options.pages) {
      options.signal.throwIfAborted();
      yield { ...page, body: options.landing?.keep(run, pageNumber, page) ?? page.body };
      pageNumber += 1;
    }
  }

  return {
    counts,
    get unclearDays() {
      return unclear.days;
    },
    async read() {
      let reportedAt = options.now();
      let turnedAt = performance.now();
      for await (const batch of readPages(landed(), source.reader())) {
        counts.bytes += batch.bytes;
        counts.records += batch.records.length + batch.malformed.length;
        for (const broken of batch.malformed) {
          rejects.add(broken.position, broken.text, rejectOf(broken));
          unclear.addAll();
        }
        for (let index = 0; index < batch.records.length; index++) {
          take(batch, index);
          if (stage.full) await stage.send();
        }
        await rejects.send();
        // Bytes that have come already would be read without a pause, and callers of the API would wait for so long.
        if (performance.now() - turnedAt >= sliceMs) {
          await (options.queriesAtWork() ? delay(sliceMs) : loopTurn());
          turnedAt = performance.now();
        }
        if (options.now() - reportedAt >= progressEveryMs) {
          reportedAt = options.now();
          options.onProgress();
        }
      }
    },
  };
}
