import { leftOut } from '../../formats/feed/left-out.ts';
import { type AcceptedDays, dayRejection } from '../../records/accepted-days.ts';
import type { Day } from '../../records/day.ts';
import type { Outcome, Reject, Repairs } from '../../records/outcome.ts';
import type { FeedCheck } from './feed-check.ts';

/** What becomes of a record of a feed. */
export type Verdict<T> =
  | { readonly is: 'taken'; readonly record: T }
  | { readonly is: 'unreadable'; readonly reject: Reject }
  /** Of a day that is kept no more, or not yet. */
  | { readonly is: 'refused'; readonly reject: Reject }
  /** Of a day that was not asked for. */
  | { readonly is: 'outside' }
  /** By the source's settings. */
  | { readonly is: 'left out' };

const aside: Verdict<never> = { is: 'left out' };
const outside: Verdict<never> = { is: 'outside' };

/** Makes what decides on each record of a feed, as a run does and whoever only tries a source. */
export function createJudge<T extends { readonly day: Day }>(options: {
  readonly normalise: (raw: unknown, repairs: Repairs) => Outcome<T>;
  readonly repairs: Repairs;
  /** Sees what could be read, of whatever day. */
  readonly check: Pick<FeedCheck, 'see'>;
  readonly isAsked: (day: Day) => boolean;
  readonly taken: AcceptedDays;
}): (raw: unknown) => Verdict<T> {
  const { normalise, repairs, check, isAsked, taken } = options;
  return (raw) => {
    if (raw === leftOut) return aside;
    const outcome = normalise(raw, repairs);
    if ('reject' in outcome) return { is: 'unreadable', reject: outcome.reject };
    const { record } = outcome;
    const isOutside = !isAsked(record.day);
    const reject = isOutside ? undefined : dayRejection(record.day, taken);
    if (reject !== undefined) return { is: 'refused', reject };
    check.see(raw);
    return isOutside ? outside : { is: 'taken', record };
  };
}
