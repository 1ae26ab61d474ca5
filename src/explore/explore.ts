import DataLoader from 'dataloader';
import type { Queries } from '../admission/admission.ts';
import type { Store } from '../clickhouse/store.ts';
import type { DataScope } from '../metrics/data-scope.ts';
import type { MetricsLoader } from '../metrics/loader.ts';
import { type Campaign, campaignRow, campaignsByIdStatement } from './campaigns.ts';
import { createPerformance, type Performance } from './performance.ts';
import { createReader, type Reader } from './reader.ts';

/** What the exploring fields of one request read with. */
export interface Explore {
  readonly reader: Reader;
  /** Measures of campaigns and channels. */
  readonly performance: Performance;
  /** A campaign over all stored days, by its id; null when there is none. */
  readonly campaigns: DataLoader<string, Campaign | null>;
}

export function createExplore(options: {
  store: Store;
  metrics: MetricsLoader;
  /** What its caller may see. */
  scope: DataScope;
  queries: Queries;
}): Explore {
  const { metrics, scope } = options;
  const reader = createReader(options);
  return {
    reader,
    performance: createPerformance(metrics, scope),
    campaigns: new DataLoader<string, Campaign | null>(async (ids) => {
      const rows = await reader.rows(campaignRow, campaignsByIdStatement(scope, ids));
      const byId = new Map(rows.map((campaign) => [campaign.value, campaign]));
      return ids.map((id) => byId.get(id) ?? null);
    }),
  };
}
