import { type AcceptedDays, dayRejection } from '../../records/accepted-days.ts';
import type { RecordKind } from '../../records/contract.ts';
import { millisecondsPerDay } from '../../records/day.ts';
import type { OpportunityRules } from '../../records/opportunity.ts';
import { type Outcome, Repairs } from '../../records/outcome.ts';
import type { Clock } from '../../time.ts';
import type { Kind, KindRules, Normalise } from './kind.ts';
import { type KindRecord, kinds, type Records } from './kinds.ts';

/** For how many days each kind is kept, and how far ahead a day may be: the environment variables of these names. */
export interface AcceptedAges {
  readonly DATA_RETENTION_DAYS: number;
  readonly EVENT_RETENTION_DAYS: number;
  readonly MAX_FUTURE_DAYS: number;
}

/** The days that records of a kind can be of. @param now epoch milliseconds */
export const acceptedDays = (
  { retention: by }: Pick<Kind<never>, 'retention'>,
  ages: AcceptedAges,
  now: number,
): AcceptedDays => ({
  today: Math.floor(now / millisecondsPerDay),
  kept: by && { days: ages[by], by },
  maxFutureDays: ages.MAX_FUTURE_DAYS,
});

/** Makes the id of an event that has none. */
export interface IdMaker {
  make(): string;
  /** The event gets the same id when it is sent again. */
  readonly isRepeatable: boolean;
}

/** Repairs that are counted only once the record has passed every test, that of its age included. */
export class HeldRepairs extends Repairs {
  override keep(): void {
    // The normaliser's word is not the last.
  }

  settle(isAccepted: boolean): void {
    if (isAccepted) super.keep();
    else this.drop();
  }
}

/** Whose records they are, which says by which rules they are read. */
export interface NormalisedFrom {
  readonly workspace: string;
  readonly source: string;
  /** Rules of a push of its own; undefined: those of the source. */
  readonly rules?: OpportunityRules | undefined;
}

export interface Normalisers {
  /** Raw in, a record or the reason against it out; what is older than its kind is kept for, or too far ahead, is refused. */
  normalise(
    kind: RecordKind,
    from: NormalisedFrom,
    raw: unknown,
    repairs: HeldRepairs,
    ids: IdMaker,
  ): Outcome<KindRecord>;
  /** Reads what a rejected record is known by, as its kind's `keyOf` has it; undefined where that cannot be read. */
  keyOfRejected(kind: RecordKind, from: NormalisedFrom, raw: unknown): string | undefined;
}

/** Normalisers by kind and rules, made when first needed: each caches what it has read before. */
export function createNormalisers(options: {
  /** By which rules the records of a source are read now; of `push`, those that are pushed. */
  rulesOf: (workspace: string, source: string) => OpportunityRules;
  retention: AcceptedAges;
  clock: Clock;
}): Normalisers {
  const { rulesOf, retention, clock } = options;
  const known = new WeakMap<OpportunityRules, Map<RecordKind, ReadersOfKind>>();
  let currentIds: IdMaker | undefined;

  const readersOf = (kind: RecordKind, rules: OpportunityRules): ReadersOfKind => {
    const byKind = known.get(rules) ?? new Map<RecordKind, ReadersOfKind>();
    known.set(rules, byKind);
    const made = byKind.get(kind);
    if (made !== undefined) return made;
    const kindRules: KindRules = {
      ...rules,
      now: () => clock.now(),
      makeId: () => currentIds?.make() ?? '',
      isMadeIdRepeatable: () => currentIds?.isRepeatable === true,
    };
    const readers = {
      normalise: makeNormaliser(kind, kindRules),
      keyOfRejected: kinds[kind].createRejectedKeyReader(kindRules),
    };
    byKind.set(kind, readers);
    return readers;
  };

  const ofTakenDay = (outcome: Outcome<KindRecord>): Outcome<KindRecord> => {
    if ('reject' in outcome) return outcome;
    const { kind, record } = outcome.record;
    const reject = dayRejection(record.day, acceptedDays(kinds[kind], retention, clock.now()));
    return reject === undefined ? outcome : { reject };
  };

  return {
    normalise(kind, { workspace, source, rules }, raw, repairs, ids) {
      const { normalise } = readersOf(kind, rules ?? rulesOf(workspace, source));
      currentIds = ids;
      const outcome = ofTakenDay(normalise(raw, repairs));
      repairs.settle('record' in outcome);
      return outcome;
    },
    keyOfRejected: (kind, { workspace, source, rules }, raw) =>
      readersOf(kind, rules ?? rulesOf(workspace, source)).keyOfRejected(raw),
  };
}

interface ReadersOfKind {
  readonly normalise: Normalise<KindRecord>;
  readonly keyOfRejected: (raw: unknown) => string | undefined;
}

function makeNormaliser<Kind extends RecordKind>(kind: Kind, rules: KindRules): Normalise<KindRecord> {
  const normalise: Normalise<Records[Kind]> = kinds[kind].createNormaliser(rules);
  return (raw, repairs) => {
    const outcome = normalise(raw, repairs);
    return 'reject' in outcome ? outcome : { record: { kind, record: outcome.record } as KindRecord };
  };
}
