import { toUtmqlError, UtmqlError } from '../errors.ts';
import type { PulledKind, StoredRecord } from '../ingest/kinds/kind.ts';
import { pulledKinds, type Records } from '../ingest/kinds/kinds.ts';
import { createFeedCheck } from '../ingest/pull/feed-check.ts';
import { readPages } from '../ingest/pull/read-pages.ts';
import { createJudge } from '../ingest/pull/verdict.ts';
import { rejectOf } from '../ingest/rejects/reject-writer.ts';
import type { AcceptedDays } from '../records/accepted-days.ts';
import type { Day } from '../records/day.ts';
import { type Reject, Repairs } from '../records/outcome.ts';
import type { SourceKind } from '../sources/mapping/source-kind.ts';
import type { PagesCall } from '../sources/pagination/page.ts';
import type { Source } from '../sources/source.ts';

/** How many records are shown of each kind. */
const maxSamples = 10;

/** A day of a large account; the rest of a larger one is not compared for rows with one key. */
const maxCompared = 200_000;

/** A record as it came, and what becomes of it. */
export interface Sample<Result> {
  readonly position: number;
  /** An element as it was parsed, or the text of one that could not be. */
  readonly came: unknown;
  readonly result: Result;
  /** The contact as the source has it, which is not to be shown. */
  readonly contact: string | undefined;
}

/** A record of a kind that sources have. */
export type TriedRecord = Records[SourceKind];

/** What reading one day of a source gave. */
export interface Trial {
  readonly day: Day;
  /** The first that would be stored. */
  readonly taken: readonly Sample<TriedRecord>[];
  /** The first that could not be read. */
  readonly rejected: readonly Sample<Reject>[];
  readonly counts: {
    readonly read: number;
    readonly taken: number;
    readonly leftOut: number;
    readonly otherDays: number;
    readonly rejected: Readonly<Record<string, number>>;
    readonly repairs: Readonly<Record<string, number>>;
    readonly unknownFields: Readonly<Record<string, number>>;
  };
  /** Why reading ended before the end. */
  readonly error: UtmqlError | undefined;
  /** Why a run that reads the same would change nothing. */
  readonly refusal: UtmqlError | undefined;
}

/** Reads one day of a source to its end, as a run does, and stores nothing. */
export function trySource(source: Source, options: TrialOptions): Promise<Trial> {
  const tryOf = <Name extends SourceKind>(name: Name): Promise<Trial> =>
    tryKind<Records[Name]>(source, pulledKinds[name], options);
  return tryOf(source.kind);
}

type TrialOptions = Pick<PagesCall, 'signal' | 'logger'> & { day: Day; takenDays: AcceptedDays };

async function tryKind<T extends StoredRecord & TriedRecord>(
  source: Source,
  { createNormaliser, folding }: PulledKind<T>,
  { day, takenDays, ...call }: TrialOptions,
): Promise<Trial> {
  const normalise = createNormaliser({ ...source.rules, now: () => 0, makeId: () => '' });
  const repairs = new Repairs();
  const check = createFeedCheck(source.feed);
  const rows: T[] = [];
  const taken: Sample<T>[] = [];
  const rejected: Sample<Reject>[] = [];
  const rejects = new Map<string, number>();
  const counts = { read: 0, taken: 0, leftOut: 0, otherDays: 0 };

  const reject = (sample: Sample<Reject>): void => {
    const { reason } = sample.result;
    rejects.set(reason, (rejects.get(reason) ?? 0) + 1);
    if (rejected.length < maxSamples) rejected.push(sample);
  };
  const judge = createJudge({
    normalise,
    repairs,
    check,
    // A CRM is asked for what was changed on the day, whenever it was made.
    isAsked: (of) => source.kind === 'opportunity' || of === day,
    taken: takenDays,
  });
  const take = (position: number, came: unknown, raw: unknown): void => {
    const verdict = judge(raw);
    switch (verdict.is) {
      case 'taken': {
        const { record } = verdict;
        if (folding !== undefined && rows.length < maxCompared) rows.push(record);
        counts.taken += 1;
        if (taken.length < maxSamples)
          taken.push({ position, came, result: record, contact: contactOf(raw) });
        return;
      }
      case 'left out':
        counts.leftOut += 1;
        return;
      case 'outside':
        counts.otherDays += 1;
        return;
      case 'refused':
      case 'unreadable':
        reject({ position, came, result: verdict.reject, contact: contactOf(raw) });
        return;
      default:
        verdict satisfies never;
    }
  };

  let error: UtmqlError | undefined;
  try {
    const pages = source.pages({ ...call, since: day, until: day });
    for await (const batch of readPages(pages, source.reader())) {
      const { records, elements, firstPosition, malformed } = batch;
      counts.read += records.length + malformed.length;
      for (const [index, raw] of records.entries()) take(firstPosition + index, elements[index], raw);
      for (const broken of malformed) {
        const { position, text } = broken;
        reject({ position, came: text, result: rejectOf(broken), contact: undefined });
      }
    }
  } catch (thrown) {
    error = toUtmqlError(thrown, 'The source could not be read for a reason that is not known.');
  }
  const byReason = Object.fromEntries(rejects);
  return {
    day,
    taken,
    rejected,
    counts: {
      ...counts,
      rejected: byReason,
      repairs: repairs.toRecord(),
      unknownFields: repairs.unknownFields(),
    },
    error,
    refusal:
      error === undefined
        ? refusalOf(source, counts.read, byReason, check, () => folding?.conflictOf(rows, source.name))
        : undefined,
  };
}

function refusalOf(
  source: Source,
  read: number,
  { beyond_retention: _readable, ...unreadable }: Readonly<Record<string, number>>,
  check: ReturnType<typeof createFeedCheck>,
  conflict: () => UtmqlError | undefined,
): UtmqlError | undefined {
  const mode = source.defaultMode;
  try {
    check.verify({
      mode,
      read,
      unreadable: Object.values(unreadable).reduce((sum, count) => sum + count, 0),
    });
  } catch (error) {
    if (error instanceof UtmqlError) return error;
    throw error;
  }
  const duplicates = source.feed.duplicates ?? (mode === 'replace' ? 'fail' : 'last');
  return duplicates === 'fail' ? conflict() : undefined;
}

function contactOf(raw: unknown): string | undefined {
  if (typeof raw !== 'object' || raw === null || !('contact_email' in raw)) return undefined;
  const { contact_email: contact } = raw;
  return typeof contact === 'string' && contact.trim() !== '' ? contact : undefined;
}
