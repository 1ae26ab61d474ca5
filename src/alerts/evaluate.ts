import type { Store } from '../clickhouse/store.ts';
import { resolveComparison } from '../metrics/comparison.ts';
import { createConversions } from '../metrics/currency/conversions.ts';
import type { ExchangeRates } from '../metrics/currency/exchange-rates.ts';
import { createDataPresence, withKnownComparisons } from '../metrics/data-presence.ts';
import { dataWarnings, type KeptDays } from '../metrics/data-warnings.ts';
import { createMetricsLoader } from '../metrics/loader.ts';
import { catalogueOf, type Model } from '../metrics/model.ts';
import { emptyQuery, type MetricsQuery } from '../metrics/query.ts';
import { resolveRange } from '../metrics/range.ts';
import { fieldOf } from '../metrics/registry.ts';
import { type Day, formatDay } from '../records/day.ts';
import type { Alert } from './alert.ts';

/** What an alert was found to be. */
export type Evaluation =
  | {
      readonly state: 'ok' | 'firing';
      /** The figure; of relative changes the change. */
      readonly value: number;
      readonly range: { readonly from: string; readonly to: string };
    }
  | {
      readonly state: 'unknown';
      /** A sentence. */
      readonly reason: string;
    };

export type Evaluate = (alert: Alert, requestId: string) => Promise<Evaluation>;

/** Warnings that leave nobody to say what the figure is. */
const blinding: ReadonlySet<string> = new Set(['NO_DATA', 'BEYOND_RETENTION']);

/** @returns a function that throws what `metrics` throws */
export function createEvaluate(options: {
  store: Store;
  rates: ExchangeRates;
  /** Asked for each time. */
  model: () => Model | undefined;
  reportingCurrency: string;
  retentionDays: KeptDays;
  today: () => Day;
}): Evaluate {
  const { store, rates, reportingCurrency } = options;
  return async (alert, requestId) => {
    const { workspace, measure, where, comparison, threshold } = alert;
    const model = options.model();
    const today = options.today();
    const lastDays = { last: { count: alert.lastDays, unit: 'day', includeToday: false } } as const;
    const range = resolveRange(lastDays, today, 'monday');
    const isRelative = comparison === 'rises_by' || comparison === 'falls_by';
    const requester = { workspace, requestId };
    const query: MetricsQuery = {
      ...emptyQuery,
      workspace,
      policy: undefined,
      model,
      range,
      where,
      measures: [measure],
      figures: isRelative ? ['current', 'previous', 'relativeChange'] : ['current'],
      compareTo: isRelative
        ? resolveComparison({ previousPeriod: true }, range, lastDays, {
            weekStart: 'monday',
            grouped: false,
          })
        : undefined,
      wants: { rows: false, totals: true, totalCount: false },
      conversion: await createConversions({ rates, requester, reportingCurrency }).into(undefined),
    };
    const loader = createMetricsLoader(store);
    const presence = createDataPresence(store, loader);
    const warnings = await dataWarnings(query, presence, { today, days: options.retentionDays });
    const blind = warnings.find(({ code }) => blinding.has(code));
    if (blind !== undefined) return { state: 'unknown', reason: blind.message };
    const { totals } = await withKnownComparisons(loader, presence).load(query);
    const found = isRelative ? totals.compared?.relativeChange[measure] : totals[measure];
    const isSum = catalogueOf(model).isSum(measure);
    const value = found === undefined && isSum && !isRelative ? 0 : found;
    if (value === undefined || value === null)
      return { state: 'unknown', reason: `${fieldOf(measure)} has no value: ${whyNull(isRelative)}` };
    return {
      state: holds(comparison, value, threshold) ? 'firing' : 'ok',
      value,
      range: { from: formatDay(range.from), to: formatDay(range.to) },
    };
  };
}

function holds(comparison: Alert['comparison'], value: number, threshold: number): boolean {
  switch (comparison) {
    case 'above':
    case 'rises_by':
      return value > threshold;
    case 'below':
      return value < threshold;
    case 'falls_by':
      return value < -threshold;
    default:
      return comparison satisfies never;
  }
}

const whyNull = (isRelative: boolean): string =>
  isRelative
    ? 'there is nothing to compare to, the figure before was zero, or money of it has no exchange rate.'
    : 'it divides by zero, money is of several currencies, or an exchange rate is missing.';
