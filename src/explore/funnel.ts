import { emptyQuery, type MetricsQuery, type MetricsRow } from '../metrics/query.ts';
import type { DimensionName } from '../metrics/registry.ts';
import type { MoneyScope } from './money.ts';

/** The steps in order, each with its measure. */
const funnelSteps = {
  impression: 'impressions',
  click: 'clicks',
  lead: 'leads',
  opportunity: 'opportunities',
  won: 'closedWon',
} as const;
export type FunnelStepName = keyof typeof funnelSteps;
export const funnelStepNames = Object.keys(funnelSteps) as readonly FunnelStepName[];

export interface FunnelStep {
  readonly step: FunnelStepName;
  readonly count: number;
  /** Null for the first step, and if the previous step counts 0. */
  readonly stepConversion: number | null;
  /** Null if the first step counts 0. */
  readonly overallConversion: number | null;
  /** Null if the step counts 0, and if cost is null or not asked for. */
  readonly costPer: number | null;
}

export interface Funnel {
  readonly value: string | null;
  readonly steps: readonly FunnelStep[];
}

const order = (by: MetricsQuery['measures'][number]) => ({ by, of: 'current', direction: 'desc' }) as const;

/** Orders by most impressions, then most clicks, then most leads. */
export function funnelQuery(
  scope: MoneyScope,
  by: DimensionName | undefined,
  limit: number,
  wantsCost: boolean,
): MetricsQuery {
  return {
    ...emptyQuery,
    ...scope,
    groupBy: by === undefined ? [] : [by],
    orderBy: by === undefined ? [] : [order('impressions'), order('clicks'), order('leads')],
    limit,
    measures: [...(wantsCost ? (['cost'] as const) : []), ...Object.values(funnelSteps)],
  };
}

export function readFunnel(row: MetricsRow, by: DimensionName | undefined): Funnel {
  const counts = funnelStepNames.map((step) => row[funnelSteps[step]] ?? 0);
  const share = (count: number, of: number | undefined) => (of === undefined || of === 0 ? null : count / of);
  return {
    value: by === undefined ? null : (row[by] ?? null),
    steps: funnelStepNames.map((step, index) => {
      const count = counts[index] ?? 0;
      return {
        step,
        count,
        stepConversion: share(count, counts[index - 1]),
        overallConversion: share(count, counts[0]),
        costPer: typeof row.cost === 'number' ? share(row.cost, count) : null,
      };
    }),
  };
}
