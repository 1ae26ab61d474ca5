import type { Store } from '../../clickhouse/store.ts';
import { withLowPriority, wrapStore } from '../../clickhouse/wrap-store.ts';
import type { RollupSet } from '../../metrics/rollups/sets.ts';
import type { Day } from '../../records/day.ts';
import { type Advice, advise } from './advice.ts';
import { candidatesFor } from './candidates.ts';
import { readQuestions } from './read-questions.ts';
import { emptySample, takeSample } from './sample.ts';

/** Dashboards keep the other processors. */
const settings = { max_threads: 2 } as const;

/**
 * Says which sets of dimensions would have saved how much of what `metrics` was asked, and what they would cost.
 *
 * @param options.days so far back
 * @param options.sets those that there are
 * @param options.user of the store
 * @throws UtmqlError CONFIGURATION with a sentence for the operator; TIMEOUT or STORE_UNAVAILABLE
 */
export async function adviseRollups(options: {
  store: Store;
  sets: readonly RollupSet[];
  days: number;
  today: Day;
  user: string;
}): Promise<Advice> {
  const { sets, days, today, user } = options;
  const store = wrapStore(withLowPriority(options.store), {
    read: (call, next) => next({ ...call, settings: { ...settings, ...call.settings } }),
  });
  const asked = await readQuestions(store, { days, user });
  const candidates = candidatesFor(asked, sets);
  const dimensions = candidates.map((candidate) => candidate.dimensions);
  const sample = dimensions.length === 0 ? emptySample : await takeSample(store, dimensions, today);
  return advise({ asked, sets, candidates, sample });
}
