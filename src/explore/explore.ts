import DataLoader from 'dataloader';
import type { Store } from '../clickhouse/store.ts';
import type { RunReads } from '../ingest/runs/run-reads.ts';
import type { DataScope } from '../metrics/data-scope.ts';
import type { MetricsLoader } from '../metrics/loader.ts';
import type { Source } from '../sources/source.ts';
import { type Campaign, campaignRow, campaignsByIdStatement } from './campaigns.ts';
import { createFeedWarnings, type FeedWarnings } from './feed-warnings.ts';
import { createPerformance, type Performance } from './performance.ts';
import { createReader, type Reader } from './reader.ts';

/** The readers for the explore fields of one request. */
export interface Explore {
  readonly reader: Reader;
  readonly feedWarnings: FeedWarnings;
  /** Measures of campaigns and channels. */
  readonly performance: Performance;
  /** Loads a campaign over all stored days by its id; null if there is none. */
  readonly campaigns: DataLoader<string, Campaign | null>;
}

export function createExplore(options: {
  store: Pick<Store, 'read'>;
  metrics: MetricsLoader;
  /** What the caller may see. */
  scope: DataScope;
  runs: Pick<RunReads, 'list'>;
  /** Those of the workspace. */
  sources: readonly Source[];
  now: () => number;
}): Explore {
  const { metrics, scope, runs, sources, now } = options;
  const reader = createReader(options.store);
  return {
    reader,
    feedWarnings: createFeedWarnings({ reader, runs, scope, sources, now }),
    performance: createPerformance(metrics, scope),
    campaigns: new DataLoader<string, Campaign | null>(async (ids) => {
      const rows = await reader.rows(campaignRow, campaignsByIdStatement(scope, ids));
      const byId = new Map(rows.map((campaign) => [campaign.value, campaign]));
      return ids.map((id) => byId.get(id) ?? null);
    }),
  };
}
