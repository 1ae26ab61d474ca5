import {
  type AdField,
  type AdPerformance,
  adFigures,
  createAdPerformanceNormaliser,
} from './ad-performance.ts';
import { createDateFields } from './date-fields.ts';
import type { Day } from './day.ts';
import type { FieldRules } from './field-rules.ts';
import { normalise, Repairs } from './outcome.ts';

/** What is readable of a rejected record: its key, only its day, or nothing. */
export type RejectedKey<T> = { readonly keyed: T } | { readonly day: Day } | 'nothing';

const noFigures = { ...Object.fromEntries(adFigures.map((name) => [name, 0])), updated_at: null };

/**
 * Returns a function that reads the key or day of rejected ads rows, by the rules of their source. The figures of a keyed row are
 * 0.
 */
export function createRejectedAdKeyReader(rules: FieldRules): (raw: unknown) => RejectedKey<AdPerformance> {
  const normaliseAd = createAdPerformanceNormaliser(rules);
  const read = createDateFields<AdField>(rules);
  const unnoted = new Repairs();
  return (raw) => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return 'nothing';
    const keyed = normaliseAd({ ...raw, ...noFigures }, unnoted);
    if ('record' in keyed) return { keyed: keyed.record };
    const dated = normalise(raw, unnoted, (fields) => ({ day: read.day(fields, 'date') }));
    return 'record' in dated ? dated.record : 'nothing';
  };
}
