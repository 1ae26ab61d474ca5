import type { Store } from '../clickhouse/store.ts';
import { withAbortSignal, wrapStore } from '../clickhouse/wrap-store.ts';
import { badInput, UtmqlError } from '../errors.ts';
import { createConversions } from '../metrics/currency/conversions.ts';
import type { ExchangeRates } from '../metrics/currency/exchange-rates.ts';
import { createMetricsLoader } from '../metrics/loader.ts';
import { catalogueOf, type Model } from '../metrics/model.ts';
import { emptyQuery, type MetricsRow } from '../metrics/query.ts';
import { fieldOf, type MeasureName } from '../metrics/registry.ts';
import type { ExportFigures, ExportRow } from './pages.ts';
import type { ExportQuestion } from './question.ts';

/** All rows of an export are held until they are sent. */
export const maxExportRows = 50_000;

/** Who reads, and until when. */
interface FiguresCall {
  readonly workspace: string;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/** Reads the figures of a question, by one statement. */
export type ReadFigures = (question: ExportQuestion, call: FiguresCall) => Promise<ExportFigures>;

/**
 * @param options.model asked for each time
 * @returns a function that throws BAD_USER_INPUT for more than `maxExportRows` rows, FIGURE_TOO_LARGE, and what `metrics` throws
 */
export function createReadFigures(options: {
  store: Store;
  rates: ExchangeRates;
  model: () => Model | undefined;
  reportingCurrency: string;
}): ReadFigures {
  const { rates, reportingCurrency } = options;
  return async ({ range, groupBy, measures }, { workspace, requestId, signal }) => {
    const model = options.model();
    const requester = { workspace, requestId };
    const conversion = await createConversions({ rates, requester, reportingCurrency }).into(undefined);
    const store = wrapStore(withAbortSignal(options.store, signal), {
      read: (call, next) => next({ requestId, ...call }),
    });
    const { rows, totals, hasNextPage } = await createMetricsLoader(store).load({
      ...emptyQuery,
      workspace,
      policy: undefined,
      model,
      range,
      groupBy,
      measures,
      limit: maxExportRows,
      wants: { rows: true, totals: true, totalCount: false },
      conversion,
    });
    if (hasNextPage)
      throw badInput(
        `The export has more than ${maxExportRows} rows; choose fewer days, or fewer dimensions in groupBy.`,
      );
    const figure = (row: MetricsRow, name: MeasureName): number | null => {
      const { isSum, describe } = catalogueOf(model);
      const value = row[name];
      if (value === undefined) return isSum(name) ? 0 : null;
      if (value !== null && describe(name).unit === 'count' && !Number.isSafeInteger(value))
        throw new UtmqlError(
          'FIGURE_TOO_LARGE',
          `${fieldOf(name)} is beyond 2^53, where a JSON number loses digits; export fewer days, or mend the feed.`,
        );
      return value;
    };
    const figuresOf = (row: MetricsRow): ExportRow =>
      Object.fromEntries(measures.map((name) => [fieldOf(name), figure(row, name)]));
    return {
      rows: rows.map((row) => ({
        ...Object.fromEntries(groupBy.map((name) => [fieldOf(name), row[name] ?? null])),
        ...figuresOf(row),
      })),
      totals: figuresOf(totals),
      currency: conversion?.currency ?? null,
    };
  };
}
